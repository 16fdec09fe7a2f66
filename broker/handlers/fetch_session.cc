#include "broker/handlers/fetch_session.h"

#include <algorithm>

#include "broker/handlers/wire_types.h"

namespace orloj::broker {

using protocol::ErrorCode;
using protocol::FetchRequest;

namespace {

constexpr std::int16_t kFirstVersionWithSessions = 7;
constexpr std::int16_t kFirstVersionWithTopicIds = 13;
constexpr std::int32_t kOpenSession = 0;
constexpr std::int32_t kNoSession = -1;

FetchTarget target_of(const FetchRequest::Topic& topic, const FetchRequest::Partition& partition) {
  FetchTarget target;
  target.topic = topic.topic;
  target.topic_id = to_log(topic.topic_id);
  target.partition = partition.partition;
  target.current_leader_epoch = partition.current_leader_epoch;
  target.fetch_offset = partition.fetch_offset;
  target.last_fetched_epoch = partition.last_fetched_epoch;
  target.max_bytes = partition.partition_max_bytes;
  return target;
}

FetchTargets targets_of(const FetchRequest& request) {
  FetchTargets targets;
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) targets.push_back(target_of(topic, partition));
  }
  return targets;
}

}  // namespace

FetchSession::Key FetchSession::key_of(const FetchTarget& target) {
  return {{target.topic, target.topic_id}, target.partition};
}

void FetchSession::add(FetchTarget target) {
  Key key = key_of(target);
  targets_.push_back(std::move(target));
  by_key_.emplace(std::move(key), std::prev(targets_.end()));
}

void FetchSession::update(const FetchTarget& target) {
  const auto known = by_key_.find(key_of(target));
  if (known == by_key_.end()) {
    add(target);
    return;
  }
  FetchTarget& kept = *known->second;
  kept.current_leader_epoch = target.current_leader_epoch;
  kept.fetch_offset = target.fetch_offset;
  kept.last_fetched_epoch = target.last_fetched_epoch;
  kept.max_bytes = target.max_bytes;
}

void FetchSession::forget(const Key& key) {
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return;
  targets_.erase(known->second);
  by_key_.erase(known);
}

FetchContext FetchSessions::open(const FetchRequest& request, std::int16_t version) {
  FetchContext context;
  const std::lock_guard lock(mutex_);
  if (version >= kFirstVersionWithSessions && request.session_epoch != kOpenSession &&
      request.session_epoch != kNoSession) {
    resume(request, version, context);
    return context;
  }
  // Epoch 0 and -1 end the session they name.
  if (request.session_id != 0) remove(request.session_id);
  FetchTargets targets = targets_of(request);
  if (version >= kFirstVersionWithSessions && request.session_epoch == kOpenSession &&
      !targets.empty() && make_room(targets.size())) {
    context.session_ = create(std::move(targets), version >= kFirstVersionWithTopicIds);
    context.session_id = context.session_->id();
  } else {
    context.own_targets_ = std::move(targets);
  }
  return context;
}

void FetchSessions::resume(const FetchRequest& request, std::int16_t version,
                           FetchContext& context) {
  const auto found = sessions_.find(request.session_id);
  if (found == sessions_.end()) {
    context.error = ErrorCode::kFetchSessionIdNotFound;
    return;
  }
  const auto session = found->second;
  if (session->busy_ || session->epoch_ != request.session_epoch) {
    context.error = ErrorCode::kInvalidFetchSessionEpoch;
    return;
  }
  if (session->by_topic_id_ != (version >= kFirstVersionWithTopicIds)) {
    context.error = ErrorCode::kFetchSessionTopicIdError;
    return;
  }
  const std::size_t before = session->targets_.size();
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) session->update(target_of(topic, partition));
  }
  for (const auto& topic : request.forgotten_topics) {
    for (const std::int32_t partition : topic.partitions) {
      session->forget({{std::string(topic.topic), to_log(topic.topic_id)}, partition});
    }
  }
  partitions_ += session->targets_.size() - before;
  if (session->targets_.empty()) {
    remove(session->id());
    return;
  }
  if (partitions_ > static_cast<std::size_t>(options_.fetch_session_partitions_max)) {
    // The client opens a new session, or goes on without one, as it does after an eviction.
    remove(session->id());
    context.error = ErrorCode::kFetchSessionIdNotFound;
    return;
  }
  session->epoch_ = session->epoch_ == INT32_MAX ? 1 : session->epoch_ + 1;
  session->busy_ = true;
  session->last_used_boot_ms_ = env_.clock().boot_ms();
  context.session_ = session;
  context.session_id = session->id();
  context.incremental_ = true;
}

void FetchSessions::rotate(FetchContext& context, const std::vector<FetchTarget*>& served) {
  if (!context.session_) return;
  FetchSession& session = *context.session_;
  // Whoever ends the session meanwhile counts its targets.
  const std::lock_guard lock(mutex_);
  for (const FetchTarget* target : served) {
    const auto at = session.by_key_.find(FetchSession::key_of(*target));
    if (at == session.by_key_.end()) continue;
    session.targets_.splice(session.targets_.end(), session.targets_, at->second);
  }
}

void FetchSessions::release(FetchContext& context) {
  if (!context.session_) return;
  const std::lock_guard lock(mutex_);
  context.session_->busy_ = false;
}

std::shared_ptr<FetchSession> FetchSessions::create(FetchTargets targets, bool by_topic_id) {
  const auto session = std::make_shared<FetchSession>(unused_id(), by_topic_id);
  for (FetchTarget& target : targets) session->update(target);
  session->busy_ = true;
  session->last_used_boot_ms_ = env_.clock().boot_ms();
  partitions_ += session->targets_.size();
  sessions_.emplace(session->id(), session);
  stats_.fetch_sessions.store(static_cast<std::int64_t>(sessions_.size()),
                              std::memory_order_relaxed);
  return session;
}

bool FetchSessions::make_room(std::size_t partitions) {
  const auto sessions_max = static_cast<std::size_t>(options_.fetch_sessions_max);
  const auto partitions_max = static_cast<std::size_t>(options_.fetch_session_partitions_max);
  const std::int64_t idle_since = env_.clock().boot_ms() - options_.fetch_session_idle_ms;
  while (sessions_.size() >= sessions_max || partitions_ + partitions > partitions_max) {
    const auto oldest = std::ranges::min_element(
        sessions_, {}, [](const auto& entry) { return entry.second->last_used_boot_ms_; });
    if (oldest == sessions_.end() || oldest->second->busy_ ||
        oldest->second->last_used_boot_ms_ > idle_since) {
      return false;
    }
    stats_.fetch_session_evictions_total.fetch_add(1, std::memory_order_relaxed);
    remove(oldest->first);
  }
  return true;
}

void FetchSessions::remove(std::int32_t id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  partitions_ -= found->second->targets_.size();
  sessions_.erase(found);
  stats_.fetch_sessions.store(static_cast<std::int64_t>(sessions_.size()),
                              std::memory_order_relaxed);
}

std::int32_t FetchSessions::unused_id() {
  while (true) {
    const auto id = static_cast<std::int32_t>(env_.random().next_u64() & INT32_MAX);
    if (id != 0 && !sessions_.contains(id)) return id;
  }
}

}  // namespace orloj::broker
