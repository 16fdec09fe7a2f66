// FindCoordinator, JoinGroup, SyncGroup, Heartbeat, LeaveGroup, OffsetCommit, OffsetFetch,
// DescribeGroups and ListGroups over the wire: what the translation in both directions must keep.
// The state machine has tests of its own.
#include <gtest/gtest.h>

#include <chrono>

#include <algorithm>

#include "protocol/messages/describe_groups.h"
#include "protocol/messages/find_coordinator.h"
#include "protocol/messages/heartbeat.h"
#include "protocol/messages/join_group.h"
#include "protocol/messages/leave_group.h"
#include "protocol/messages/list_groups.h"
#include "protocol/messages/offset_commit.h"
#include "protocol/messages/offset_fetch.h"
#include "protocol/messages/sync_group.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using namespace protocol;  // NOLINT: nine APIs with a request and a response each
using protocol::ErrorCode;
using test::Client;

class GroupApisTest : public testing::Test {
 protected:
  void SetUp() override {
    node_.start();
    client_.emplace(node_.port());
    test::create_topic(*client_, "t", 2);
    FindCoordinatorRequest find;
    find.key = "g";
    client_->call<FindCoordinatorResponse>(find, 1);
  }

  static JoinGroupRequest join(std::string_view member_id) {
    JoinGroupRequest request;
    request.group_id = "g";
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 10'000;
    request.member_id = member_id;
    request.protocol_type = "consumer";
    request.protocols.push_back({"range", BytesView(std::string_view("subscription"))});
    return request;
  }

  // Joins and syncs alone; returns the member id.
  JoinGroupResponse join_alone(std::int16_t version = 3) {
    auto joined = client_->call<JoinGroupResponse>(join(""), version);
    if (joined.error_code == ErrorCode::kMemberIdRequired) {
      const std::string id = joined.member_id;
      joined = client_->call<JoinGroupResponse>(join(id), version);
    }
    SyncGroupRequest sync;
    sync.group_id = "g";
    sync.generation_id = joined.generation_id;
    sync.member_id = joined.member_id;
    sync.assignments.push_back({joined.member_id, BytesView(std::string_view("mine"))});
    const auto synced = client_->call<SyncGroupResponse>(sync, 3);
    EXPECT_EQ(synced.error_code, ErrorCode::kNone);
    EXPECT_EQ(BytesView(std::span<const std::byte>(synced.assignment)).text(), "mine");
    return joined;
  }

  static OffsetCommitRequest commit(std::int64_t offset, std::string_view metadata) {
    OffsetCommitRequest request;
    request.group_id = "g";
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.push_back({0, offset, -1, metadata});
    return request;
  }

