// The small, ordered, durable map that holds what all brokers must agree on (design §5).
//
// One revision counter for the whole store: each commit raises it by one and stamps every key it
// writes. Back ends: embedded RocksDB with a synced log (local_metadata_store.h) and memory
// (memory_metadata_store.h); one conformance test runs over all. Keys are bytes, ordered as bytes.
// Thread-safe. Calls may block on the disk. Errors: kConflict, kTooLarge, kStore (the process must
// stop), kCorrupt.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/error.h"

namespace orloj::coordinator {

using Revision = std::int64_t;  // 0: before the first commit; also "the key does not exist"

struct KeyValue {
  std::string key;
  std::string value;
  Revision revision = 0;  // of the commit that wrote it last
};

struct RangeResult {
  std::vector<KeyValue> entries;  // in key order
  Revision revision = 0;          // of the store, at the moment of the read
  bool more = false;              // the limit cut the answer
};

struct RangeRequest {
  std::string from;       // inclusive
  std::string to;         // exclusive; empty: no end
  std::size_t limit = 0;  // 0: all
};

using LeaseId = std::int64_t;
inline constexpr LeaseId kNoLease = 0;

// The key must have been written last by exactly this revision; 0: must not exist.
struct Compare {
  std::string key;
  Revision revision = 0;
};

struct Write {
  std::string key;
  std::optional<std::string> value = std::nullopt;  // nullopt: delete
  LeaseId lease = kNoLease;                         // the key goes when the lease goes
};

// All compares hold and all writes happen, or nothing does. A key is written at most once.
struct Transaction {
  std::vector<Compare> compares;
  std::vector<Write> writes;
};

struct WatchEvent {
  std::string key;
  std::optional<std::string> value;  // nullopt: deleted
  Revision revision = 0;
};

// Stops the watch when destroyed; no callback runs after that.
class Watch {
 public:
  virtual ~Watch() = default;
};

class MetadataStore {
 public:
  virtual ~MetadataStore() = default;

  virtual Result<std::optional<KeyValue>> get(std::string_view key) const = 0;
  virtual Result<RangeResult> range(const RangeRequest& request) const = 0;

  // Durable before it returns; the answer is the new revision. kConflict when a compare fails: the
  // message names the key.
  virtual Result<Revision> commit(const Transaction& transaction) = 0;

  // Every event of keys that start with `prefix` in commits after `after`, in order, once each:
  // first those kept, then new ones as they are committed. Called on the committing thread, inside
  // the store's order: `on_event` must be quick and must not call the store.
  // kCompacted when `after` is older than the kept history: read the range, watch from its
  // revision.
  virtual Result<std::unique_ptr<Watch>> watch(std::string prefix, Revision after,
                                               std::function<void(const WatchEvent&)> on_event) = 0;

  // A lease vouches for the life of its holder: keys bound to it vanish when it ends. The embedded
  // stores live and die with their only client, so their leases never time out while the store is
  // open, and all are gone when it is opened again.
  virtual Result<LeaseId> grant_lease(std::int64_t ttl_ms) = 0;
  // kConflict: the lease has ended, its keys are gone.
  virtual Status keep_alive(LeaseId lease) = 0;
  virtual Status revoke_lease(LeaseId lease) = 0;
};

// First key after all keys that start with `prefix`; empty when there is none.
std::string end_of_prefix(std::string_view prefix);

}  // namespace orloj::coordinator
