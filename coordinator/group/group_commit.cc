// Committed offsets, their retention, and the end of a group.
#include <algorithm>
#include <utility>

#include "coordinator/group/consumer_subscription.h"
#include "coordinator/group/group.h"

namespace orloj::coordinator {
namespace {

OffsetCommitResponse refused(const OffsetCommitRequest& request, GroupError error) {
  OffsetCommitResponse response;
  for (const auto& topic : request.topics) {
    TopicResult result{topic.name, {}};
    for (const auto& partition : topic.partitions) {
      result.partitions.push_back({partition.partition, error});
    }
    response.topics.push_back(std::move(result));
  }
  return response;
}

// The format of the offsets topic has 16-bit lengths.
constexpr std::size_t kStoredStringMaxBytes = 32'767;

// Never overflows: a retention beyond this is for ever.
constexpr std::int64_t kRetentionMaxMs = 1'000LL * 365 * 24 * 3600 * 1000;

std::int64_t expiry_of(const OffsetCommitRequest& request, std::int64_t wall_ms) {
  if (request.retention_ms < 0) return -1;
  return wall_ms + std::min(request.retention_ms, kRetentionMaxMs);
}

// What an append failure is called in an answer about offsets.
void fail_accepted(OffsetCommitResponse& response, GroupError error) {
  for (auto& topic : response.topics) {
    for (auto& partition : topic.partitions) {
      if (partition.error == GroupError::kNone) partition.error = error;
    }
  }
}

}  // namespace

GroupError Group::check_commit(const OffsetCommitRequest& request) const {
  if (state_ == GroupState::kDead) return GroupError::kCoordinatorNotAvailable;
  if (request.generation_id < 0 && state_ == GroupState::kEmpty) return GroupError::kNone;
  if (request.generation_id < 0 && request.member_id.empty() && !request.group_instance_id) {
    return GroupError::kUnknownMemberId;  // only members commit while there are any
  }
  const GroupError known = check_member(request.member_id, request.group_instance_id);
  if (known != GroupError::kNone) return known;
  if (request.generation_id != generation_) return GroupError::kIllegalGeneration;
  // The member knows its generation but not yet what it owns.
  if (state_ == GroupState::kCompletingRebalance) return GroupError::kRebalanceInProgress;
  return GroupError::kNone;
}

bool Group::append_offsets(const Now& now, const OffsetCommitRequest& request,
                           OffsetCommitResponse& response, Decision& out) {
  std::size_t room = static_cast<std::size_t>(options_.offsets_per_group_max);
  room -= std::min(room, offsets_.size());
  const std::size_t metadata_max =
      std::min(static_cast<std::size_t>(options_.offset_metadata_max_bytes), kStoredStringMaxBytes);
  for (const auto& topic : request.topics) {
    TopicResult result{topic.name, {}};
    for (const auto& [partition, committed] : topic.partitions) {
      GroupError error = GroupError::kNone;
      const bool is_new = !offsets_.has(topic.name, partition);
      if (committed.metadata.size() > metadata_max) {
        error = GroupError::kOffsetMetadataTooLarge;
      } else if (is_new && room == 0) {
        error = GroupError::kInvalidCommitOffsetSize;
      } else {
        if (is_new) --room;
        OffsetValue value;
        value.committed = committed;
        value.commit_timestamp_ms = now.wall_ms;
        value.expire_timestamp_ms = expiry_of(request, now.wall_ms);
        out.records.push_back(
            {encode_offset_key({id_, topic.name, partition}), encode_offset_value(value)});
        offsets_.begin(topic.name, partition);
      }
      result.partitions.push_back({partition, error});
    }
    response.topics.push_back(std::move(result));
  }
  return !out.records.empty();
}

void Group::commit(const Now& now, const OffsetCommitRequest& request, CommitDone done,
                   Decision& out) {
  if (const GroupError error = check_commit(request); error != GroupError::kNone) {
    return out.answer(std::move(done), refused(request, error));
  }
  // A commit is a sign of life as good as a heartbeat.
  if (GroupMember* member = find_member(request.member_id);
      member != nullptr &&
      (state_ == GroupState::kStable || state_ == GroupState::kPreparingRebalance)) {
    touch(now, *member);
  }
  OffsetCommitResponse response;
  if (!append_offsets(now, request, response, out)) {
    return out.answer(std::move(done), std::move(response));
  }
  out.stored.push_back(
      [this, request, wall_ms = now.wall_ms, done = std::move(done),
       response = std::move(response)](GroupError error, const Now&, Decision& next) mutable {
        for (std::size_t t = 0; t < request.topics.size(); ++t) {
          const auto& topic = request.topics[t];
          for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
            if (response.topics[t].partitions[p].error != GroupError::kNone) continue;
            const auto& [partition, committed] = topic.partitions[p];
            offsets_.end(topic.name, partition);
            if (error != GroupError::kNone) continue;
            offsets_.apply({id_, topic.name, partition},
                           OffsetValue{committed, wall_ms, expiry_of(request, wall_ms)});
          }
        }
        fail_accepted(response, error);
        next.answer(std::move(done), std::move(response));
      });
}

