#include "coordinator/embedded_metadata_store.h"

#include <algorithm>

namespace orloj::coordinator {

std::string end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

// Events kept for late watches, and the watches. Outlives the store while a Watch exists.
class EmbeddedMetadataStore::Hub {
 public:
  using OnEvent = std::function<void(const WatchEvent&)>;
  struct Watcher {
    std::string prefix;
    Revision after;
    OnEvent on_event;
  };

  explicit Hub(std::size_t kept_max) : kept_max_(kept_max) {}

  void restart(Revision revision) {
    const std::lock_guard lock(mutex_);
    forgotten_ = revision;
  }

  Result<std::uint64_t> add(std::string prefix, Revision after, OnEvent on_event) {
    const std::lock_guard lock(mutex_);
    if (after < forgotten_) {
      return Error{ErrorCode::kCompacted,
                   "watch from revision " + std::to_string(after) + ": events up to revision " +
                       std::to_string(forgotten_) + " are forgotten; read the range first"};
    }
    for (const auto& event : kept_) {
      if (event.revision > after && event.key.starts_with(prefix)) on_event(event);
    }
    watchers_.emplace(++last_id_, Watcher{std::move(prefix), after, std::move(on_event)});
    return last_id_;
  }

  void remove(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    watchers_.erase(id);
  }

  void publish(std::vector<WatchEvent> events) {
    const std::lock_guard lock(mutex_);
    for (auto& event : events) {
      for (const auto& [id, watcher] : watchers_) {
        // A watch that joined between the commit and here knows this revision from its range.
        if (event.revision <= watcher.after) continue;
        if (event.key.starts_with(watcher.prefix)) watcher.on_event(event);
      }
      kept_.push_back(std::move(event));
    }
    while (kept_.size() > kept_max_) {
      forgotten_ = kept_.front().revision;
      kept_.pop_front();
    }
  }

 private:
  std::mutex mutex_;
  const std::size_t kept_max_;
  std::deque<WatchEvent> kept_;
  Revision forgotten_ = 0;
  std::map<std::uint64_t, Watcher> watchers_;
  std::uint64_t last_id_ = 0;
};

class EmbeddedMetadataStore::HubWatch : public Watch {
 public:
  HubWatch(std::shared_ptr<Hub> hub, std::uint64_t id) : hub_(std::move(hub)), id_(id) {}
  ~HubWatch() override { hub_->remove(id_); }

