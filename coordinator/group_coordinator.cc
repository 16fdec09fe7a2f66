#include "coordinator/group_coordinator.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "coordinator/group/group_directory.h"
#include "coordinator/group/group_shard.h"
#include "coordinator/group/identifiers.h"

namespace orloj::coordinator {
namespace {

using IfAbsent = GroupShard::IfAbsent;

// A commit is answered when it is on stable storage, whatever the broker setting durability says.
const std::string kDurabilityKey = "durability";
const std::string kPinnedDurability = "sync";

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool wanted(const std::vector<std::string>& filter, std::string_view word) {
  return filter.empty() ||
         std::ranges::any_of(filter, [&](const auto& entry) { return same_word(entry, word); });
}

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

OffsetFetchResponse fetch_from(const Group* group, const OffsetFetchRequest& request) {
  static const GroupOffsets none;
  const GroupOffsets& offsets = group == nullptr ? none : group->offsets();
  if (!request.topics) return offsets.fetch_all();
  OffsetFetchResponse response;
  for (const auto& topic : *request.topics) {
    FetchedTopic fetched{topic.name, {}};
    for (const auto partition : topic.partitions) {
      fetched.partitions.push_back(offsets.fetch(topic.name, partition));
    }
    response.topics.push_back(std::move(fetched));
  }
  return response;
}

void drop_unknown_topics(std::vector<OffsetCommitTopic>& topics,
                         const GroupCoordinator::TopicExists& exists) {
  for (auto& topic : topics) {
    std::erase_if(topic.partitions, [&](const OffsetCommitPartition& partition) {
      return !exists(topic.name, partition.committed.topic_id);
    });
  }
  std::erase_if(topics, [](const auto& topic) { return topic.partitions.empty(); });
}

// The tombstones of a deleted topic's offsets may not be durable yet.
void hide_unknown_topics(const OffsetFetchRequest& request, OffsetFetchResponse& response,
                         const GroupCoordinator::TopicExists& exists) {
  for (auto& topic : response.topics) {
    for (auto& partition : topic.partitions) {
      const CommittedOffset& committed = partition.committed;
      if (committed.offset != log::kNoOffset && !exists(topic.name, committed.topic_id)) {
        partition.committed = {};
      }
    }
    if (request.topics) continue;
    std::erase_if(topic.partitions, [](const FetchedOffset& partition) {
      return partition.committed.offset == log::kNoOffset;
    });
  }
  std::erase_if(response.topics,
                [&](const auto& topic) { return !request.topics && topic.partitions.empty(); });
}

class LocalGroupCoordinator : public GroupCoordinator {
 public:
  LocalGroupCoordinator(log::Env env, const GroupOptions& options, Surroundings surroundings)
      : env_(env),
        options_(options),
        topic_exists_(surroundings.topic_exists),
        directory_(env, options_, std::move(surroundings)) {}

  void start() override { directory_.start(); }
  void stop() override { directory_.stop(); }
  void prepare(std::function<void(GroupError)> done) override {
    directory_.prepare(std::move(done));
  }
  std::int32_t partition_for(std::string_view group_id) const override {
    return directory_.partition_for(group_id);
  }

  void join(JoinRequest request, std::function<void(JoinResponse)> done) override;
  void sync(SyncRequest request, std::function<void(SyncResponse)> done) override;
  GroupError heartbeat(const HeartbeatRequest& request) override;
  void leave(LeaveRequest request, std::function<void(LeaveResponse)> done) override;
  void commit_offsets(OffsetCommitRequest request,
                      std::function<void(OffsetCommitResponse)> done) override;
  OffsetFetchResponse fetch_offsets(const OffsetFetchRequest& request) const override;
  void delete_offsets(OffsetDeleteRequest request,
                      std::function<void(OffsetDeleteResponse)> done) override;
  DescribedGroup describe(std::string_view group_id) const override;
  ListGroupsResponse list(const ListGroupsRequest& request) const override;
  void delete_group(std::string group_id, std::function<void(GroupError)> done) override;
  void on_topic_deleted(const std::string& topic) override;
  void tick() override;
  std::int64_t next_deadline_boot_ms() const override;
  GroupCoordinatorStats stats() const override;

 private:
  // Consumers without a group may commit, fetch and be described under the empty name.
  enum class EmptyId : std::uint8_t { kRefused, kAllowed };

  GroupError check_group_id(std::string_view group_id, EmptyId empty) const;
  GroupError run(const std::string& group_id, IfAbsent if_absent,
                 const GroupShard::Operation& operation, EmptyId empty = EmptyId::kRefused);

