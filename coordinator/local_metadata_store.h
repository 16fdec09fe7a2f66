// The metadata store of a single node: an ordered key-value store on disk with a synced log.
//
// Format 1 in the key-value store: "f" → format; "r" → revision, 8 bytes; "k" + key → revision and
// lease, 8 bytes each, then the value. Big-endian.
#pragma once

#include <memory>

#include "coordinator/embedded_metadata_store.h"
#include "coordinator/error.h"
#include "coordinator/options.h"
#include "log/kv/kv_store.h"

namespace orloj::coordinator {

class LocalMetadataStore : public EmbeddedMetadataStore {
 public:
  // Opens or makes the store in options.metadata_dir. Errors: kStore (locked, damaged, disk),
  // kCorrupt, kUnsupportedFormat.
  static Result<std::unique_ptr<LocalMetadataStore>> open(const CoordinatorOptions& options);
  // Over any key-value store, for tests.
  static Result<std::unique_ptr<LocalMetadataStore>> open(std::unique_ptr<log::KvStore> kv,
                                                          const CoordinatorOptions& options);

 private:
  LocalMetadataStore(std::unique_ptr<log::KvStore> kv, const CoordinatorOptions& options);

  Status load();
  Status check_format();
  Status persist(const std::vector<EntryChange>& changes, Revision revision) override;

  std::unique_ptr<log::KvStore> kv_;
};

}  // namespace orloj::coordinator