// Adds the tombstones and keeps them from being overtaken until they are durable.
void Group::append_tombstones(const std::vector<TopicPartitions>& topics, Decision& out) {
  for (const auto& topic : topics) {
    for (const auto partition : topic.partitions) {
      out.records.push_back({encode_offset_key({id_, topic.name, partition}), std::nullopt});
      offsets_.begin(topic.name, partition);
    }
  }
  out.stored.push_back([this, topics](GroupError error, const Now&, Decision&) {
    for (const auto& topic : topics) {
      for (const auto partition : topic.partitions) {
        offsets_.end(topic.name, partition);
        if (error == GroupError::kNone) offsets_.apply({id_, topic.name, partition}, std::nullopt);
      }
    }
  });
}

std::optional<std::set<std::string>> Group::subscribed() const {
  if (protocol_type_ != kConsumerProtocolType || !protocol_) return std::nullopt;
  std::set<std::string> topics;
  for (const auto& [id, member] : members_) {
    const auto* chosen = member.find_protocol(*protocol_);
    auto subscription = chosen == nullptr ? std::nullopt : subscribed_topics(chosen->metadata);
    if (!subscription) return std::nullopt;
    topics.merge(*subscription);
  }
  return topics;
}

// The committed offsets, or commits on their way, among what a request names.
std::vector<std::int32_t> Group::committed_among(const TopicPartitions& asked) const {
  const auto committed = offsets_.partitions_of(asked.name);
  const std::set<std::int32_t> known(committed.begin(), committed.end());
  std::set<std::int32_t> found;
  for (const auto partition : asked.partitions) {
    if (known.contains(partition)) found.insert(partition);
  }
  return {found.begin(), found.end()};
}

void Group::delete_offsets(const OffsetDeleteRequest& request, OffsetDeleteDone done,
                           Decision& out) {
  OffsetDeleteResponse response;
  const bool in_use = state_ != GroupState::kEmpty;
  if (state_ == GroupState::kDead) {
    response.error = GroupError::kGroupIdNotFound;
  } else if (in_use && protocol_type_ != kConsumerProtocolType) {
    response.error = GroupError::kNonEmptyGroup;
  }
  if (response.error != GroupError::kNone) {
    return out.answer(std::move(done), std::move(response));
  }
  const auto topics_in_use = subscribed();
  std::vector<TopicPartitions> doomed;
  for (const auto& topic : request.topics) {
    // Members whose subscription is not known, as before their first rebalance, may read anything.
    const bool spared = in_use && (!topics_in_use || topics_in_use->contains(topic.name));
    const GroupError error = spared ? GroupError::kGroupSubscribedToTopic : GroupError::kNone;
    TopicResult result{topic.name, {}};
    for (const auto partition : topic.partitions) result.partitions.push_back({partition, error});
    response.topics.push_back(std::move(result));
    if (spared) continue;
    TopicPartitions committed{topic.name, committed_among(topic)};
    if (!committed.partitions.empty()) doomed.push_back(std::move(committed));
  }
  if (doomed.empty()) return out.answer(std::move(done), std::move(response));
  append_tombstones(doomed, out);
  out.stored.push_back([done = std::move(done), response = std::move(response)](
                           GroupError error, const Now&, Decision& next) mutable {
    response.error = error;
    if (error != GroupError::kNone) response.topics.clear();
    next.answer(std::move(done), std::move(response));
  });
}