  Uuid topic_id() { return Uuid{node_.broker().catalog().find("t")->id.bytes}; }

  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(GroupApisTest, FindCoordinator_IsThisBrokerInEveryVersion) {
  for (std::int16_t version = 0; version <= 6; ++version) {
    FindCoordinatorRequest request;
    request.key = "g";
    request.coordinator_keys = {"g", "h"};
    const auto answer = client_->call<FindCoordinatorResponse>(request, version);
    if (version < 4) {
      EXPECT_EQ(answer.error_code, ErrorCode::kNone) << version;
      EXPECT_EQ(answer.port, node_.port());
    } else {
      ASSERT_EQ(answer.coordinators.size(), 2U) << version;
      EXPECT_EQ(answer.coordinators[1].key, "h");
      EXPECT_EQ(answer.coordinators[1].port, node_.port());
    }
  }
}

TEST_F(GroupApisTest, FindCoordinator_OfATransactionIsRefused) {
  FindCoordinatorRequest request;
  request.key = "x";
  request.key_type = 1;
  EXPECT_NE(client_->call<FindCoordinatorResponse>(request, 2).error_code, ErrorCode::kNone);
}

TEST_F(GroupApisTest, JoinGroup_EveryVersionEndsInAMember) {
  for (std::int16_t version = 0; version <= 9; ++version) {
    const auto joined = join_alone(version);
    EXPECT_EQ(joined.error_code, ErrorCode::kNone) << version;
    EXPECT_EQ(joined.leader, joined.member_id) << version;
    EXPECT_EQ(joined.protocol_name, "range") << version;
    ASSERT_EQ(joined.members.size(), 1U) << version;
    LeaveGroupRequest leave;
    leave.group_id = "g";
    leave.member_id = joined.member_id;
    EXPECT_EQ(client_->call<LeaveGroupResponse>(leave, 1).error_code, ErrorCode::kNone);
  }
}

TEST_F(GroupApisTest, JoinGroup_TellsANewMemberItsIdFirstSinceVersion4) {
  const auto answer = client_->call<JoinGroupResponse>(join(""), 4);
  EXPECT_EQ(answer.error_code, ErrorCode::kMemberIdRequired);
  EXPECT_FALSE(answer.member_id.empty());
}

TEST_F(GroupApisTest, Heartbeat_KnowsTheGeneration) {
  const auto joined = join_alone();
  HeartbeatRequest beat;
  beat.group_id = "g";
  beat.generation_id = joined.generation_id;
  beat.member_id = joined.member_id;
  for (std::int16_t version = 0; version <= 4; ++version) {
    EXPECT_EQ(client_->call<HeartbeatResponse>(beat, version).error_code, ErrorCode::kNone);
  }
  beat.generation_id += 1;
  EXPECT_EQ(client_->call<HeartbeatResponse>(beat, 4).error_code, ErrorCode::kIllegalGeneration);
  beat.member_id = "nobody";
  EXPECT_EQ(client_->call<HeartbeatResponse>(beat, 4).error_code, ErrorCode::kUnknownMemberId);
}

TEST_F(GroupApisTest, LeaveGroup_AnswersEachMemberSinceVersion3) {
  const auto joined = join_alone();
  LeaveGroupRequest leave;
  leave.group_id = "g";
  leave.members.resize(2);
  leave.members[0].member_id = joined.member_id;
  leave.members[1].member_id = "nobody";
  const auto answer = client_->call<LeaveGroupResponse>(leave, 4);
  ASSERT_EQ(answer.members.size(), 2U);
  EXPECT_EQ(answer.members[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(answer.members[1].error_code, ErrorCode::kUnknownMemberId);
}

TEST_F(GroupApisTest, Commit_WithoutMembershipMakesTheGroupAndKeepsMetadata) {
  for (std::int16_t version = 2; version <= 9; ++version) {
    const auto answer = client_->call<OffsetCommitResponse>(commit(version, "note"), version);
    EXPECT_EQ(answer.topics.at(0).partitions.at(0).error_code, ErrorCode::kNone) << version;
  }
  for (std::int16_t version = 1; version <= 7; ++version) {
    OffsetFetchRequest fetch;
    fetch.group_id = "g";
    fetch.topics.emplace();
    fetch.topics->push_back({"t", {0, 1}});
    const auto answer = client_->call<OffsetFetchResponse>(fetch, version).topics.at(0);
    EXPECT_EQ(answer.partitions.at(0).committed_offset, 9) << version;
    EXPECT_EQ(answer.partitions.at(0).metadata, "note") << version;
    EXPECT_EQ(answer.partitions.at(1).committed_offset, -1) << version;
    EXPECT_EQ(answer.partitions.at(1).error_code, ErrorCode::kNone) << version;
  }
}

TEST_F(GroupApisTest, OffsetFetch_WithoutTopicsTellsAll) {
  client_->call<OffsetCommitResponse>(commit(5, ""), 8);
  OffsetFetchRequest old;
  old.group_id = "g";
  EXPECT_EQ(client_->call<OffsetFetchResponse>(old, 2).topics.size(), 1U);
  OffsetFetchRequest batched;
  batched.groups.resize(2);
  batched.groups[0].group_id = "g";
  batched.groups[1].group_id = "nobody";
  const auto answer = client_->call<OffsetFetchResponse>(batched, 8);
  ASSERT_EQ(answer.groups.size(), 2U);
  EXPECT_EQ(answer.groups[0].topics.at(0).partitions.at(0).committed_offset, 5);
  EXPECT_TRUE(answer.groups[1].topics.empty());
}

TEST_F(GroupApisTest, CommitAndFetch_ByTopicIdInVersion10) {
  auto request = commit(6, "");
  request.topics[0].topic_id = topic_id();
  const auto committed = client_->call<OffsetCommitResponse>(request, 10);
  EXPECT_EQ(committed.topics.at(0).topic_id, topic_id());
  EXPECT_EQ(committed.topics.at(0).partitions.at(0).error_code, ErrorCode::kNone);
  request.topics[0].topic_id = Uuid{{9}};
  EXPECT_EQ(client_->call<OffsetCommitResponse>(request, 10).topics[0].partitions[0].error_code,
            ErrorCode::kUnknownTopicId);
  OffsetFetchRequest fetch;
  fetch.groups.resize(1);
  fetch.groups[0].group_id = "g";
  fetch.groups[0].topics.emplace();
  fetch.groups[0].topics->push_back({"", topic_id(), {0}});
  const auto answer = client_->call<OffsetFetchResponse>(fetch, 10).groups.at(0);
  EXPECT_EQ(answer.topics.at(0).topic_id, topic_id());
  EXPECT_EQ(answer.topics.at(0).partitions.at(0).committed_offset, 6);
}

TEST_F(GroupApisTest, Commit_ToAnUnknownTopicIsRefused) {
  auto request = commit(1, "");
  request.topics[0].name = "nobody";
  EXPECT_EQ(client_->call<OffsetCommitResponse>(request, 8).topics[0].partitions[0].error_code,
            ErrorCode::kUnknownTopicOrPartition);
}

TEST_F(GroupApisTest, CommittedOffsets_SurviveAKill) {
  client_->call<OffsetCommitResponse>(commit(42, "kept"), 8);
  node_.crash();
  client_.emplace(node_.port());
  FindCoordinatorRequest find;
  find.key = "g";
  ASSERT_EQ(client_->call<FindCoordinatorResponse>(find, 1).error_code, ErrorCode::kNone);
  OffsetFetchRequest fetch;
  fetch.group_id = "g";
  const auto answer = client_->call<OffsetFetchResponse>(fetch, 5);
  EXPECT_EQ(answer.topics.at(0).partitions.at(0).committed_offset, 42);
  EXPECT_EQ(answer.topics.at(0).partitions.at(0).metadata, "kept");
}

TEST_F(GroupApisTest, CommittedLeaderEpoch_IsToldAgainAlsoAfterAKill) {
  auto request = commit(42, "");
  request.topics[0].partitions[0].committed_leader_epoch = 5;
  client_->call<OffsetCommitResponse>(request, 8);
  OffsetFetchRequest fetch;
  fetch.group_id = "g";
  const auto told = [&] {
    const auto answer = client_->call<OffsetFetchResponse>(fetch, 5);
    return answer.topics.at(0).partitions.at(0).committed_leader_epoch;
  };
  EXPECT_EQ(told(), 5);
  node_.crash();
  client_.emplace(node_.port());
  FindCoordinatorRequest find;
  find.key = "g";
  ASSERT_EQ(client_->call<FindCoordinatorResponse>(find, 1).error_code, ErrorCode::kNone);
  EXPECT_EQ(told(), 5);
}

TEST_F(GroupApisTest, DescribeAndList_ReadTheLiveGroup) {
  join_alone();
  DescribeGroupsRequest describe;
  describe.groups = {"g", "nobody"};
  for (std::int16_t version = 0; version <= 6; ++version) {
    const auto answer = client_->call<DescribeGroupsResponse>(describe, version);
    ASSERT_EQ(answer.groups.size(), 2U) << version;
    EXPECT_EQ(answer.groups[0].group_state, "Stable") << version;
    EXPECT_EQ(answer.groups[0].members.size(), 1U) << version;
    EXPECT_EQ(answer.groups[0].members[0].client_id, "test") << version;
    EXPECT_EQ(answer.groups[1].group_state, "Dead") << version;
    if (version < 6) {
      EXPECT_EQ(answer.groups[1].error_code, ErrorCode::kNone) << version;
    } else {
      EXPECT_EQ(answer.groups[1].error_code, ErrorCode::kGroupIdNotFound);
      EXPECT_EQ(answer.groups[1].error_message, "Group nobody not found.");
    }
  }
  for (std::int16_t version = 0; version <= 5; ++version) {
    const auto answer = client_->call<ListGroupsResponse>(ListGroupsRequest{}, version);
    ASSERT_EQ(answer.groups.size(), 1U) << version;
    EXPECT_EQ(answer.groups[0].group_id, "g") << version;
    EXPECT_EQ(answer.groups[0].protocol_type, "consumer") << version;
  }
}

TEST_F(GroupApisTest, DeletedTopic_LosesItsCommittedOffsets) {
  client_->call<OffsetCommitResponse>(commit(5, ""), 8);
  ASSERT_TRUE(node_.broker().catalog().find("t"));
  OffsetFetchRequest fetch;
  fetch.group_id = "g";
  ASSERT_EQ(client_->call<OffsetFetchResponse>(fetch, 5).topics.size(), 1U);
  test::delete_topic(*client_, "t");
  // Their tombstones follow the topic's own; readers see them once they are durable.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool gone = false;
  while (!gone && std::chrono::steady_clock::now() < deadline) {
    gone = client_->call<OffsetFetchResponse>(fetch, 5).topics.empty();
  }
  EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace orloj::broker
