// What the embedded stores share: the whole map in memory, revisions, watches and leases. A back
// end adds how a commit is made durable.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "coordinator/metadata_store.h"
#include "coordinator/options.h"

namespace orloj::coordinator {

class EmbeddedMetadataStore : public MetadataStore {
 public:
  Result<std::optional<KeyValue>> get(std::string_view key) const override;
  Result<RangeResult> range(const RangeRequest& request) const override;
  Result<Revision> commit(const Transaction& transaction) override;
  Result<std::unique_ptr<Watch>> watch(std::string prefix, Revision after,
                                       std::function<void(const WatchEvent&)> on_event) override;
  Result<LeaseId> grant_lease(std::int64_t ttl_ms) override;
  Status keep_alive(LeaseId lease) override;
  Status revoke_lease(LeaseId lease) override;

 protected:
  struct Entry {
    std::string value;
    Revision revision = 0;
    LeaseId lease = kNoLease;
  };
  struct EntryChange {
    std::string key;
    std::optional<Entry> entry;  // nullopt: deleted
  };

  explicit EmbeddedMetadataStore(const CoordinatorOptions& options);

  // Fills the map; then drops the keys of leases that ended with the last process. Before use.
  Status restore(std::map<std::string, Entry, std::less<>> entries, Revision revision);

  // Makes one commit durable, whole or not at all. One at a time.
  virtual Status persist(const std::vector<EntryChange>& changes, Revision revision) = 0;

 private:
  class Hub;
  class HubWatch;

  Status check_limits(const Transaction& transaction) const;
  Status check_compares(const std::vector<Compare>& compares) const;
  Result<Revision> commit_locked(const Transaction& transaction);

  const std::size_t keys_max_;
  const std::size_t value_max_bytes_;
  // Held for a whole commit. Taken before mutex_, which readers take too.
  std::mutex commit_mutex_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  Revision revision_ = 0;
  std::set<LeaseId> leases_;
  LeaseId last_lease_ = kNoLease;
  std::optional<Error> failure_;  // of an earlier persist: nothing more is accepted
  std::shared_ptr<Hub> hub_;
};

}  // namespace orloj::coordinator
