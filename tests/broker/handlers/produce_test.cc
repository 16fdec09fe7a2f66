#include "broker/handlers/produce.h"

#include <gtest/gtest.h>

#include "log/record_batch.h"
#include "protocol/messages/metadata.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using protocol::ErrorCode;
using protocol::ProduceRequest;
using protocol::ProduceResponse;
using test::Client;
using test::make_batch;

class ProduceTest : public testing::Test {
 protected:
  void SetUp() override {
    node_.start();
    client_.emplace(node_.port());
    test::create_topic(*client_, "t");
  }

  protocol::Uuid topic_id(const std::string& name) {
    return protocol::Uuid{node_.broker().catalog().find(name)->id.bytes};
  }

  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(ProduceTest, EveryVersion_StoresABatchAndAnswersItsOffset) {
  log::Offset expected = 0;
  for (std::int16_t version = 3; version <= 13; ++version) {
    const auto batch = make_batch({{"a"}, {"b"}});
    auto request = test::produce_request("t", 0, batch);
    request.topics[0].topic_id = topic_id("t");
    const auto response = client_->call<ProduceResponse>(request, version);
    const auto& answer = response.topics.at(0).partitions.at(0);
    EXPECT_EQ(answer.error_code, ErrorCode::kNone) << version;
    EXPECT_EQ(answer.base_offset, expected) << version;
    expected += 2;
  }
}

TEST_F(ProduceTest, ClientsBaseOffset_IsIgnored) {
  log::BatchHeaderFields fields;
  fields.base_offset = 77;
  EXPECT_EQ(test::produce(*client_, "t", make_batch({{"a"}}, fields)).base_offset, 0);
}

TEST_F(ProduceTest, UnknownTopic_IsToldByNameAndById) {
  const auto batch = make_batch({{"a"}});
  EXPECT_EQ(test::produce(*client_, "nobody", batch).error_code,
            ErrorCode::kUnknownTopicOrPartition);
  auto request = test::produce_request("", 0, batch);
  request.topics[0].topic_id.bytes[3] = 9;
  const auto response = client_->call<ProduceResponse>(request, 13);
  EXPECT_EQ(response.topics[0].partitions[0].error_code, ErrorCode::kUnknownTopicId);
}

TEST_F(ProduceTest, UnknownPartition_IsTold) {
  const auto batch = make_batch({{"a"}});
  const auto response = client_->call<ProduceResponse>(test::produce_request("t", 1, batch), 9);
  EXPECT_EQ(response.topics[0].partitions[0].error_code, ErrorCode::kUnknownTopicOrPartition);
}

TEST_F(ProduceTest, FlippedBit_IsCorruptMessage) {
  auto batch = make_batch({{"a"}});
  batch.back() ^= std::byte{1};
  EXPECT_EQ(test::produce(*client_, "t", batch).error_code, ErrorCode::kCorruptMessage);
}

TEST_F(ProduceTest, TwoBatchesInOnePartition_AreInvalid) {
  auto batch = make_batch({{"a"}});
  const auto second = make_batch({{"b"}});
  batch.insert(batch.end(), second.begin(), second.end());
  EXPECT_EQ(test::produce(*client_, "t", batch).error_code, ErrorCode::kInvalidRecord);
}

TEST_F(ProduceTest, NoRecords_AreInvalid) {
  auto request = test::produce_request("t", 0, {});
  request.topics[0].partitions[0].records.reset();
  const auto response = client_->call<ProduceResponse>(request, 9);
  EXPECT_EQ(response.topics[0].partitions[0].error_code, ErrorCode::kInvalidRecord);
}

TEST_F(ProduceTest, Zstd_NeedsVersion7) {
  log::BatchHeaderFields fields;
  fields.codec = log::Codec::kZstd;
  const auto batch = make_batch({{"a"}}, fields);
  EXPECT_EQ(test::produce(*client_, "t", batch, 6).error_code,
            ErrorCode::kUnsupportedCompressionType);
  EXPECT_EQ(test::produce(*client_, "t", batch, 7).error_code, ErrorCode::kNone);
}

TEST_F(ProduceTest, BatchAboveMaxMessageBytes_IsTooLarge) {
  test::create_topic(*client_, "small", 1, {{"max.message.bytes", "200"}});
  const auto batch = make_batch({{std::string(300, 'x')}});
  EXPECT_EQ(test::produce(*client_, "small", batch).error_code, ErrorCode::kMessageTooLarge);
}

TEST_F(ProduceTest, NullKeyOnACompactedTopic_IsAnErrorOfThatRecord) {
  test::create_topic(*client_, "c", 1, {{"cleanup.policy", "compact"}});
  test::TestRecord no_key{"b"};
  no_key.key = std::nullopt;
  const auto answer = test::produce(*client_, "c", make_batch({{"a"}, no_key}));
  EXPECT_EQ(answer.error_code, ErrorCode::kInvalidRecord);
  ASSERT_EQ(answer.record_errors.size(), 1U);
  EXPECT_EQ(answer.record_errors[0].batch_index, 1);
}

TEST_F(ProduceTest, UnknownAcks_AreRefused) {
  const auto batch = make_batch({{"a"}});
  const auto response = client_->call<ProduceResponse>(test::produce_request("t", 0, batch, 2), 9);
  EXPECT_EQ(response.topics[0].partitions[0].error_code, ErrorCode::kInvalidRequiredAcks);
}

TEST_F(ProduceTest, Acks0_IsNotAnsweredAndKeepsTheOrder) {
  const auto batch = make_batch({{"a"}});
  ASSERT_TRUE(client_->send(test::produce_request("t", 0, batch, 0), 9, 1));
  ASSERT_TRUE(client_->send(test::produce_request("t", 0, batch, 1), 9, 2));
  const auto answer = client_->receive<ProduceResponse>(9);
  EXPECT_EQ(answer.correlation_id, 2);
  EXPECT_EQ(answer.message.topics[0].partitions[0].base_offset, 1);
}

TEST_F(ProduceTest, FailedAcks0_ClosesTheConnection) {
  const auto batch = make_batch({{"a"}});
  ASSERT_TRUE(client_->send(test::produce_request("nobody", 0, batch, 0), 9));
  EXPECT_TRUE(client_->is_closed_by_broker());
}

TEST_F(ProduceTest, PipelinedBatches_AreStoredInOrder) {
  std::vector<std::vector<std::byte>> batches;
  for (int i = 0; i < 20; ++i) batches.push_back(make_batch({{std::to_string(i)}}));
  for (int i = 0; i < 20; ++i) {
    const auto& batch = batches[static_cast<std::size_t>(i)];
    ASSERT_TRUE(client_->send(test::produce_request("t", 0, batch), 9, i));
  }
  for (int i = 0; i < 20; ++i) {
    const auto answer = client_->receive<ProduceResponse>(9);
    EXPECT_EQ(answer.correlation_id, i);
    EXPECT_EQ(answer.message.topics[0].partitions[0].base_offset, i);
  }
}

TEST_F(ProduceTest, RetryOfAnIdempotentBatch_IsAnsweredAsTheFirstTime) {
  log::BatchHeaderFields fields;
  fields.producer_id = 5;
  fields.producer_epoch = 0;
  fields.base_sequence = 0;
  const auto batch = make_batch({{"a"}}, fields);
  EXPECT_EQ(test::produce(*client_, "t", batch).base_offset, 0);
  const auto again = test::produce(*client_, "t", batch);
  EXPECT_EQ(again.error_code, ErrorCode::kNone);
  EXPECT_EQ(again.base_offset, 0);
  fields.base_sequence = 7;
  EXPECT_EQ(test::produce(*client_, "t", make_batch({{"a"}}, fields)).error_code,
            ErrorCode::kOutOfOrderSequenceNumber);
}

TEST_F(ProduceTest, TransactionalBatch_IsRefused) {
  log::BatchHeaderFields fields;
  fields.producer_id = 5;
  fields.producer_epoch = 0;
  fields.base_sequence = 0;
  fields.transaction = log::BatchTransaction::kTransactional;
  EXPECT_EQ(test::produce(*client_, "t", make_batch({{"a"}}, fields)).error_code,
            ErrorCode::kInvalidTxnState);
}

TEST_F(ProduceTest, ReservedProducerId_IsRefused) {
  log::BatchHeaderFields fields;
  fields.producer_id = log::kFirstReservedProducerId;
  fields.producer_epoch = 0;
  fields.base_sequence = 0;
  EXPECT_NE(test::produce(*client_, "t", make_batch({{"a"}}, fields)).error_code, ErrorCode::kNone);
}

TEST_F(ProduceTest, ScheduledBatch_HasNoOffsetYetAndIsNotFetched) {
  test::TestRecord scheduled{"later", {{"schedule-delay", "1h"}}};
  const auto answer = test::produce(*client_, "t", make_batch({scheduled, scheduled}));
  EXPECT_EQ(answer.error_code, ErrorCode::kNone);
  EXPECT_EQ(answer.base_offset, -1);
  EXPECT_EQ(test::fetch(*client_, test::fetch_request("t", 0)).records.length(), 0U);
}

TEST_F(ProduceTest, ScheduledRecordThatIsDue_IsDelivered) {
  const auto due = std::to_string(node_.env().clock().wall_ms() + 50);
  test::TestRecord scheduled{"now", {{"schedule-at", due}}};
  EXPECT_EQ(test::produce(*client_, "t", make_batch({scheduled})).base_offset, -1);
  auto request = test::fetch_request("t", 0);
  request.max_wait_ms = 10'000;
  EXPECT_GT(test::fetch(*client_, request).records.length(), 0U);
  EXPECT_GE(node_.env().clock().wall_ms(), std::stoll(due));
}

TEST_F(ProduceTest, BadScheduleHeader_NamesTheRecordAndTheFault) {
  test::TestRecord bad{"x", {{"schedule-at", "tomorrow"}}};
  const auto answer = test::produce(*client_, "t", make_batch({{"a"}, bad}));
  EXPECT_EQ(answer.error_code, ErrorCode::kInvalidRecord);
  ASSERT_EQ(answer.record_errors.size(), 1U);
  EXPECT_EQ(answer.record_errors[0].batch_index, 1);
  EXPECT_NE(answer.record_errors[0].message.value_or("").find("schedule-at"), std::string::npos);
}

TEST_F(ProduceTest, WhatWasAcknowledged_IsThereAfterARestart) {
  for (int i = 0; i < 5; ++i) test::produce(*client_, "t", make_batch({{"a"}}));
  ASSERT_TRUE(node_.stop());
  node_.start();
  Client again(node_.port());
  EXPECT_EQ(test::fetch(again, test::fetch_request("t", 0)).high_watermark, 5);
}

}  // namespace
}  // namespace orloj::broker
