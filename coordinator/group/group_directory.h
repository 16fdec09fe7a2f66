// Which shard serves a group: opens __consumer_offsets, makes it on first use, loads its partitions
// and keeps the shards.
//
// Thread-safe. One thread of its own does what blocks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "coordinator/group/group_shard.h"
#include "coordinator/group/group_types.h"
#include "coordinator/group_coordinator.h"
#include "coordinator/options.h"
#include "log/env/env.h"

namespace orloj::coordinator {

class GroupDirectory {
 public:
  using IfMissing = GroupCoordinator::IfMissing;
  using Shards = std::vector<std::shared_ptr<GroupShard>>;

  // `options` outlives the directory.
  GroupDirectory(log::Env env, const GroupOptions& options,
                 GroupCoordinator::Surroundings surroundings);
  ~GroupDirectory();

  // As in GroupCoordinator.
  void start();
  void stop();
  void prepare(std::function<void(GroupError)> done);
  std::int32_t partition_for(std::string_view group_id) const;

  std::shared_ptr<const Shards> shards() const;  // null: there are none yet
  // The shard of a group; null: `error` says why not, and creation was asked for.
  std::shared_ptr<GroupShard> shard_of(std::string_view group_id, GroupError& error);
  // The same for those who only look: nothing is created; null with kNone: no group exists.
  std::shared_ptr<GroupShard> peek(std::string_view group_id, GroupError& error) const;

 private:
  using Waiters = std::vector<std::function<void(GroupError)>>;
  enum class State : std::uint8_t { kNew, kOpening, kAbsent, kServing, kStopped };

  void loader_main();
  void open_and_load(IfMissing if_missing);
  void load_shards(const Shards& fresh);
  void answer_waiters(GroupError error);
  void raise_alarm(const std::string& message) const {
    if (surroundings_.alarm) surroundings_.alarm(message);
  }

  const log::Env env_;
  const GroupOptions& options_;
  const GroupCoordinator::Surroundings surroundings_;
  std::atomic<std::int64_t> groups_total_{0};

  mutable std::mutex mutex_;  // never held across a call into a shard or a callback
  std::condition_variable wake_loader_;
  State state_ = State::kNew;
  bool create_wanted_ = false;
  bool loaded_ = false;
  Waiters waiters_;
  std::shared_ptr<const Shards> shards_;
  std::thread loader_;
};

}  // namespace orloj::coordinator
