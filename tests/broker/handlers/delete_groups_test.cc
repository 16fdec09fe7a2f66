// DeleteGroups over the wire, and a restart behind it.
#include "broker/handlers/delete_groups.h"

#include <gtest/gtest.h>

#include "protocol/messages/delete_groups.h"
#include "protocol/messages/find_coordinator.h"
#include "protocol/messages/join_group.h"
#include "protocol/messages/list_groups.h"
#include "protocol/messages/offset_commit.h"
#include "protocol/messages/offset_fetch.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using namespace protocol;  // NOLINT: six APIs with a request and a response each
using protocol::ErrorCode;
using test::Client;

class DeleteGroupsTest : public testing::Test {
 protected:
  void SetUp() override {
    node_.start();
    client_.emplace(node_.port());
    test::create_topic(*client_, "t");
    find_coordinator();
  }

  void find_coordinator() {
    FindCoordinatorRequest find;
    find.key = "g";
    client_->call<FindCoordinatorResponse>(find, 1);
  }
  void commit(std::string_view group) {
    OffsetCommitRequest request;
    request.group_id = group;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.push_back({0, 5, -1, ""});
    client_->call<OffsetCommitResponse>(request, 8);
  }
  std::size_t offsets_of(std::string_view group) {
    OffsetFetchRequest fetch;
    fetch.group_id = group;
    return client_->call<OffsetFetchResponse>(fetch, 5).topics.size();
  }
  std::size_t group_count() {
    return client_->call<ListGroupsResponse>(ListGroupsRequest{}, 3).groups.size();
  }
  std::vector<DeleteGroupsResponse::Group> deleted(std::vector<std::string_view> names,
                                                   std::int16_t version = 2) {
    DeleteGroupsRequest request;
    request.groups_names = std::move(names);
    return client_->call<DeleteGroupsResponse>(request, version).results;
  }

  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(DeleteGroupsTest, EveryVersionForgetsTheGroupAndItsOffsets) {
  for (std::int16_t version = 0; version <= 2; ++version) {
    commit("g");
    EXPECT_EQ(offsets_of("g"), 1U);
    const auto results = deleted({"g"}, version);
    ASSERT_EQ(results.size(), 1U) << version;
    EXPECT_EQ(results[0].group_id, "g");
    EXPECT_EQ(results[0].error_code, ErrorCode::kNone);
    EXPECT_EQ(offsets_of("g"), 0U);
    EXPECT_EQ(group_count(), 0U);
  }
}

TEST_F(DeleteGroupsTest, GroupsStandForThemselvesAndAreAnsweredOnce) {
  commit("g");
  commit("h");
  const auto results = deleted({"g", "nobody", "g", "h"});
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(results[1].group_id, "nobody");
  EXPECT_EQ(results[1].error_code, ErrorCode::kGroupIdNotFound);
  EXPECT_EQ(results[2].error_code, ErrorCode::kNone);
  EXPECT_TRUE(deleted({}).empty());
}

TEST_F(DeleteGroupsTest, AGroupWithMembersStays) {
  JoinGroupRequest join;
  join.group_id = "g";
  join.session_timeout_ms = 10'000;
  join.rebalance_timeout_ms = 10'000;
  join.protocol_type = "consumer";
  join.protocols.push_back({"range", BytesView(std::string_view("x"))});
  EXPECT_EQ(client_->call<JoinGroupResponse>(join, 2).error_code, ErrorCode::kNone);
  EXPECT_EQ(deleted({"g"}).at(0).error_code, ErrorCode::kNonEmptyGroup);
  EXPECT_EQ(group_count(), 1U);
}

TEST_F(DeleteGroupsTest, WhatIsAnsweredOutlivesAKill) {
  commit("g");
  commit("kept");
  EXPECT_EQ(deleted({"g"}).at(0).error_code, ErrorCode::kNone);
  client_.reset();
  node_.crash();
  client_.emplace(node_.port());
  find_coordinator();
  EXPECT_EQ(offsets_of("g"), 0U);
  EXPECT_EQ(offsets_of("kept"), 1U);
  EXPECT_EQ(group_count(), 1U);
}

}  // namespace
}  // namespace orloj::broker
