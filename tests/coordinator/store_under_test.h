// The metadata stores that share one conformance test.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/local_metadata_store.h"
#include "coordinator/memory_metadata_store.h"
#include "coordinator/metadata_store.h"
#include "coordinator/options.h"
#include "tests/support/temp_dir.h"

namespace orloj::coordinator {

class StoreHolder {
 public:
  virtual ~StoreHolder() = default;
  virtual MetadataStore& store() = 0;
  // Closes and opens a durable store; nothing for one that keeps nothing.
  virtual void reopen() = 0;
};

struct StoreUnderTest {
  std::string name;
  std::function<std::unique_ptr<StoreHolder>(const CoordinatorOptions&)> make;
};

class MemoryHolder : public StoreHolder {
 public:
  explicit MemoryHolder(const CoordinatorOptions& options) : store_(options) {}
  MetadataStore& store() override { return store_; }
  void reopen() override {}

 private:
  MemoryMetadataStore store_;
};

class LocalHolder : public StoreHolder {
 public:
  explicit LocalHolder(CoordinatorOptions options) : options_(std::move(options)) {
    options_.metadata_dir = directory_.file("metadata");
    reopen();
  }
  MetadataStore& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    store_ = LocalMetadataStore::open(options_).value();
  }

 private:
  test::TempDir directory_;
  CoordinatorOptions options_;
  std::unique_ptr<LocalMetadataStore> store_;
};

inline std::vector<StoreUnderTest> stores_under_test() {
  return {
      {"Memory",
       [](const CoordinatorOptions& options) { return std::make_unique<MemoryHolder>(options); }},
      {"Local",
       [](const CoordinatorOptions& options) { return std::make_unique<LocalHolder>(options); }}};
}

}  // namespace orloj::coordinator
