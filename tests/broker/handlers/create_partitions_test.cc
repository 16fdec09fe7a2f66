// CreatePartitions over the wire, and what becomes of records, schedules and restarts.
#include "broker/handlers/create_partitions.h"

#include <gtest/gtest.h>

#include "protocol/messages/create_partitions.h"
#include "protocol/messages/find_coordinator.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using protocol::CreatePartitionsRequest;
using protocol::CreatePartitionsResponse;
using protocol::ErrorCode;
using test::Client;
using Assignments = std::vector<CreatePartitionsRequest::Assignment>;

class CreatePartitionsTest : public testing::Test {
 protected:
  void SetUp() override {
    node_.start();
    client_.emplace(node_.port());
    test::create_topic(*client_, "t", 2);
  }

  static CreatePartitionsRequest grow(std::string_view name, std::int32_t count,
                                      std::optional<Assignments> assignments = std::nullopt) {
    CreatePartitionsRequest request;
    request.timeout_ms = 5'000;
    request.topics.push_back({name, count, std::move(assignments)});
    return request;
  }

  CreatePartitionsResponse::Topic grown(const CreatePartitionsRequest& request,
                                        std::int16_t version = 3) {
    return client_->call<CreatePartitionsResponse>(request, version).results.at(0);
  }
  void expect(const CreatePartitionsRequest& request, ErrorCode code,
              const std::optional<std::string>& message) {
    const auto answer = grown(request);
    EXPECT_EQ(answer.error_code, code);
    EXPECT_EQ(answer.error_message, message);
  }

