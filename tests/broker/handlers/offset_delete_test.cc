// OffsetDelete over the wire; who may delete what is decided, and tested, in the group.
#include "broker/handlers/offset_delete.h"

#include <gtest/gtest.h>

#include "protocol/messages/find_coordinator.h"
#include "protocol/messages/join_group.h"
#include "protocol/messages/offset_commit.h"
#include "protocol/messages/offset_delete.h"
#include "protocol/messages/offset_fetch.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using namespace protocol;  // NOLINT: five APIs with a request and a response each
using protocol::ErrorCode;
using test::Client;
using Codes = std::vector<std::pair<std::int32_t, ErrorCode>>;

class OffsetDeleteTest : public testing::Test {
 protected:
  void SetUp() override {
    node_.start();
    client_.emplace(node_.port());
    test::create_topic(*client_, "t", 2);
    test::create_topic(*client_, "u");
    find_coordinator();
  }

  void find_coordinator() {
    FindCoordinatorRequest find;
    find.key = "g";
    client_->call<FindCoordinatorResponse>(find, 1);
  }
  void commit() {
    OffsetCommitRequest request;
    request.group_id = "g";
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.push_back({0, 5, -1, ""});
    topic.partitions.push_back({1, 6, -1, ""});
    client_->call<OffsetCommitResponse>(request, 8);
  }
  std::vector<std::int32_t> committed() {
    OffsetFetchRequest fetch;
    fetch.group_id = "g";
    std::vector<std::int32_t> partitions;
    for (const auto& topic : client_->call<OffsetFetchResponse>(fetch, 5).topics) {
      for (const auto& partition : topic.partitions) {
        partitions.push_back(partition.partition_index);
      }
    }
    return partitions;
  }
  OffsetDeleteResponse deleted(
      const std::vector<std::pair<std::string_view, std::vector<std::int32_t>>>& topics,
      std::string_view group = "g") {
    OffsetDeleteRequest request;
    request.group_id = group;
    for (const auto& [name, partitions] : topics) {
      auto& topic = request.topics.emplace_back();
      topic.name = name;
      for (const auto partition : partitions) topic.partitions.push_back({partition});
    }
    return client_->call<OffsetDeleteResponse>(request, 0);
  }
  static Codes codes(const OffsetDeleteResponse::Topic& topic) {
    Codes found;
    for (const auto& partition : topic.partitions) {
      found.emplace_back(partition.partition_index, partition.error_code);
    }
    return found;
  }

  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(OffsetDeleteTest, ForgetsWhatIsNamedAndAnswersEachPartitionOnce) {
  commit();
  const auto answer = deleted({{"t", {1, 1, 9}}, {"nobody", {0}}, {"u", {0}}, {"t", {-1}}});
  EXPECT_EQ(answer.error_code, ErrorCode::kNone);
  ASSERT_EQ(answer.topics.size(), 3U);
  const auto unknown = ErrorCode::kUnknownTopicOrPartition;
  EXPECT_EQ(codes(answer.topics[0]), (Codes{{0, unknown}}));
  EXPECT_EQ(codes(answer.topics[1]), (Codes{{-1, unknown}, {1, ErrorCode::kNone}, {9, unknown}}));
  EXPECT_EQ(codes(answer.topics[2]), (Codes{{0, ErrorCode::kNone}}));
  EXPECT_EQ(committed(), std::vector<std::int32_t>{0});
}

TEST_F(OffsetDeleteTest, FaultsOfTheWholeRequestTellNoTopics) {
  const auto expect = [&](const OffsetDeleteResponse& answer, ErrorCode code) {
    EXPECT_EQ(answer.error_code, code);
    EXPECT_TRUE(answer.topics.empty());
  };
  expect(deleted({{"t", {0}}}, "nobody"), ErrorCode::kGroupIdNotFound);
  expect(deleted({{"nobody", {0}}}, "nobody"), ErrorCode::kGroupIdNotFound);
  expect(deleted({{"t", {0}}}, ""), ErrorCode::kInvalidGroupId);
  commit();
  expect(deleted({}), ErrorCode::kNone);
  expect(deleted({{"t", {}}}), ErrorCode::kNone);
}

TEST_F(OffsetDeleteTest, TopicsOfMembersAreSpared) {
  commit();
  JoinGroupRequest join;
  join.group_id = "g";
  join.session_timeout_ms = 10'000;
  join.rebalance_timeout_ms = 10'000;
  join.protocol_type = "consumer";
  // ConsumerProtocolSubscription, version 0: topics [t], no user data.
  const std::string_view subscription("\0\0\0\0\0\1\0\1t\xff\xff\xff\xff", 13);
  join.protocols.push_back({"range", BytesView(subscription)});
  ASSERT_EQ(client_->call<JoinGroupResponse>(join, 2).error_code, ErrorCode::kNone);
  const auto answer = deleted({{"t", {0, 7}}, {"u", {0}}});
  EXPECT_EQ(answer.error_code, ErrorCode::kNone);
  EXPECT_EQ(codes(answer.topics.at(0)), (Codes{{0, ErrorCode::kGroupSubscribedToTopic},
                                               {7, ErrorCode::kUnknownTopicOrPartition}}));
  EXPECT_EQ(codes(answer.topics.at(1)), (Codes{{0, ErrorCode::kNone}}));
  EXPECT_EQ(committed(), (std::vector<std::int32_t>{0, 1}));
}

TEST_F(OffsetDeleteTest, WhatIsAnsweredOutlivesAKill) {
  commit();
  EXPECT_EQ(deleted({{"t", {0}}}).error_code, ErrorCode::kNone);
  client_.reset();
  node_.crash();
  client_.emplace(node_.port());
  find_coordinator();
  EXPECT_EQ(committed(), std::vector<std::int32_t>{1});
}

}  // namespace
}  // namespace orloj::broker
