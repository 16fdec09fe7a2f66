#include "log/record_batch.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/support/batches.h"

namespace orloj::log {
namespace {

namespace format = batch_format;
using test::make_batch;

ErrorCode parse_error(ByteView bytes) {
  const auto batch = RecordBatchView::parse(bytes, CrcCheck::kSkip);
  EXPECT_FALSE(batch);
  return batch ? ErrorCode::kIo : batch.error().code;
}

TEST(RecordBatch, Parse_ReadsWhatTheBuilderWrote) {
  BatchHeaderFields fields;
  fields.base_offset = 1234567890123;
  fields.leader_epoch = 7;
  fields.codec = Codec::kLz4;
  fields.transaction = BatchTransaction::kTransactional;
  fields.producer_id = 4000;
  fields.producer_epoch = 3;
  fields.base_sequence = 99;
  RecordBatchBuilder builder(fields);
  builder.append({.timestamp_ms = 500, .value = to_bytes("a")});
  builder.append({.timestamp_ms = 900, .value = to_bytes("b")});
  builder.append({.timestamp_ms = 700, .value = to_bytes("c")});
  const auto bytes = std::move(builder).build().value();
  const auto batch = RecordBatchView::parse(bytes, CrcCheck::kVerify).value();
  EXPECT_EQ(batch.base_offset(), 1234567890123);
  EXPECT_EQ(batch.last_offset(), 1234567890125);
  EXPECT_EQ(batch.next_offset(), 1234567890126);
  EXPECT_EQ(batch.leader_epoch(), 7);
  EXPECT_EQ(batch.codec(), Codec::kLz4);
  EXPECT_TRUE(batch.is_transactional());
  EXPECT_FALSE(batch.is_control());
  EXPECT_EQ(batch.timestamp_type(), TimestampType::kCreateTime);
  EXPECT_EQ(batch.producer_id(), 4000);
  EXPECT_EQ(batch.producer_epoch(), 3);
  EXPECT_EQ(batch.base_sequence(), 99);
  EXPECT_EQ(batch.record_count(), 3);
  EXPECT_EQ(batch.base_timestamp(), 500);
  EXPECT_EQ(batch.max_timestamp(), 900);
  EXPECT_EQ(batch.size(), bytes.size());
}

TEST(RecordBatch, BaseOffsetAndEpoch_AreOutsideTheCrc) {
  auto bytes = make_batch(0, 2);
  set_base_offset(bytes, 77);
  set_leader_epoch(bytes, 5);
  const auto batch = RecordBatchView::parse(bytes, CrcCheck::kVerify);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->base_offset(), 77);
  EXPECT_EQ(batch->leader_epoch(), 5);
}

TEST(RecordBatch, LogAppendTime_SetsBitTimeAndCrc) {
  auto bytes = make_batch(0, 2, 1000, Codec::kGzip);
  set_log_append_time(bytes, 123456);
  const auto batch = RecordBatchView::parse(bytes, CrcCheck::kVerify);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->timestamp_type(), TimestampType::kLogAppendTime);
  EXPECT_EQ(batch->max_timestamp(), 123456);
  EXPECT_EQ(batch->codec(), Codec::kGzip);
}

TEST(RecordBatch, EveryFlippedBitBehindTheCrc_IsSeen) {
  const auto good = make_batch(0, 3);
  for (std::size_t at = format::kCrc; at < good.size(); ++at) {
    auto bad = good;
    bad[at] ^= std::byte{0x10};
    EXPECT_FALSE(RecordBatchView::parse(bad, CrcCheck::kVerify)) << at;
  }
}

TEST(RecordBatch, CutAnywhere_IsInvalid) {
  const auto good = make_batch(0, 3);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(parse_error(ByteView(good).first(size)), ErrorCode::kInvalidBatch) << size;
  }
}

TEST(RecordBatch, ImpossibleHeaders_AreRefused) {
  auto bad = make_batch(0, 3);
  store_big<std::int32_t>(bad.data() + format::kLength, format::kLengthMin - 1);
  EXPECT_EQ(parse_error(bad), ErrorCode::kInvalidBatch);
  store_big<std::int32_t>(bad.data() + format::kLength, INT32_MAX);
  EXPECT_EQ(parse_error(bad), ErrorCode::kInvalidBatch);

  bad = make_batch(0, 3);
  bad[format::kMagic] = std::byte{1};
  EXPECT_EQ(parse_error(bad), ErrorCode::kInvalidBatch);

  bad = make_batch(0, 3);
  store_big<std::uint16_t>(bad.data() + format::kAttributes, 5);
  EXPECT_EQ(parse_error(bad), ErrorCode::kUnsupportedCodec);

  bad = make_batch(0, 3);
  store_big<std::int32_t>(bad.data() + format::kRecordCount, -1);
  EXPECT_EQ(parse_error(bad), ErrorCode::kInvalidBatch);
  store_big<std::int32_t>(bad.data() + format::kRecordCount, 4);
  EXPECT_EQ(parse_error(bad), ErrorCode::kInvalidBatch);

  bad = make_batch(0, 3);
  store_big<std::int32_t>(bad.data() + format::kLastOffsetDelta, -3);
  EXPECT_EQ(parse_error(bad), ErrorCode::kInvalidBatch);

  bad = make_batch(0, 3);
  set_base_offset(bad, INT64_MAX - 1);
  EXPECT_EQ(parse_error(bad), ErrorCode::kInvalidBatch);
}

TEST(RecordBatch, EmptyBatchOfACompactedLog_IsRight) {
  RecordBatchBuilder builder({.base_offset = 40, .codec = Codec::kZstd});
  builder.set_last_offset_delta(9);
  const auto bytes = std::move(builder).build().value();
  const auto batch = RecordBatchView::parse(bytes, CrcCheck::kVerify);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->record_count(), 0);
  EXPECT_EQ(batch->next_offset(), 50);
  EXPECT_EQ(batch->codec(), Codec::kNone);
}

TEST(BatchCursor, WalksBatchesAndStopsAtTheBadOne) {
  auto bytes = make_batch(0, 2);
  const auto second = make_batch(2, 5, 2000, Codec::kSnappy);
  bytes.insert(bytes.end(), second.begin(), second.end());
  BatchCursor cursor(bytes, CrcCheck::kVerify);
  EXPECT_EQ((*cursor.next().value()).base_offset(), 0);
  const std::size_t second_at = cursor.position();
  EXPECT_EQ((*cursor.next().value()).base_offset(), 2);
  EXPECT_EQ(cursor.position(), bytes.size());
  EXPECT_FALSE(cursor.next().value().has_value());

  bytes.back() ^= std::byte{1};
  BatchCursor damaged(bytes, CrcCheck::kVerify);
  EXPECT_TRUE(damaged.next());
  EXPECT_FALSE(damaged.next());
  EXPECT_EQ(damaged.position(), second_at);
}

TEST(BatchSize, ZeroHeader_IsTheEndMarker) {
  const std::array<std::byte, format::kHeaderBytes> zeros{};
  EXPECT_TRUE(is_end_marker(zeros));
  EXPECT_EQ(batch_size(zeros), std::nullopt);
  const auto bytes = make_batch(0, 1);
  EXPECT_FALSE(is_end_marker(bytes));
  EXPECT_EQ(batch_size(bytes), bytes.size());
}

}  // namespace
}  // namespace orloj::log
