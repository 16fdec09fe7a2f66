// DeleteRecords over the wire, with what Fetch and ListOffsets say afterwards.
#include "broker/handlers/delete_records.h"

#include <gtest/gtest.h>

#include "protocol/messages/delete_records.h"
#include "protocol/messages/find_coordinator.h"
#include "protocol/messages/list_offsets.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using protocol::DeleteRecordsRequest;
using protocol::DeleteRecordsResponse;
using protocol::ErrorCode;
using test::Client;

class DeleteRecordsTest : public testing::Test {
 protected:
  void SetUp() override {
    node_.start();
    client_.emplace(node_.port());
    test::create_topic(*client_, "t", 2);
    for (const char* value : {"a", "b", "c", "d"}) {
      test::produce(*client_, "t", test::make_batch({{value}}));
    }
  }

  static DeleteRecordsRequest before(std::int64_t offset, std::string_view topic = "t",
                                     std::int32_t partition = 0) {
    DeleteRecordsRequest request;
    request.timeout_ms = 5'000;
    add(request, offset, topic, partition);
    return request;
  }
  static void add(DeleteRecordsRequest& request, std::int64_t offset, std::string_view topic,
                  std::int32_t partition) {
    auto& asked = request.topics.emplace_back();
    asked.name = topic;
    asked.partitions.push_back({partition, offset});
  }

  DeleteRecordsResponse::Partition deleted(const DeleteRecordsRequest& request,
                                           std::int16_t version = 2) {
    return client_->call<DeleteRecordsResponse>(request, version).topics.at(0).partitions.at(0);
  }

  std::int64_t earliest() {
    protocol::ListOffsetsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.emplace_back().timestamp = -2;
    const auto answer = client_->call<protocol::ListOffsetsResponse>(request, 7);
    return answer.topics.at(0).partitions.at(0).offset;
  }

  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(DeleteRecordsTest, EveryVersionMovesTheLogStart) {
  for (std::int16_t version = 0; version <= 2; ++version) {
    const auto answer = deleted(before(version + 1), version);
    EXPECT_EQ(answer.error_code, ErrorCode::kNone) << version;
    EXPECT_EQ(answer.low_watermark, version + 1);
    EXPECT_EQ(earliest(), version + 1);
  }
}

TEST_F(DeleteRecordsTest, FetchBelowTheLogStartIsOutOfRange) {
  deleted(before(2));
  EXPECT_EQ(test::fetch(*client_, test::fetch_request("t", 1)).error_code,
            ErrorCode::kOffsetOutOfRange);
  const auto rest = test::fetch(*client_, test::fetch_request("t", 2));
  EXPECT_EQ(rest.error_code, ErrorCode::kNone);
  EXPECT_EQ(rest.log_start_offset, 2);
}

TEST_F(DeleteRecordsTest, BelowTheLogStartNothingChanges) {
  deleted(before(3));
  const auto answer = deleted(before(1));
  EXPECT_EQ(answer.error_code, ErrorCode::kNone);
  EXPECT_EQ(answer.low_watermark, 3);
}

TEST_F(DeleteRecordsTest, MinusOneIsTheHighWatermark) {
  EXPECT_EQ(deleted(before(-1)).low_watermark, 4);
  EXPECT_EQ(deleted(before(-1, "t", 1)).low_watermark, 0);
  test::produce(*client_, "t", test::make_batch({{"e"}}));
  EXPECT_EQ(test::fetch(*client_, test::fetch_request("t", 4)).high_watermark, 5);
}

TEST_F(DeleteRecordsTest, FaultsHaveTheirCodesAndLeaveTheRecords) {
  test::create_topic(*client_, "compacted", 1, {{"cleanup.policy", "compact"}});
  const auto expect = [&](const DeleteRecordsRequest& request, ErrorCode code) {
    const auto answer = deleted(request);
    EXPECT_EQ(answer.error_code, code) << request.topics[0].name;
    EXPECT_EQ(answer.low_watermark, -1) << request.topics[0].name;
  };
  expect(before(5), ErrorCode::kOffsetOutOfRange);
  expect(before(-2), ErrorCode::kOffsetOutOfRange);
  expect(before(0, "nobody"), ErrorCode::kUnknownTopicOrPartition);
  expect(before(0, "t", 2), ErrorCode::kUnknownTopicOrPartition);
  expect(before(0, "t", -1), ErrorCode::kUnknownTopicOrPartition);
  expect(before(0, "compacted"), ErrorCode::kPolicyViolation);
  EXPECT_EQ(earliest(), 0);
}

TEST_F(DeleteRecordsTest, InternalTopicsKeepTheirRecords) {
  protocol::FindCoordinatorRequest find;  // makes the topic
  find.key = "g";
  client_->call<protocol::FindCoordinatorResponse>(find, 1);
  EXPECT_EQ(deleted(before(0, "__consumer_offsets")).error_code, ErrorCode::kInvalidTopicException);
}

TEST_F(DeleteRecordsTest, PartitionsStandForThemselvesAndTheLastOfTwoCounts) {
  DeleteRecordsRequest request = before(9, "t", 0);
  add(request, 0, "t", 1);
  add(request, 0, "nobody", 0);
  add(request, 2, "t", 0);
  const auto response = client_->call<DeleteRecordsResponse>(request, 2);
  ASSERT_EQ(response.topics.size(), 2U);
  EXPECT_EQ(response.topics[0].name, "nobody");
  ASSERT_EQ(response.topics[1].partitions.size(), 2U);
  EXPECT_EQ(response.topics[1].partitions[0].low_watermark, 2);
  EXPECT_EQ(response.topics[1].partitions[1].low_watermark, 0);
}

TEST_F(DeleteRecordsTest, WhatIsAnsweredOutlivesAKill) {
  EXPECT_EQ(deleted(before(3)).low_watermark, 3);
  client_.reset();
  node_.crash();
  client_.emplace(node_.port());
  EXPECT_EQ(earliest(), 3);
  EXPECT_EQ(test::fetch(*client_, test::fetch_request("t", 3)).high_watermark, 4);
}

TEST_F(DeleteRecordsTest, APinnedLogStartTimesOutAndSaysWhereItIs) {
  const auto topic = node_.broker().catalog().find("t");
  const auto partition = node_.broker().logs().find({topic->id, 0});
  partition->set_retention_pin(1);
  auto request = before(3);
  request.timeout_ms = 30;
  const auto answer = deleted(request);
  EXPECT_EQ(answer.error_code, ErrorCode::kRequestTimedOut);
  EXPECT_EQ(answer.low_watermark, 1);
  partition->set_retention_pin(log::kNoOffset);
  EXPECT_EQ(deleted(request).low_watermark, 3);
}

TEST_F(DeleteRecordsTest, Promise4_PendingSchedulesStay) {
  const auto batch = test::make_batch({{"later", {{"schedule-delay", "1h"}}}});
  EXPECT_EQ(test::produce(*client_, "t", batch).error_code, ErrorCode::kNone);
  const auto topic = node_.broker().catalog().find("t");
  const auto partition = node_.broker().logs().find({topic->id, 0});
  const auto kept = partition->schedule_offsets();
  EXPECT_EQ(deleted(before(-1)).low_watermark, 4);
  EXPECT_EQ(partition->schedule_offsets().log_start, kept.log_start);
  EXPECT_EQ(partition->schedule_offsets().high_watermark, kept.high_watermark);
  EXPECT_GT(kept.high_watermark, 0);
}

}  // namespace
}  // namespace orloj::broker
