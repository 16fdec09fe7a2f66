#include "coordinator/group/group_shard.h"

#include <algorithm>
#include <cassert>

#include "coordinator/group/group_batch.h"
#include "coordinator/group/group_records.h"

namespace orloj::coordinator {
namespace {

GroupError group_error(const log::Error& error) {
  switch (error.code) {
    case log::ErrorCode::kClosed:
      return GroupError::kNotCoordinator;
    case log::ErrorCode::kTooLarge:
      return GroupError::kUnknownServerError;
    default:
      return GroupError::kCoordinatorNotAvailable;
  }
}

}  // namespace

GroupShard::GroupShard(log::Env env, const GroupOptions& options,
                       std::shared_ptr<log::Partition> partition,
                       std::atomic<std::int64_t>& groups_total)
    : env_(env), options_(options), partition_(std::move(partition)), groups_total_(groups_total) {
}

Now GroupShard::now() const {
  return {env_.clock().boot_ms(), env_.clock().wall_ms()};
}

GroupError GroupShard::state_error() const {
  switch (state_) {
    case State::kReady:
      return GroupError::kNone;
    case State::kLoading:
      return GroupError::kCoordinatorLoadInProgress;
    case State::kFailed:
    case State::kStopped:
      return GroupError::kCoordinatorNotAvailable;
  }
  return GroupError::kUnknownServerError;
}

// Loading runs without the mutex: until kReady nobody else touches groups_.
Status GroupShard::load(const GroupCoordinator::TopicExists& topic_exists) {
  Status read =
      read_all(*partition_, [this](std::string_view key, auto value) { return apply(key, value); });
  After after;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kLoading) state_ = read ? State::kReady : State::kFailed;
    if (state_ == State::kReady) {
      const Now time = now();
      next_retention_boot_ms_ = time.boot_ms + options_.offsets_retention_check_interval_ms;
      std::vector<EntryPtr> loaded;
      for (const auto& [id, entry] : groups_) loaded.push_back(entry);
      groups_total_ += static_cast<std::int64_t>(loaded.size());
      for (const auto& entry : loaded) {
        Decision decision;
        entry->group.on_loaded(time, decision);
        entry->group.forget_unknown_topics(topic_exists, decision);
        settle(entry, std::move(decision), after);
      }
      publish_deadline();
    }
  }
  finish(after);
  return read;
}

Status GroupShard::apply(std::string_view key, std::optional<std::string_view> value) {
  const auto decoded = decode_key(key);
  if (!decoded) return decoded.error();
  const auto entry_of = [this](const std::string& id) -> Entry& {
    EntryPtr& entry = groups_[id];
    if (!entry) entry = std::make_shared<Entry>(id, options_, now());
    return *entry;
  };
  if (const auto* offset = std::get_if<OffsetKey>(&*decoded)) {
    if (!value) {
      const auto found = groups_.find(offset->group_id);
      if (found != groups_.end()) found->second->group.apply(*offset, std::nullopt);
      return {};
    }
    auto committed = decode_offset_value(*value);
    if (!committed) return committed.error();
    entry_of(offset->group_id).group.apply(*offset, std::move(*committed));
    return {};
  }
  const std::string& id = std::get<GroupKey>(*decoded).group_id;
  if (!value) {
    groups_.erase(id);  // the tombstones of its offsets came before
    return {};
  }
  const auto metadata = decode_group_value(*value);
  if (!metadata) return metadata.error();
  entry_of(id).group.apply(*metadata);
  return {};
}

void GroupShard::stop() {
  After after;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kStopped) return;
    const bool was_ready = state_ == State::kReady;
    state_ = State::kStopped;
    next_deadline_boot_ms_ = kNever;
    if (!was_ready) return;
    for (const auto& [id, entry] : groups_) {
      Decision decision;
      entry->group.close(decision);
      std::ranges::move(decision.answers, std::back_inserter(after.answers));
    }
    for (auto& append : pending_) {
      for (auto& stored : append.stored) {
        Decision decision;
        stored(GroupError::kCoordinatorNotAvailable, now(), decision);
        std::ranges::move(decision.answers, std::back_inserter(after.answers));
      }
    }
    pending_.clear();
  }
  for (const auto& answer : after.answers) answer();
}