void Group::forget_topic(const std::string& topic, Decision& out) {
  if (state_ == GroupState::kDead) return;
  const auto partitions = offsets_.partitions_of(topic);
  if (!partitions.empty()) append_tombstones({{topic, partitions}}, out);
}

void Group::forget_unknown_topics(
    const std::function<bool(std::string_view name, const log::TopicId& id)>& exists,
    Decision& out) {
  std::vector<TopicPartitions> gone;
  for (const auto& topic : offsets_.fetch_all().topics) {
    TopicPartitions unknown{topic.name, {}};
    for (const auto& [partition, committed, error] : topic.partitions) {
      if (!exists(topic.name, committed.topic_id)) unknown.partitions.push_back(partition);
    }
    if (!unknown.partitions.empty()) gone.push_back(std::move(unknown));
  }
  if (!gone.empty()) append_tombstones(gone, out);
}

GroupError Group::check_empty_for_removal() const {
  if (state_ == GroupState::kDead) return GroupError::kGroupIdNotFound;
  return state_ == GroupState::kEmpty ? GroupError::kNone : GroupError::kNonEmptyGroup;
}

void Group::append_group_tombstone(DeleteDone done, Decision& out) {
  const GroupState before = state_;
  out.records.push_back({encode_group_key(id_), std::nullopt});
  transition_to(GroupState::kDead);
  out.stored.push_back(
      [this, before, done = std::move(done)](GroupError error, const Now&, Decision& next) mutable {
        if (error != GroupError::kNone) transition_to(before);
        if (done) next.answer(std::move(done), error);
      });
}

void Group::remove(DeleteDone done, Decision& out) {
  if (const GroupError error = check_empty_for_removal(); error != GroupError::kNone) {
    return out.answer(std::move(done), error);
  }
  append_tombstones(offsets_.all(), out);
  append_group_tombstone(std::move(done), out);
}

// Members vouch for what they subscribe to; a simple consumer only by its commits.
std::optional<std::int64_t> Group::expiry_base(const std::string& topic,
                                               const OffsetValue& value) const {
  if (protocol_type_.empty()) return value.commit_timestamp_ms;
  if (state_ == GroupState::kEmpty) {
    return state_since_wall_ms_ == -1 ? value.commit_timestamp_ms : state_since_wall_ms_;
  }
  if (state_ != GroupState::kStable) return std::nullopt;
  const auto in_use = subscribed();
  if (!in_use || in_use->contains(topic)) return std::nullopt;
  return value.commit_timestamp_ms;
}

std::int64_t Group::expire(const Now& now, Decision& out) {
  if (state_ == GroupState::kDead) return 0;
  const auto base = [this](const std::string& topic, const OffsetValue& value) {
    return expiry_base(topic, value);
  };
  const auto old = offsets_.expired({now.wall_ms, options_.offsets_retention_ms, base});
  std::size_t count = 0;
  for (const auto& topic : old) count += topic.partitions.size();
  const bool all = count == offsets_.size() && !offsets_.has_pending();
  const bool unused = state_ == GroupState::kEmpty && pending_members_.empty();
  if (count > 0) append_tombstones(old, out);
  if (all && unused && (has_metadata_record_ || count > 0)) append_group_tombstone(nullptr, out);
  return static_cast<std::int64_t>(count);
}

void Group::apply(const OffsetKey& key, const std::optional<OffsetValue>& value) {
  offsets_.apply(key, value);
}

}  // namespace orloj::coordinator