  std::int32_t partitions(const std::string& name = "t") {
    return node_.broker().catalog().find(name)->partition_count;
  }
  ErrorCode produced(std::int32_t partition) {
    const auto batch = test::make_batch({{"a"}});
    const auto response =
        client_->call<protocol::ProduceResponse>(test::produce_request("t", partition, batch), 9);
    return response.topics.at(0).partitions.at(0).error_code;
  }

  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(CreatePartitionsTest, EveryVersionAddsPartitionsThatTakeRecords) {
  for (std::int16_t version = 0; version <= 3; ++version) {
    const std::int32_t count = 3 + version;
    EXPECT_EQ(produced(count - 1), ErrorCode::kUnknownTopicOrPartition);
    const auto answer = grown(grow("t", count), version);
    EXPECT_EQ(answer.error_code, ErrorCode::kNone) << version;
    EXPECT_EQ(answer.error_message, std::nullopt);
    EXPECT_EQ(partitions(), count);
    EXPECT_EQ(produced(count - 1), ErrorCode::kNone);
  }
}

TEST_F(CreatePartitionsTest, CountsThatAreNoIncreaseAreRefusedInKafkasWords) {
  expect(grow("t", 2), ErrorCode::kInvalidPartitions, "Topic already has 2 partition(s).");
  for (const std::int32_t count : {1, 0, -1}) {
    expect(grow("t", count), ErrorCode::kInvalidPartitions,
           "The topic t currently has 2 partition(s); " + std::to_string(count) +
               " would not be an increase.");
  }
  expect(grow("nobody", 3), ErrorCode::kUnknownTopicOrPartition, std::nullopt);
  EXPECT_EQ(partitions(), 2);
}

TEST_F(CreatePartitionsTest, LimitsAreNamed) {
  const auto per_topic = node_.config.coordinator.partitions_per_topic_max;
  const auto answer = grown(grow("t", static_cast<std::int32_t>(per_topic) + 1));
  EXPECT_EQ(answer.error_code, ErrorCode::kInvalidPartitions);
  EXPECT_NE(answer.error_message.value_or("").find("partitions_per_topic_max"), std::string::npos);
  EXPECT_EQ(partitions(), 2);
}

TEST_F(CreatePartitionsTest, ValidateOnlyChecksAndAddsNothing) {
  auto request = grow("t", 9);
  request.validate_only = true;
  EXPECT_EQ(grown(request).error_code, ErrorCode::kNone);
  request.topics[0].count = 2;
  EXPECT_EQ(grown(request).error_code, ErrorCode::kInvalidPartitions);
  EXPECT_EQ(partitions(), 2);
}

TEST_F(CreatePartitionsTest, AssignmentsNameThisBrokerOnceForEachNewPartition) {
  const std::int32_t me = node_.config.broker.node_id;
  const auto bad = ErrorCode::kInvalidReplicaAssignment;
  expect(grow("t", 4, Assignments{{{me}}}), bad,
         "Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.");
  expect(grow("t", 3, Assignments{}), bad,
         "Attempted to add 1 additional partition(s), but only 0 assignment(s) were specified.");
  expect(grow("t", 3, Assignments{{{me, 99}}}), bad,
         "The manual partition assignment includes broker 99, but no such broker is registered.");
  expect(grow("t", 3, Assignments{{{me, me}}}), bad,
         "The manual partition assignment includes the broker 1 more than once.");
  expect(grow("t", 3, Assignments{{{}}}), bad,
         "The manual partition assignment includes an empty replica list.");
  EXPECT_EQ(partitions(), 2);
  EXPECT_EQ(grown(grow("t", 4, Assignments{{{me}}, {{me}}})).error_code, ErrorCode::kNone);
  EXPECT_EQ(partitions(), 4);
}

TEST_F(CreatePartitionsTest, TopicsStandForThemselvesAndANameTwiceIsRefused) {
  test::create_topic(*client_, "u", 1);
  auto request = grow("t", 3);
  request.topics.push_back({"t", 4, std::nullopt});
  request.topics.push_back({"u", 2, std::nullopt});
  const auto response = client_->call<CreatePartitionsResponse>(request, 3);
  ASSERT_EQ(response.results.size(), 2U);
  EXPECT_EQ(response.results[0].error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(response.results[0].error_message, "Duplicate topic name.");
  EXPECT_EQ(response.results[1].error_code, ErrorCode::kNone);
  EXPECT_EQ(partitions("t"), 2);
  EXPECT_EQ(partitions("u"), 2);
}

TEST_F(CreatePartitionsTest, InternalTopicsDoNotGrow) {
  protocol::FindCoordinatorRequest find;  // makes the topic
  find.key = "g";
  client_->call<protocol::FindCoordinatorResponse>(find, 1);
  EXPECT_EQ(grown(grow("__consumer_offsets", 9)).error_code, ErrorCode::kInvalidTopicException);
  EXPECT_EQ(partitions("__consumer_offsets"), 1);
}

TEST_F(CreatePartitionsTest, NewPartitionsTakeSchedules) {
  grown(grow("t", 3));
  const auto batch = test::make_batch({{"later", {{"schedule-delay", "1ms"}}}});
  const auto response =
      client_->call<protocol::ProduceResponse>(test::produce_request("t", 2, batch), 9);
  EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code, ErrorCode::kNone);
  auto request = test::fetch_request("t", 0);
  request.topics[0].partitions[0].partition = 2;
  request.max_wait_ms = 8'000;
  EXPECT_EQ(test::fetch(*client_, request).high_watermark, 1);
}

TEST_F(CreatePartitionsTest, PartitionsRecordsAndSchedulesOutliveAKill) {
  EXPECT_EQ(produced(0), ErrorCode::kNone);
  const auto batch = test::make_batch({{"later", {{"schedule-delay", "1h"}}}});
  test::produce(*client_, "t", batch);
  const auto pending = [&] {
    const auto topic = node_.broker().catalog().find("t");
    return node_.broker().logs().find({topic->id, 0})->schedule_offsets().high_watermark;
  };
  const auto before = pending();
  EXPECT_GT(before, 0);
  const auto id = node_.broker().catalog().find("t")->id;
  EXPECT_EQ(grown(grow("t", 4)).error_code, ErrorCode::kNone);
  client_.reset();
  node_.crash();
  client_.emplace(node_.port());
  EXPECT_EQ(partitions(), 4);
  EXPECT_EQ(node_.broker().catalog().find("t")->id, id);
  EXPECT_EQ(node_.broker().catalog().find("t")->partitions_at_creation, 2);
  EXPECT_EQ(pending(), before);
  EXPECT_EQ(test::fetch(*client_, test::fetch_request("t", 0)).high_watermark, 1);
  EXPECT_EQ(produced(3), ErrorCode::kNone);
}

}  // namespace
}  // namespace orloj::broker