GroupShard::EntryPtr GroupShard::find_or_create(const std::string& group_id, IfAbsent if_absent,
                                                GroupError& error) {
  const auto found = groups_.find(group_id);
  if (found != groups_.end()) return found->second;
  if (if_absent == IfAbsent::kRefuse) return nullptr;
  if (groups_total_.load() >= options_.groups_max) {
    error = GroupError::kGroupMaxSizeReached;
    return nullptr;
  }
  ++groups_total_;
  auto entry = std::make_shared<Entry>(group_id, options_, now());
  groups_.emplace(group_id, entry);
  return entry;
}

GroupError GroupShard::run(const std::string& group_id, IfAbsent if_absent,
                           const Operation& operation) {
  After after;
  GroupError error = GroupError::kNone;
  {
    const std::lock_guard lock(mutex_);
    EntryPtr entry;
    error = state_error();
    if (error == GroupError::kNone) entry = find_or_create(group_id, if_absent, error);
    if (error == GroupError::kNone) {
      Decision decision;
      operation(entry ? &entry->group : nullptr, now(), decision);
      settle(entry, std::move(decision), after);
      publish_deadline();
    }
  }
  finish(after);
  return error;
}

void GroupShard::for_each(const Operation& operation) {
  After after;
  {
    const std::lock_guard lock(mutex_);
    std::vector<EntryPtr> all;
    if (state_ == State::kReady) {
      for (const auto& [id, entry] : groups_) all.push_back(entry);
    }
    for (const auto& entry : all) {
      Decision decision;
      operation(&entry->group, now(), decision);
      settle(entry, std::move(decision), after);
    }
    if (state_ == State::kReady) publish_deadline();
  }
  finish(after);
}

GroupError GroupShard::look(std::string_view group_id, const Look& look) {
  GroupError error = GroupError::kNone;
  {
    const std::lock_guard lock(mutex_);
    error = state_error();
    if (error == GroupError::kNone) {
      const auto found = groups_.find(group_id);
      look(found == groups_.end() ? nullptr : &found->second->group);
    }
  }
  finish({});
  return error;
}

GroupError GroupShard::look_at_all(const Look& look) {
  GroupError error = GroupError::kNone;
  {
    const std::lock_guard lock(mutex_);
    error = state_error();
    if (error == GroupError::kNone) {
      for (const auto& [id, entry] : groups_) look(&entry->group);
    }
  }
  finish({});
  return error;
}

// Appends in as many batches as needed; the target is that of the last one.
GroupError GroupShard::append(const std::vector<GroupRecord>& records,
                              std::optional<log::DurableTarget>& target) {
  auto batches = make_batches(records, env_.clock().wall_ms(),
                              static_cast<std::size_t>(options_.record_batch_max_bytes));
  if (!batches) return GroupError::kUnknownServerError;
  for (auto& batch : *batches) {
    log::AppendRequest request;
    request.data = batch;
    request.origin = log::AppendOrigin::kCoordinator;
    const auto appended = partition_->append(request);
    if (!appended) return group_error(appended.error());
    target = appended->durable;
  }
  return GroupError::kNone;
}

void GroupShard::settle(const EntryPtr& entry, Decision decision, After& after) {
  std::ranges::move(decision.answers, std::back_inserter(after.answers));
  if (!decision.records.empty()) {
    assert(entry);
    PendingAppend pending{entry, std::move(decision.stored), std::nullopt};
    std::optional<log::DurableTarget> target;
    const GroupError error = append(decision.records, target);
    if (error == GroupError::kNone) {
      after.waits.push_back({first_pending_id_ + pending_.size(), *target});
    } else {
      pending.result = error;
    }
    ++entry->in_flight;
    pending_.push_back(std::move(pending));
    tell_stored(after);
  }
  if (entry) tidy(entry);
}

void GroupShard::tell_stored(After& after) {
  while (!pending_.empty() && pending_.front().result) {
    PendingAppend told = std::move(pending_.front());
    pending_.pop_front();
    ++first_pending_id_;
    --told.entry->in_flight;
    for (auto& stored : told.stored) {
      Decision next;
      stored(*told.result, now(), next);
      settle(told.entry, std::move(next), after);
    }
    tidy(told.entry);
  }
}

