// Requests and answers of classic consumer groups, without the wire: each mirrors the Kafka API of
// its name (JoinGroup 11, SyncGroup 14, Heartbeat 12, LeaveGroup 13, OffsetCommit 8, OffsetFetch 9,
// DescribeGroups 15, ListGroups 16, DeleteGroups 42, OffsetDelete 47).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/types.h"

namespace orloj::coordinator {

using Bytes = std::vector<std::byte>;  // opaque: clients' subscriptions and assignments

// Values are Kafka's wire error codes.
enum class GroupError : std::int16_t {
  kUnknownServerError = -1,
  kNone = 0,
  kUnknownTopicOrPartition = 3,
  kOffsetMetadataTooLarge = 12,
  kCoordinatorLoadInProgress = 14,
  kCoordinatorNotAvailable = 15,
  kNotCoordinator = 16,
  kIllegalGeneration = 22,
  kInconsistentGroupProtocol = 23,
  kInvalidGroupId = 24,
  kUnknownMemberId = 25,
  kInvalidSessionTimeout = 26,
  kRebalanceInProgress = 27,
  kInvalidCommitOffsetSize = 28,
  kInvalidRequest = 42,
  kNonEmptyGroup = 68,
  kGroupIdNotFound = 69,
  kMemberIdRequired = 79,
  kGroupMaxSizeReached = 81,
  kFencedInstanceId = 82,
  kGroupSubscribedToTopic = 86,
};

enum class GroupState : std::uint8_t {
  kEmpty,
  kPreparingRebalance,
  kCompletingRebalance,
  kStable,
  kDead,
};
std::string_view to_string(GroupState state);  // Kafka's spelling: "PreparingRebalance", …

struct MemberProtocol {
  std::string name;
  Bytes metadata;
};

struct JoinRequest {
  std::string group_id;
  std::string member_id;  // empty: new member
  std::optional<std::string> group_instance_id;
  std::string client_id;
  std::string client_host;  // "/127.0.0.1", as Kafka prints it
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = 0;  // v0: the session time-out
  std::string protocol_type;
  std::vector<MemberProtocol> protocols;  // in order of preference
  bool requires_known_member_id = false;  // v4 and later
  bool supports_skip_assignment = false;  // v9 and later
};

struct JoinedMember {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  Bytes metadata;
};

struct JoinResponse {
  GroupError error = GroupError::kNone;
  std::int32_t generation_id = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::string leader;
  bool skip_assignment = false;
  std::string member_id;
  std::vector<JoinedMember> members;  // for the leader only
};

struct MemberAssignment {
  std::string member_id;
  Bytes assignment;
};

struct SyncRequest {
  std::string group_id;
  std::int32_t generation_id = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::optional<std::string> protocol_type;  // v5 and later
  std::optional<std::string> protocol_name;
  std::vector<MemberAssignment> assignments;  // from the leader only
};

struct SyncResponse {
  GroupError error = GroupError::kNone;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  Bytes assignment;
};

struct HeartbeatRequest {
  std::string group_id;
  std::int32_t generation_id = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
};

struct LeavingMember {
  std::string member_id;
  std::optional<std::string> group_instance_id;
};

struct LeaveRequest {
  std::string group_id;
  std::vector<LeavingMember> members;  // v0-v2: one
};

struct LeftMember {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  GroupError error = GroupError::kNone;
};

struct LeaveResponse {
  GroupError error = GroupError::kNone;  // v0-v2: the only member's error when this is kNone
  std::vector<LeftMember> members;
};

struct CommittedOffset {
  log::Offset offset = log::kNoOffset;
  std::int32_t leader_epoch = -1;
  std::string metadata;
  log::TopicId topic_id = {};  // of the topic that it was committed for; zero: not known
};

struct OffsetCommitPartition {
  std::int32_t partition = 0;
  CommittedOffset committed;
};

struct OffsetCommitTopic {
  std::string name;
  std::vector<OffsetCommitPartition> partitions;
};

struct OffsetCommitRequest {
  std::string group_id;
  std::int32_t generation_id = -1;  // -1 with an empty member id: a consumer that manages itself
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::int64_t retention_ms = -1;         // v2-v4; -1: the broker's
  std::vector<OffsetCommitTopic> topics;  // known topics only: the caller asks the catalog
};

struct PartitionResult {
  std::int32_t partition = 0;
  GroupError error = GroupError::kNone;
};

struct TopicResult {
  std::string name;
  std::vector<PartitionResult> partitions;
};

struct OffsetCommitResponse {
  std::vector<TopicResult> topics;  // same order as asked
};

struct TopicPartitions {
  std::string name;
  std::vector<std::int32_t> partitions;
};

struct OffsetFetchRequest {
  std::string group_id;
  std::optional<std::vector<TopicPartitions>> topics;  // nullopt: all
  bool require_stable = false;
};

struct FetchedOffset {
  std::int32_t partition = 0;
  CommittedOffset committed;  // offset -1: nothing committed
  GroupError error = GroupError::kNone;
};

struct FetchedTopic {
  std::string name;
  std::vector<FetchedOffset> partitions;
};

struct OffsetFetchResponse {
  GroupError error = GroupError::kNone;
  std::vector<FetchedTopic> topics;
};

struct DescribedMember {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::string client_id;
  std::string client_host;
  Bytes metadata;    // of the chosen protocol; empty unless the group is stable
  Bytes assignment;  // likewise
};

struct DescribedGroup {
  GroupError error = GroupError::kNone;  // kGroupIdNotFound goes with state kDead
  std::string group_id;
  GroupState state = GroupState::kDead;
  std::string protocol_type;
  std::string protocol_name;
  std::vector<DescribedMember> members;
};

struct ListGroupsRequest {
  std::vector<std::string> states;  // Kafka's names, any case; empty: all
  std::vector<std::string> types;   // "classic", any case; empty: all
};

struct ListedGroup {
  std::string group_id;
  std::string protocol_type;
  GroupState state = GroupState::kEmpty;
};

struct ListGroupsResponse {
  GroupError error = GroupError::kNone;
  std::vector<ListedGroup> groups;
};

struct DeletedGroup {
  std::string group_id;
  GroupError error = GroupError::kNone;
};

struct OffsetDeleteRequest {
  std::string group_id;
  std::vector<TopicPartitions> topics;
};

struct OffsetDeleteResponse {
  GroupError error = GroupError::kNone;
  std::vector<TopicResult> topics;
};

}  // namespace orloj::coordinator