 private:
  std::shared_ptr<Hub> hub_;
  std::uint64_t id_;
};

EmbeddedMetadataStore::EmbeddedMetadataStore(const CoordinatorOptions& options)
    : keys_max_(static_cast<std::size_t>(options.transaction_keys_max)),
      value_max_bytes_(static_cast<std::size_t>(options.metadata_value_max_bytes)),
      hub_(std::make_shared<Hub>(static_cast<std::size_t>(options.watch_history_events_max))) {
}

Status EmbeddedMetadataStore::restore(std::map<std::string, Entry, std::less<>> entries,
                                      Revision revision) {
  Transaction ended;
  for (const auto& [key, entry] : entries) {
    if (entry.lease != kNoLease) ended.writes.push_back({key, std::nullopt, kNoLease});
  }
  const std::lock_guard commit_lock(commit_mutex_);
  {
    const std::lock_guard lock(mutex_);
    entries_ = std::move(entries);
    revision_ = revision;
    hub_->restart(revision);
  }
  if (ended.writes.empty()) return {};
  const auto committed = commit_locked(ended);
  if (!committed) return committed.error();
  return {};
}

Result<std::optional<KeyValue>> EmbeddedMetadataStore::get(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::optional<KeyValue>{};
  return std::optional(KeyValue{found->first, found->second.value, found->second.revision});
}

Result<RangeResult> EmbeddedMetadataStore::range(const RangeRequest& request) const {
  const std::lock_guard lock(mutex_);
  RangeResult result;
  result.revision = revision_;
  for (auto at = entries_.lower_bound(request.from); at != entries_.end(); ++at) {
    if (!request.to.empty() && at->first >= request.to) break;
    if (request.limit != 0 && result.entries.size() == request.limit) {
      result.more = true;
      break;
    }
    result.entries.push_back({at->first, at->second.value, at->second.revision});
  }
  return result;
}

Status EmbeddedMetadataStore::check_limits(const Transaction& transaction) const {
  const std::size_t keys = transaction.compares.size() + transaction.writes.size();
  if (keys > keys_max_) {
    return Error{ErrorCode::kTooLarge, "metadata write of " + std::to_string(keys) +
                                           " keys; transaction_keys_max is " +
                                           std::to_string(keys_max_)};
  }
  std::set<std::string_view> seen;
  for (const auto& write : transaction.writes) {
    if (write.value && write.value->size() > value_max_bytes_) {
      return Error{ErrorCode::kTooLarge, "metadata value of " + write.key + " has " +
                                             std::to_string(write.value->size()) +
                                             " bytes; metadata_value_max_bytes is " +
                                             std::to_string(value_max_bytes_)};
    }
    if (!seen.insert(write.key).second) {
      return Error{ErrorCode::kConflict, "metadata key " + write.key + " is written twice"};
    }
    if (write.lease != kNoLease && !leases_.contains(write.lease)) {
      return Error{ErrorCode::kConflict,
                   "lease " + std::to_string(write.lease) + " of " + write.key + " has ended"};
    }
  }
  return {};
}

Status EmbeddedMetadataStore::check_compares(const std::vector<Compare>& compares) const {
  for (const auto& compare : compares) {
    const auto found = entries_.find(compare.key);
    const Revision actual = found == entries_.end() ? 0 : found->second.revision;
    if (actual != compare.revision) {
      return Error{ErrorCode::kConflict, "metadata key " + compare.key + " is at revision " +
                                             std::to_string(actual) + ", not " +
                                             std::to_string(compare.revision)};
    }
  }
  return {};
}

Result<Revision> EmbeddedMetadataStore::commit(const Transaction& transaction) {
  const std::lock_guard commit_lock(commit_mutex_);
  return commit_locked(transaction);
}

// commit_mutex_ is held: entries_, revision_ and leases_ do not change but by this thread.
Result<Revision> EmbeddedMetadataStore::commit_locked(const Transaction& transaction) {
  if (failure_) return *failure_;
  if (Status within = check_limits(transaction); !within) return within.error();
  if (Status equal = check_compares(transaction.compares); !equal) return equal.error();
  const Revision revision = revision_ + 1;
  std::vector<EntryChange> changes;
  std::vector<WatchEvent> events;
  for (const auto& write : transaction.writes) {
    EntryChange change{write.key, std::nullopt};
    if (write.value) change.entry = Entry{*write.value, revision, write.lease};
    if (write.value || entries_.contains(write.key)) {
      events.push_back({write.key, write.value, revision});
      changes.push_back(std::move(change));
    }
  }
  if (Status durable = persist(changes, revision); !durable) {
    failure_ = durable.error();
    return *failure_;
  }
  {
    const std::lock_guard lock(mutex_);
    for (auto& change : changes) {
      if (change.entry) {
        entries_.insert_or_assign(change.key, std::move(*change.entry));
      } else {
        entries_.erase(change.key);
      }
    }
    revision_ = revision;
  }
  hub_->publish(std::move(events));
  return revision;
}

Result<std::unique_ptr<Watch>> EmbeddedMetadataStore::watch(
    std::string prefix, Revision after, std::function<void(const WatchEvent&)> on_event) {
  const auto id = hub_->add(std::move(prefix), after, std::move(on_event));
  if (!id) return id.error();
  return std::unique_ptr<Watch>(std::make_unique<HubWatch>(hub_, *id));
}

Result<LeaseId> EmbeddedMetadataStore::grant_lease(std::int64_t) {
  const std::lock_guard commit_lock(commit_mutex_);
  leases_.insert(++last_lease_);
  return last_lease_;
}

Status EmbeddedMetadataStore::keep_alive(LeaseId lease) {
  const std::lock_guard commit_lock(commit_mutex_);
  if (leases_.contains(lease)) return {};
  return Error{ErrorCode::kConflict, "lease " + std::to_string(lease) + " has ended"};
}

Status EmbeddedMetadataStore::revoke_lease(LeaseId lease) {
  const std::lock_guard commit_lock(commit_mutex_);
  if (leases_.erase(lease) == 0) {
    return Error{ErrorCode::kConflict, "lease " + std::to_string(lease) + " has ended"};
  }
  Transaction ended;
  for (const auto& [key, entry] : entries_) {
    if (entry.lease == lease) ended.writes.push_back({key, std::nullopt, kNoLease});
  }
  if (ended.writes.empty()) return {};
  const auto committed = commit_locked(ended);
  if (!committed) return committed.error();
  return {};
}

}  // namespace orloj::coordinator