// Drops a group that is over or never began; else keeps its deadline.
void GroupShard::tidy(const EntryPtr& entry) {
  Group& group = entry->group;
  const auto found = groups_.find(group.id());
  if (found == groups_.end() || found->second != entry) return;
  const bool over = group.state() == GroupState::kDead || group.is_blank();
  const bool drop = over && entry->in_flight == 0;
  const std::int64_t deadline = drop ? kNever : group.next_deadline_boot_ms();
  if (deadline != entry->registered_boot_ms) {
    if (entry->registered_boot_ms != kNever) {
      deadlines_.erase({entry->registered_boot_ms, group.id()});
    }
    if (deadline != kNever) deadlines_.emplace(deadline, group.id());
    entry->registered_boot_ms = deadline;
  }
  if (!drop) return;
  rebalances_of_dropped_ += group.rebalances();
  --groups_total_;
  groups_.erase(found);
}

void GroupShard::publish_deadline() {
  std::int64_t next = next_retention_boot_ms_;
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
  next_deadline_boot_ms_ = next;
}

void GroupShard::give(const After& after) {
  for (const auto& [append_id, target] : after.waits) {
    partition_->when_acknowledged(
        target, [self = shared_from_this(), id = append_id](const log::Status& status) {
          self->on_acknowledged(id, status);
        });
  }
  for (const auto& answer : after.answers) answer();
}

void GroupShard::finish(const After& after) {
  give(after);
  pump();
}

void GroupShard::on_acknowledged(std::uint64_t append_id, const log::Status& status) {
  {
    const std::lock_guard lock(acknowledged_mutex_);
    acknowledged_.emplace_back(append_id, status ? GroupError::kNone : group_error(status.error()));
  }
  pump();
}

// Whoever finds the mutex taken may leave: its holder comes by here after releasing it.
void GroupShard::pump() {
  for (;;) {
    {
      const std::lock_guard lock(acknowledged_mutex_);
      if (acknowledged_.empty()) return;
    }
    After after;
    {
      const std::unique_lock lock(mutex_, std::try_to_lock);
      if (!lock.owns_lock()) return;
      take_acknowledgements();
      if (state_ == State::kReady) {
        tell_stored(after);
        publish_deadline();
      }
    }
    give(after);
  }
}

void GroupShard::take_acknowledgements() {
  std::vector<std::pair<std::uint64_t, GroupError>> news;
  {
    const std::lock_guard lock(acknowledged_mutex_);
    news.swap(acknowledged_);
  }
  for (const auto& [append_id, error] : news) {
    if (append_id < first_pending_id_) continue;  // told when the shard stopped
    const std::uint64_t index = append_id - first_pending_id_;
    if (index < pending_.size()) pending_[index].result = error;
  }
}

void GroupShard::expire_all(After& after) {
  std::vector<EntryPtr> all;
  for (const auto& [id, entry] : groups_) all.push_back(entry);
  for (const auto& entry : all) {
    Decision decision;
    expired_offsets_total_ += entry->group.expire(now(), decision);
    settle(entry, std::move(decision), after);
  }
}

void GroupShard::tick() {
  After after;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kReady) return;
    const Now time = now();
    while (!deadlines_.empty() && deadlines_.begin()->first <= time.boot_ms) {
      const EntryPtr entry = groups_.at(deadlines_.begin()->second);
      Decision decision;
      entry->group.on_time(time, decision);
      settle(entry, std::move(decision), after);
    }
    if (next_retention_boot_ms_ <= time.boot_ms) {
      next_retention_boot_ms_ = time.boot_ms + options_.offsets_retention_check_interval_ms;
      expire_all(after);
    }
    publish_deadline();
  }
  finish(after);
}

void GroupShard::add_to(GroupCoordinatorStats& stats) {
  std::unique_lock lock(mutex_);
  if (state_ == State::kLoading) {
    ++stats.loading_shards;
    return;
  }
  stats.rebalances_total += rebalances_of_dropped_;
  stats.expired_offsets_total += expired_offsets_total_;
  for (const auto& [id, entry] : groups_) {
    ++stats.groups;
    stats.members += static_cast<std::int64_t>(entry->group.member_count());
    stats.offsets += static_cast<std::int64_t>(entry->group.offsets().size());
    stats.rebalances_total += entry->group.rebalances();
  }
  lock.unlock();
  pump();
}

}  // namespace orloj::coordinator
