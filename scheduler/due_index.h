// What is pending, by due instant, on disk: derived from the schedule logs, may be deleted at any
// time (log-protocol §9).
//
// For each partition and minute two lists, written in packs: entries that were added and entries
// that are done; pending is their difference. A finished minute is deleted whole. A header holds
// the schedule-log position up to which all of this is true; it is written together with the packs.
// Thread-safe as far as the store is: calls for one partition come from one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/kv/kv_store.h"
#include "log/types.h"
#include "scheduler/entry_format.h"
#include "scheduler/error.h"

namespace orloj::scheduler {

inline constexpr std::int64_t kBucketMs = 60'000;

inline std::int64_t bucket_of(std::int64_t due_ms) {
  return due_ms / kBucketMs;
}

struct IndexedEntry {
  std::int64_t due_ms = 0;
  EntryNumber entry = 0;
  log::Offset place = 0;  // schedule-log offset of the ADD or of the last COPY
  auto operator<=>(const IndexedEntry&) const = default;
};

struct IndexHeader {
  log::Offset start = 0;     // schedule-log offset at which this index began
  log::Offset position = 0;  // everything below is in the index
  std::int64_t pending = 0;
  log::Offset done_position = 0;  // no firing below it in the data log waits for its DONE
  bool operator==(const IndexHeader&) const = default;
};

struct IndexChanges {
  std::vector<IndexedEntry> added;
  std::vector<IndexedEntry> done;  // place does not matter
  std::vector<std::int64_t> finished_buckets;
  IndexHeader header;
};

struct LoadRequest {
  std::int64_t from_ms = 0;
  std::int64_t below_ms = 0;
  std::size_t entries_max = 0;  // passed only when one millisecond holds more
};

struct Loaded {
  std::vector<IndexedEntry> entries;  // in order; the last place of each
  std::vector<std::int64_t> buckets;  // that were looked at
  std::int64_t below_ms = 0;          // everything due before this is in `entries`
};

class DueIndex {
 public:
  // A store that cannot be read, or of another version, is deleted and begun anew.
  static Result<std::unique_ptr<DueIndex>> open(const std::string& directory);
  // For tests.
  explicit DueIndex(std::unique_ptr<log::KvStore> store) : store_(std::move(store)) {}

  // nullopt: not indexed yet, or unreadable: rebuild.
  Result<std::optional<IndexHeader>> header(const log::PartitionId& id) const;
  Status clear(const log::PartitionId& id);
  // All of it or nothing.
  Status write(const std::vector<std::pair<log::PartitionId, IndexChanges>>& changes);
  // kCorrupt when what is stored does not decode: rebuild.
  Result<Loaded> load(const log::PartitionId& id, const LoadRequest& request) const;
  // The first minute at or after `bucket` that has entries added; done or not.
  Result<std::optional<std::int64_t>> next_bucket(const log::PartitionId& id,
                                                  std::int64_t bucket) const;
  // Makes what was written survive kill -9 and power cuts.
  Status flush();

 private:
  Status load_bucket(const log::PartitionId& id, std::int64_t bucket, const LoadRequest& request,
                     Loaded& loaded) const;

  std::unique_ptr<log::KvStore> store_;
};

}  // namespace orloj::scheduler
