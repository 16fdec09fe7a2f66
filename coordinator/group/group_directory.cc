#include "coordinator/group/group_directory.h"

#include <cstdlib>
#include <utility>

#include "coordinator/group/identifiers.h"

namespace orloj::coordinator {

GroupDirectory::GroupDirectory(log::Env env, const GroupOptions& options,
                               GroupCoordinator::Surroundings surroundings)
    : env_(env), options_(options), surroundings_(std::move(surroundings)) {
}

GroupDirectory::~GroupDirectory() {
  stop();
}

void GroupDirectory::start() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kNew) return;
  state_ = State::kOpening;
  loader_ = std::thread([this] { loader_main(); });
}

void GroupDirectory::stop() {
  std::shared_ptr<const Shards> served;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kStopped) return;
    state_ = State::kStopped;
    served = shards_;
  }
  wake_loader_.notify_all();
  if (loader_.joinable()) loader_.join();
  answer_waiters(GroupError::kCoordinatorNotAvailable);
  if (!served) served = shards();
  if (!served) return;
  for (const auto& shard : *served) shard->stop();
}

void GroupDirectory::loader_main() {
  open_and_load(IfMissing::kLeave);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_loader_.wait(lock, [this] { return state_ == State::kStopped || create_wanted_; });
      if (state_ == State::kStopped) return;
      create_wanted_ = false;
      if (state_ != State::kAbsent) continue;
      state_ = State::kOpening;
    }
    open_and_load(IfMissing::kCreate);
  }
}

void GroupDirectory::open_and_load(IfMissing if_missing) {
  const auto partitions = surroundings_.open_offsets_topic(if_missing);
  if (!partitions) {
    raise_alarm("groups cannot be served: " + partitions.error().message);
  }
  if (!partitions || partitions->empty()) {
    Waiters refused;
    {
      const std::lock_guard lock(mutex_);
      if (state_ == State::kStopped) return;
      state_ = State::kAbsent;
      // Who asked while we looked is still waiting; a failed creation is told, and tried again
      // when somebody asks again: whoever does so from here on is not refused for this one.
      if (if_missing == IfMissing::kCreate) {
        refused.swap(waiters_);
      } else {
        create_wanted_ = create_wanted_ || !waiters_.empty();
      }
    }
    for (const auto& waiter : refused) waiter(GroupError::kCoordinatorNotAvailable);
    return;
  }
  auto fresh = std::make_shared<Shards>();
  for (const auto& partition : *partitions) {
    fresh->push_back(std::make_shared<GroupShard>(env_, options_, partition, groups_total_));
  }
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kStopped) return;
    shards_ = fresh;
    state_ = State::kServing;
  }
  load_shards(*fresh);
}

void GroupDirectory::load_shards(const Shards& fresh) {
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    {
      const std::lock_guard lock(mutex_);
      if (state_ == State::kStopped) return;
    }
    const Status loaded = fresh[i]->load(surroundings_.topic_exists);
    if (loaded) continue;
    raise_alarm("groups of " + std::string(kOffsetsTopic) + "-" + std::to_string(i) +
                " cannot be served: " + loaded.error().message);
  }
  {
    const std::lock_guard lock(mutex_);
    loaded_ = true;
  }
  answer_waiters(GroupError::kNone);
}

void GroupDirectory::answer_waiters(GroupError error) {
  Waiters waiters;
  {
    const std::lock_guard lock(mutex_);
    waiters.swap(waiters_);
  }
  for (const auto& waiter : waiters) waiter(error);
}

void GroupDirectory::prepare(std::function<void(GroupError)> done) {
  GroupError error = GroupError::kNone;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kStopped || state_ == State::kNew) {
      error = GroupError::kCoordinatorNotAvailable;
    } else if (!loaded_) {
      waiters_.push_back(std::move(done));
      create_wanted_ = create_wanted_ || state_ == State::kAbsent;
      wake_loader_.notify_all();
      return;
    }
  }
  done(error);
}

std::shared_ptr<const GroupDirectory::Shards> GroupDirectory::shards() const {
  const std::lock_guard lock(mutex_);
  return shards_;
}

std::int32_t GroupDirectory::partition_for(std::string_view group_id) const {
  const auto served = shards();
  const auto count =
      served ? static_cast<std::int32_t>(served->size()) : options_.offsets_topic_partitions;
  const std::int32_t hash = java_hash(group_id);
  return (hash == INT32_MIN ? 0 : std::abs(hash)) % count;
}

std::shared_ptr<GroupShard> GroupDirectory::peek(std::string_view group_id,
                                                 GroupError& error) const {
  {
    const std::lock_guard lock(mutex_);
    error = GroupError::kNone;
    if (state_ == State::kStopped || state_ == State::kNew) {
      error = GroupError::kCoordinatorNotAvailable;
    } else if (state_ == State::kOpening) {
      error = GroupError::kCoordinatorLoadInProgress;
    }
    if (error != GroupError::kNone || state_ == State::kAbsent) return nullptr;
  }
  const auto served = shards();
  return (*served)[static_cast<std::size_t>(partition_for(group_id))];
}

std::shared_ptr<GroupShard> GroupDirectory::shard_of(std::string_view group_id, GroupError& error) {
  auto shard = peek(group_id, error);
  if (shard || error != GroupError::kNone) return shard;
  error = GroupError::kCoordinatorLoadInProgress;
  {
    const std::lock_guard lock(mutex_);
    create_wanted_ = true;
  }
  wake_loader_.notify_all();
  return nullptr;
}

}  // namespace orloj::coordinator
