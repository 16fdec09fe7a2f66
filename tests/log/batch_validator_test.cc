#include "log/batch_validator.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "log/record_batch_builder.h"
#include "tests/support/batches.h"

namespace orloj::log {
namespace {

using test::make_batch;

BatchVerdict validate(std::vector<std::byte>& bytes, const BatchRules& rules = {}) {
  ScratchBuffer scratch;
  return validate_batch(bytes, rules, scratch);
}

BatchFault fault_of(std::vector<std::byte> bytes, const BatchRules& rules = {}) {
  const BatchVerdict verdict = validate(bytes, rules);
  EXPECT_FALSE(verdict);
  return verdict ? BatchFault{} : verdict.error();
}

std::vector<std::byte> one_record(const BatchHeaderFields& fields) {
  RecordBatchBuilder builder(fields);
  builder.append({.timestamp_ms = 10, .value = to_bytes("v")});
  return std::move(builder).build().value();
}

TEST(ValidateBatch, GoodBatch_ReportsItsFacts) {
  for (const Codec codec :
       {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    auto bytes = make_batch(0, 50, 7000, codec);
    const auto facts = validate(bytes);
    ASSERT_TRUE(facts) << facts.error().message;
    EXPECT_EQ(facts->codec, codec);
    EXPECT_EQ(facts->record_count, 50);
    EXPECT_TRUE(facts->records_walked);
    EXPECT_EQ(facts->min_timestamp_ms, 7000);
    EXPECT_EQ(facts->max_timestamp_ms, 7049);
    EXPECT_EQ(facts->producer_id, kNoProducerId);
  }
}

TEST(ValidateBatch, SecondBatch_IsRefused) {
  auto bytes = make_batch(0, 1);
  const auto second = make_batch(1, 1);
  bytes.insert(bytes.end(), second.begin(), second.end());
  EXPECT_EQ(fault_of(bytes).code, ErrorCode::kInvalidBatch);
  EXPECT_EQ(fault_of({}).code, ErrorCode::kInvalidBatch);
}

TEST(ValidateBatch, BadCrc_IsRefused) {
  auto bytes = make_batch(0, 1);
  bytes.back() ^= std::byte{1};
  EXPECT_NE(fault_of(bytes).message.find("CRC"), std::string::npos);
}

TEST(ValidateBatch, WhatOnlyBrokersMayWrite_IsRefused) {
  EXPECT_EQ(fault_of(one_record({.kind = BatchKind::kControl})).code, ErrorCode::kInvalidBatch);
  EXPECT_EQ(fault_of(one_record({.timestamp_type = TimestampType::kLogAppendTime})).code,
            ErrorCode::kInvalidTimestamp);
  EXPECT_EQ(fault_of(one_record({.transaction = BatchTransaction::kTransactional})).code,
            ErrorCode::kInvalidBatch);
  EXPECT_EQ(fault_of(one_record({.producer_id = 5})).code, ErrorCode::kInvalidBatch);
  RecordBatchBuilder empty({});
  EXPECT_EQ(fault_of(std::move(empty).build().value()).code, ErrorCode::kInvalidBatch);
}

TEST(ValidateBatch, Hole_IsRefused) {
  RecordBatchBuilder builder({});
  builder.append({.timestamp_ms = 1});
  builder.append_at(2, {.timestamp_ms = 1});
  EXPECT_EQ(fault_of(std::move(builder).build().value()).code, ErrorCode::kInvalidBatch);

  RecordBatchBuilder shifted({});
  shifted.append_at(1, {.timestamp_ms = 1});
  auto bytes = std::move(shifted).build().value();
  store_big<std::int32_t>(bytes.data() + batch_format::kLastOffsetDelta, 0);
  set_crc(bytes);
  const BatchFault fault = fault_of(bytes);
  EXPECT_EQ(fault.code, ErrorCode::kInvalidRecord);
  EXPECT_EQ(fault.record_index, 0);
}

TEST(ValidateBatch, MissingKeyOnACompactedTopic_NamesTheRecord) {
  RecordBatchBuilder builder({});
  builder.append({.timestamp_ms = 1, .key = to_bytes("k")});
  builder.append({.timestamp_ms = 1});
  const BatchFault fault =
      fault_of(std::move(builder).build().value(), {.keys = KeyRule::kRequired});
  EXPECT_EQ(fault.code, ErrorCode::kInvalidRecord);
  EXPECT_EQ(fault.record_index, 1);
}

TEST(ValidateBatch, WrongMaxTimestamp_IsPutRight) {
  auto bytes = make_batch(0, 3, 5000, Codec::kZstd);
  set_max_timestamp(bytes, 999'999'999);
  const auto facts = validate(bytes);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->max_timestamp_ms, 5002);
  EXPECT_EQ(RecordBatchView::parse(bytes, CrcCheck::kVerify).value().max_timestamp(), 5002);
}

TEST(ValidateBatch, UnopenedCompressedBatch_PassesOnCrcAndHeader) {
  auto bytes = make_batch(0, 3, 5000, Codec::kGzip);
  bytes.back() ^= std::byte{1};
  set_crc(bytes);
  EXPECT_EQ(fault_of(bytes).code, ErrorCode::kInvalidBatch);
  const auto facts = validate(bytes, {.walk = RecordWalk::kUncompressed});
  ASSERT_TRUE(facts);
  EXPECT_FALSE(facts->records_walked);
  EXPECT_EQ(facts->max_timestamp_ms, 5002);
}

TEST(ValidateBatch, Observer_SeesEachRecordAndMayRefuse) {
  class Refuser final : public RecordObserver {
   public:
    Status on_record(std::int32_t index, const RecordView& record) override {
      values.emplace_back(to_text(*record.value));
      if (index == 2) {
        return Error{ErrorCode::kInvalidRecord, "not this one"};
      }
      return {};
    }
    std::vector<std::string> values;
  };
  Refuser refuser;
  BatchRules rules;
  rules.observer = &refuser;
  const BatchFault fault = fault_of(make_batch(0, 5, 1, Codec::kLz4), rules);
  EXPECT_EQ(fault.record_index, 2);
  EXPECT_EQ(fault.message, "not this one");
  EXPECT_EQ(refuser.values, (std::vector<std::string>{"value-0", "value-1", "value-2"}));
}

}  // namespace
}  // namespace orloj::log
