#include "coordinator/local_metadata_store.h"

#include <gtest/gtest.h>

#include "log/kv/memory_kv_store.h"
#include "tests/support/temp_dir.h"

namespace orloj::coordinator {
namespace {

// A store on a disk that stops taking writes.
class FailingKvStore : public log::KvStore {
 public:
  explicit FailingKvStore(bool* fails) : fails_(fails), kv_(log::make_memory_kv_store()) {}
  log::Result<std::optional<std::string>> get(std::string_view key) const override {
    return kv_->get(key);
  }
  log::Status write(const log::KvBatch& batch, log::KvSync sync) override {
    if (*fails_) return log::Error{log::ErrorCode::kIo, "disk gone"};
    return kv_->write(batch, sync);
  }
  log::Status scan(const log::KvRange& range, const Visitor& visit) const override {
    return kv_->scan(range, visit);
  }
  log::Status flush() override { return kv_->flush(); }

 private:
  bool* fails_;
  std::unique_ptr<log::KvStore> kv_;
};

class LocalMetadataStoreTest : public testing::Test {
 protected:
  LocalMetadataStoreTest() { options_.metadata_dir = directory_.file("metadata"); }
  std::unique_ptr<LocalMetadataStore> open() { return LocalMetadataStore::open(options_).value(); }

  test::TempDir directory_;
  CoordinatorOptions options_;
};

TEST_F(LocalMetadataStoreTest, Reopen_FindsValuesAndRevisions) {
  auto store = open();
  const Revision revision = store->commit({{}, {{"a", "1"}, {"b", "2"}}}).value();
  store->commit({{}, {{"b", std::nullopt}}}).value();
  store.reset();
  store = open();
  EXPECT_EQ(store->get("a").value()->value, "1");
  EXPECT_EQ(store->get("a").value()->revision, revision);
  EXPECT_FALSE(store->get("b").value().has_value());
  EXPECT_EQ(store->range({}).value().revision, revision + 1);
}

TEST_F(LocalMetadataStoreTest, Leases_EndWithTheProcess) {
  auto store = open();
  const LeaseId lease = store->grant_lease(1000).value();
  store->commit({{}, {{"bound", "1", lease}, {"free", "1"}}}).value();
  store.reset();
  store = open();
  EXPECT_FALSE(store->get("bound").value().has_value());
  EXPECT_TRUE(store->get("free").value().has_value());
  EXPECT_EQ(store->keep_alive(lease).error().code, ErrorCode::kConflict);
}

TEST_F(LocalMetadataStoreTest, SecondOpen_IsRefused) {
  const auto store = open();
  const auto second = LocalMetadataStore::open(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kStore);
}

TEST_F(LocalMetadataStoreTest, Commit_AfterAFailedWrite_IsRefusedForGood) {
  bool fails = false;
  auto store = LocalMetadataStore::open(std::make_unique<FailingKvStore>(&fails), options_).value();
  store->commit({{}, {{"a", "1"}}}).value();
  fails = true;
  EXPECT_EQ(store->commit({{}, {{"a", "2"}}}).error().code, ErrorCode::kStore);
  fails = false;
  EXPECT_EQ(store->commit({{}, {{"a", "3"}}}).error().code, ErrorCode::kStore);
  EXPECT_EQ(store->get("a").value()->value, "1");
}

TEST_F(LocalMetadataStoreTest, NewerFormatOrDamage_IsRefused) {
  auto newer = log::make_memory_kv_store();
  log::KvBatch batch;
  batch.put("f", std::string("\0\0\0\2", 4));
  ASSERT_TRUE(newer->write(batch, log::KvSync::kNone));
  EXPECT_EQ(LocalMetadataStore::open(std::move(newer), options_).error().code,
            ErrorCode::kUnsupportedFormat);
  auto damaged = log::make_memory_kv_store();
  log::KvBatch bad;
  bad.put("kname", "short");
  ASSERT_TRUE(damaged->write(bad, log::KvSync::kNone));
  EXPECT_EQ(LocalMetadataStore::open(std::move(damaged), options_).error().code,
            ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace orloj::coordinator
