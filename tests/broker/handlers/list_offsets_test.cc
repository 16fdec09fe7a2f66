#include "broker/handlers/list_offsets.h"

#include <gtest/gtest.h>

#include "protocol/messages/list_offsets.h"
#include "protocol/messages/offset_for_leader_epoch.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using protocol::ErrorCode;
using protocol::ListOffsetsRequest;
using protocol::ListOffsetsResponse;
using protocol::OffsetForLeaderEpochRequest;
using protocol::OffsetForLeaderEpochResponse;
using test::Client;
using test::make_batch;

class ListOffsetsTest : public testing::Test {
 protected:
  void SetUp() override {
    node_.start();
    client_.emplace(node_.port());
    test::create_topic(*client_, "t");
    test::produce(*client_, "t", make_batch({{"a", {}, 1'000}, {"b", {}, 3'000}}));
    test::produce(*client_, "t", make_batch({{"c", {}, 2'000}}));
  }

  ListOffsetsResponse::Partition ask(std::int64_t timestamp, std::int16_t version = 11,
                                     std::int32_t epoch = -1) {
    ListOffsetsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    auto& partition = topic.partitions.emplace_back();
    partition.timestamp = timestamp;
    partition.current_leader_epoch = epoch;
    return client_->call<ListOffsetsResponse>(request, version).topics.at(0).partitions.at(0);
  }

  std::int32_t epoch() {
    const auto id = node_.broker().catalog().find("t")->id;
    return node_.broker().logs().find({id, 0})->leader_epoch();
  }

  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(ListOffsetsTest, EndsOfTheLog_AreToldInEveryVersion) {
  for (std::int16_t version = 1; version <= 11; ++version) {
    EXPECT_EQ(ask(-1, version).offset, 3) << version;
    EXPECT_EQ(ask(-2, version).offset, 0) << version;
    EXPECT_EQ(ask(-1, version).timestamp, -1) << version;
  }
  EXPECT_EQ(ask(-1).leader_epoch, epoch());
}

TEST_F(ListOffsetsTest, Instant_FindsTheFirstRecordAtOrAfterIt) {
  EXPECT_EQ(ask(1'000).offset, 0);
  EXPECT_EQ(ask(1'001).offset, 1);
  EXPECT_EQ(ask(1'001).timestamp, 3'000);
  EXPECT_EQ(ask(3'000).offset, 1);
}

TEST_F(ListOffsetsTest, InstantBehindEverything_HasNoOffset) {
  const auto answer = ask(3'001);
  EXPECT_EQ(answer.error_code, ErrorCode::kNone);
  EXPECT_EQ(answer.offset, -1);
  EXPECT_EQ(answer.timestamp, -1);
}

TEST_F(ListOffsetsTest, MaxTimestamp_IsTheRecordThatHasIt) {
  const auto answer = ask(-3);
  EXPECT_EQ(answer.offset, 1);
  EXPECT_EQ(answer.timestamp, 3'000);
}

TEST_F(ListOffsetsTest, SpecialInstants_NeedTheirVersions) {
  EXPECT_EQ(ask(-3, 6).error_code, ErrorCode::kUnsupportedVersion);
  EXPECT_EQ(ask(-4, 7).error_code, ErrorCode::kUnsupportedVersion);
  EXPECT_EQ(ask(-4, 8).offset, 0);
  EXPECT_EQ(ask(-5, 8).error_code, ErrorCode::kUnsupportedVersion);
  EXPECT_EQ(ask(-5, 9).offset, -1);
  EXPECT_EQ(ask(-6, 10).error_code, ErrorCode::kUnsupportedVersion);
  EXPECT_EQ(ask(-6, 11).offset, -1);
  EXPECT_EQ(ask(-7, 11).error_code, ErrorCode::kUnsupportedVersion);
}

TEST_F(ListOffsetsTest, LeaderEpoch_IsChecked) {
  EXPECT_EQ(ask(-1, 11, epoch() + 1).error_code, ErrorCode::kUnknownLeaderEpoch);
  EXPECT_EQ(ask(-1, 11, epoch()).error_code, ErrorCode::kNone);
}

TEST_F(ListOffsetsTest, OffsetForLeaderEpoch_EndsTheLatestAtTheEndOfTheLog) {
  OffsetForLeaderEpochRequest request;
  auto& topic = request.topics.emplace_back();
  topic.topic = "t";
  topic.partitions.resize(3);
  topic.partitions[0].leader_epoch = epoch();
  topic.partitions[1].leader_epoch = -1;
  topic.partitions[2].leader_epoch = epoch();
  topic.partitions[2].partition = 9;
  for (std::int16_t version = 2; version <= 4; ++version) {
    const auto answer = client_->call<OffsetForLeaderEpochResponse>(request, version).topics.at(0);
    EXPECT_EQ(answer.partitions[0].leader_epoch, epoch());
    EXPECT_EQ(answer.partitions[0].end_offset, 3);
    EXPECT_EQ(answer.partitions[1].end_offset, -1);
    EXPECT_EQ(answer.partitions[2].error_code, ErrorCode::kUnknownTopicOrPartition);
  }
}

}  // namespace
}  // namespace orloj::broker
