// The groups of one partition of __consumer_offsets: one mutex, one log, one order of events.
//
// A request is decided under the mutex and its records are appended under it, so that the log has
// the order of the decisions. Answers that depend on records wait in a queue until these are
// durable and are given in the order of the appends. Thread-safe. Callbacks run without the mutex.
// The journal's thread never waits for the mutex here: its news go through a small queue that
// whoever holds the mutex empties; else a full journal, with an append waiting for room under the
// mutex, would wait for itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/error.h"
#include "coordinator/group/decision.h"
#include "coordinator/group/group.h"
#include "coordinator/group_coordinator.h"
#include "coordinator/options.h"
#include "log/env/env.h"
#include "log/partition.h"

namespace orloj::coordinator {

class GroupShard : public std::enable_shared_from_this<GroupShard> {
 public:
  enum class IfAbsent : std::uint8_t { kRefuse, kCreate };
  // Runs under the mutex. `group` is null when there is none and none is to be created.
  using Operation = std::function<void(Group* group, const Now&, Decision&)>;
  using Look = std::function<void(const Group* group)>;

  // `options` and `groups_total` (of all shards) outlive the shard.
  GroupShard(log::Env env, const GroupOptions& options, std::shared_ptr<log::Partition> partition,
             std::atomic<std::int64_t>& groups_total);

  // Reads the partition; drops the offsets of topics that do not exist: a crash came between a
  // deletion and its tombstones. Blocking; once, before anything else succeeds.
  Status load(const GroupCoordinator::TopicExists& topic_exists);
  void stop();

  // kNone: the operation ran. Else it did not: kCoordinatorLoadInProgress, kCoordinatorNotAvailable
  // (failed or stopped), kGroupMaxSizeReached (groups_max).
  GroupError run(const std::string& group_id, IfAbsent if_absent, const Operation& operation);
  GroupError look(std::string_view group_id, const Look& look);
  GroupError look_at_all(const Look& look);  // never null
  void for_each(const Operation& operation);

  void tick();
  std::int64_t next_deadline_boot_ms() const { return next_deadline_boot_ms_.load(); }
  void add_to(GroupCoordinatorStats& stats);

 private:
  enum class State : std::uint8_t { kLoading, kReady, kFailed, kStopped };
  struct Entry {
    Entry(std::string id, const GroupOptions& options, const Now& now)
        : group(std::move(id), options, now) {}
    Group group;
    int in_flight = 0;                         // appends that are not told yet
    std::int64_t registered_boot_ms = kNever;  // in deadlines_
  };
  using EntryPtr = std::shared_ptr<Entry>;
  struct PendingAppend {
    EntryPtr entry;
    std::vector<Decision::Stored> stored;
    std::optional<GroupError> result;
  };
  struct Wait {
    std::uint64_t append_id = 0;
    log::DurableTarget target;
  };
  // What is left to do once the mutex is released.
  struct After {
    std::vector<Decision::Answer> answers;
    std::vector<Wait> waits;
  };

  Now now() const;
  GroupError state_error() const;
  EntryPtr find_or_create(const std::string& group_id, IfAbsent if_absent, GroupError& error);
  Status apply(std::string_view key, std::optional<std::string_view> value);
  void settle(const EntryPtr& entry, Decision decision, After& after);
  GroupError append(const std::vector<GroupRecord>& records,
                    std::optional<log::DurableTarget>& target);
  void tell_stored(After& after);
  void take_acknowledgements();
  void tidy(const EntryPtr& entry);
  void publish_deadline();
  void give(const After& after);
  void finish(const After& after);  // behind every release of the mutex
  void on_acknowledged(std::uint64_t append_id, const log::Status& status);
  void pump();
  void expire_all(After& after);

  const log::Env env_;
  const GroupOptions& options_;
  const std::shared_ptr<log::Partition> partition_;
  std::atomic<std::int64_t>& groups_total_;

  std::mutex mutex_;
  State state_ = State::kLoading;
  std::map<std::string, EntryPtr, std::less<>> groups_;
  std::set<std::pair<std::int64_t, std::string>> deadlines_;
  std::deque<PendingAppend> pending_;
  std::uint64_t first_pending_id_ = 0;
  std::int64_t next_retention_boot_ms_ = kNever;
  std::int64_t rebalances_of_dropped_ = 0;
  std::int64_t expired_offsets_total_ = 0;

  std::mutex acknowledged_mutex_;  // taken last, held for a push or a swap
  std::vector<std::pair<std::uint64_t, GroupError>> acknowledged_;
  std::atomic<std::int64_t> next_deadline_boot_ms_{kNever};
};

}  // namespace orloj::coordinator