  const log::Env env_;
  const GroupOptions options_;
  const TopicExists topic_exists_;
  GroupDirectory directory_;
  std::atomic<std::int64_t> commits_total_{0};
};

GroupError LocalGroupCoordinator::check_group_id(std::string_view group_id, EmptyId empty) const {
  const bool fits = (!group_id.empty() || empty == EmptyId::kAllowed) &&
                    group_id.size() <= static_cast<std::size_t>(options_.group_id_max_bytes);
  return fits ? GroupError::kNone : GroupError::kInvalidGroupId;
}

GroupError LocalGroupCoordinator::run(const std::string& group_id, IfAbsent if_absent,
                                      const GroupShard::Operation& operation, EmptyId empty) {
  GroupError error = check_group_id(group_id, empty);
  if (error != GroupError::kNone) return error;
  const auto shard = directory_.shard_of(group_id, error);
  return shard ? shard->run(group_id, if_absent, operation) : error;
}

void LocalGroupCoordinator::join(JoinRequest request, std::function<void(JoinResponse)> done) {
  const std::string group_id = request.group_id;
  JoinResponse refusal;
  refusal.member_id = request.member_id;
  const IfAbsent if_absent = request.member_id.empty() ? IfAbsent::kCreate : IfAbsent::kRefuse;
  bool unknown = false;
  const GroupError error =
      run(group_id, if_absent, [&](Group* group, const Now& now, Decision& out) {
        unknown = group == nullptr;
        if (unknown) return;
        group->join(now, {std::move(request), make_uuid(env_.random()), done}, out);
      });
  if (error == GroupError::kNone && !unknown) return;
  refusal.error = unknown ? GroupError::kUnknownMemberId : error;
  done(std::move(refusal));
}

void LocalGroupCoordinator::sync(SyncRequest request, std::function<void(SyncResponse)> done) {
  const std::string group_id = request.group_id;
  bool unknown = false;
  const GroupError error =
      run(group_id, IfAbsent::kRefuse, [&](Group* group, const Now& now, Decision& out) {
        unknown = group == nullptr;
        if (!unknown) group->sync(now, std::move(request), done, out);
      });
  if (error == GroupError::kNone && !unknown) return;
  SyncResponse refusal;
  refusal.error = unknown ? GroupError::kUnknownMemberId : error;
  done(std::move(refusal));
}

GroupError LocalGroupCoordinator::heartbeat(const HeartbeatRequest& request) {
  GroupError answer = GroupError::kUnknownMemberId;
  const GroupError error =
      run(request.group_id, IfAbsent::kRefuse, [&](Group* group, const Now& now, Decision&) {
        if (group != nullptr) answer = group->heartbeat(now, request);
      });
  // A client that beats while its group is loaded is alive: it must not be sent away.
  if (error == GroupError::kCoordinatorLoadInProgress) return GroupError::kNone;
  return error == GroupError::kNone ? answer : error;
}

void LocalGroupCoordinator::leave(LeaveRequest request, std::function<void(LeaveResponse)> done) {
  bool unknown = false;
  const GroupError error =
      run(request.group_id, IfAbsent::kRefuse, [&](Group* group, const Now& now, Decision& out) {
        unknown = group == nullptr;
        if (!unknown) group->leave(now, request, done, out);
      });
  if (error == GroupError::kNone && !unknown) return;
  LeaveResponse refusal;
  refusal.error = unknown ? GroupError::kUnknownMemberId : error;
  done(std::move(refusal));
}

void LocalGroupCoordinator::commit_offsets(OffsetCommitRequest request,
                                           std::function<void(OffsetCommitResponse)> done) {
  // Without a generation this is a consumer that assigns itself: its commit makes the group.
  const IfAbsent if_absent = request.generation_id < 0 ? IfAbsent::kCreate : IfAbsent::kRefuse;
  bool unknown = false;
  const auto counted = [this, done](OffsetCommitResponse response) {
    for (const auto& topic : response.topics) {
      commits_total_ +=
          std::ranges::count(topic.partitions, GroupError::kNone, &PartitionResult::error);
    }
    done(std::move(response));
  };
  GroupError error = run(
      request.group_id, if_absent,
      [&](Group* group, const Now& now, Decision& out) {
        unknown = group == nullptr;
        if (unknown) return;
        // Under the group's lock: a topic that goes after this look takes the commit with it.
        drop_unknown_topics(request.topics, topic_exists_);
        group->commit(now, request, counted, out);
      },
      EmptyId::kAllowed);
  if (error == GroupError::kNone && !unknown) return;
  if (unknown) error = GroupError::kIllegalGeneration;
  if (error == GroupError::kGroupMaxSizeReached) error = GroupError::kCoordinatorNotAvailable;
  done(refused(request, error));
}

OffsetFetchResponse LocalGroupCoordinator::fetch_offsets(const OffsetFetchRequest& request) const {
  OffsetFetchResponse response;
  response.error = check_group_id(request.group_id, EmptyId::kAllowed);
  if (response.error != GroupError::kNone) return response;
  const auto shard = directory_.peek(request.group_id, response.error);
  if (response.error != GroupError::kNone) return response;
  if (!shard) return fetch_from(nullptr, request);
  const GroupError error = shard->look(
      request.group_id, [&](const Group* group) { response = fetch_from(group, request); });
  if (error != GroupError::kNone) response.error = error;
  hide_unknown_topics(request, response, topic_exists_);
  return response;
}

void LocalGroupCoordinator::delete_offsets(OffsetDeleteRequest request,
                                           std::function<void(OffsetDeleteResponse)> done) {
  bool unknown = false;
  const GroupError error =
      run(request.group_id, IfAbsent::kRefuse, [&](Group* group, const Now&, Decision& out) {
        unknown = group == nullptr;
        if (!unknown) group->delete_offsets(request, done, out);
      });
  if (error == GroupError::kNone && !unknown) return;
  OffsetDeleteResponse refusal;
  refusal.error = unknown ? GroupError::kGroupIdNotFound : error;
  done(std::move(refusal));
}

DescribedGroup LocalGroupCoordinator::describe(std::string_view group_id) const {
  DescribedGroup described;
  described.group_id = std::string(group_id);
  described.error = check_group_id(group_id, EmptyId::kAllowed);
  if (described.error != GroupError::kNone) return described;
  const auto shard = directory_.peek(group_id, described.error);
  if (described.error != GroupError::kNone) return described;
  described.error = GroupError::kGroupIdNotFound;
  if (!shard) return described;
  const GroupError error = shard->look(group_id, [&](const Group* group) {
    if (group != nullptr) described = group->describe();
  });
  if (error != GroupError::kNone) described.error = error;
  return described;
}

ListGroupsResponse LocalGroupCoordinator::list(const ListGroupsRequest& request) const {
  ListGroupsResponse response;
  directory_.peek("", response.error);
  const auto served = directory_.shards();
  if (response.error != GroupError::kNone || !served) return response;
  if (!wanted(request.types, "classic")) return response;
  for (const auto& shard : *served) {
    const GroupError error = shard->look_at_all([&](const Group* group) {
      if (group->state() == GroupState::kDead) return;
      if (wanted(request.states, to_string(group->state()))) {
        response.groups.push_back(group->list());
      }
    });
    if (error != GroupError::kNone) response.error = error;
  }
  return response;
}

void LocalGroupCoordinator::delete_group(std::string group_id,
                                         std::function<void(GroupError)> done) {
  bool unknown = false;
  const GroupError error = run(
      group_id, IfAbsent::kRefuse,
      [&](Group* group, const Now&, Decision& out) {
        unknown = group == nullptr;
        if (!unknown) group->remove(done, out);
      },
      EmptyId::kAllowed);
  if (error == GroupError::kNone && !unknown) return;
  done(unknown ? GroupError::kGroupIdNotFound : error);
}

void LocalGroupCoordinator::on_topic_deleted(const std::string& topic) {
  const auto served = directory_.shards();
  if (!served) return;
  for (const auto& shard : *served) {
    shard->for_each(
        [&](Group* group, const Now&, Decision& out) { group->forget_topic(topic, out); });
  }
}

void LocalGroupCoordinator::tick() {
  const auto served = directory_.shards();
  if (!served) return;
  const std::int64_t now = env_.clock().boot_ms();
  for (const auto& shard : *served) {
    if (shard->next_deadline_boot_ms() <= now) shard->tick();
  }
}

std::int64_t LocalGroupCoordinator::next_deadline_boot_ms() const {
  std::int64_t next = kNever;
  const auto served = directory_.shards();
  if (!served) return next;
  for (const auto& shard : *served) next = std::min(next, shard->next_deadline_boot_ms());
  return next;
}

GroupCoordinatorStats LocalGroupCoordinator::stats() const {
  GroupCoordinatorStats stats;
  stats.commits_total = commits_total_.load();
  const auto served = directory_.shards();
  if (!served) return stats;
  for (const auto& shard : *served) shard->add_to(stats);
  return stats;
}

}  // namespace

Status pin_offsets_durability(Catalog& catalog) {
  const auto topic = catalog.find(kOffsetsTopic);
  if (topic == nullptr) return {};
  const auto kept = topic->configs.find(kDurabilityKey);
  if (kept != topic->configs.end() && kept->second == kPinnedDurability) return {};
  const auto pinned = catalog.alter_configs(
      topic->name, {{{kDurabilityKey, ConfigOperation::kSet, kPinnedDurability}}});
  return pinned ? Status{} : Status(pinned.error());
}

NewTopic offsets_topic(const GroupOptions& options) {
  NewTopic topic;
  topic.name = std::string(kOffsetsTopic);
  topic.partitions = options.offsets_topic_partitions;
  topic.internal = true;
  topic.configs = {{"cleanup.policy", "compact"},
                   {"compression.type", "producer"},
                   {kDurabilityKey, kPinnedDurability},
                   {"segment.bytes", std::to_string(options.offsets_topic_segment_bytes)},
                   {"max.message.bytes", std::to_string(options.record_batch_max_bytes)}};
  return topic;
}

std::unique_ptr<GroupCoordinator> GroupCoordinator::create(log::Env& env,
                                                           const GroupOptions& options,
                                                           Surroundings surroundings) {
  return std::make_unique<LocalGroupCoordinator>(env, options, std::move(surroundings));
}

}  // namespace orloj::coordinator
