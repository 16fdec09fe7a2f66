#include "log/compacted_batch.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "log/record_batch_builder.h"

namespace orloj::log {
namespace {

struct Record {
  std::optional<std::string> key;
  std::optional<std::string> value;
};

std::vector<std::byte> make_batch(const std::vector<Record>& records,
                                  BatchHeaderFields fields = {}) {
  fields.base_offset = 100;
  fields.leader_epoch = 4;
  RecordBatchBuilder builder(fields);
  const HeaderView header{"trace", to_bytes("on")};
  TimestampMs timestamp_ms = 5'000;
  for (const Record& record : records) {
    NewRecord added;
    added.timestamp_ms = timestamp_ms++;
    if (record.key) {
      added.key = to_bytes(*record.key);
    }
    if (record.value) {
      added.value = to_bytes(*record.value);
    }
    added.headers = {&header, 1};
    builder.append(added);
  }
  return std::move(builder).build().value();
}

class CompactedBatchTest : public ::testing::Test {
 protected:
  CompactedBatch compact(ByteView bytes) {
    const auto batch = RecordBatchView::parse(bytes, CrcCheck::kVerify).value();
    const KeepRules rules{
        .map = map_, .mapped_end = mapped_end_, .now_ms = now_ms_, .delete_retention_ms = 1'000};
    return compact_batch(batch, rules, scratch_).value();
  }
  // "offset:key" of what stays; checks timestamps and headers.
  static std::vector<std::string> records(ByteView bytes) {
    const auto batch = RecordBatchView::parse(bytes, CrcCheck::kVerify).value();
    ScratchBuffer scratch;
    auto reader = RecordReader::open(batch, scratch).value();
    std::vector<std::string> out;
    RecordView record;
    while (reader.next(record)) {
      const Offset offset = batch.base_offset() + record.offset_delta;
      EXPECT_EQ(record.timestamp_ms, 5'000 + record.offset_delta);
      EXPECT_EQ(record.headers.begin()->key, "trace");
      out.push_back(std::to_string(offset) + ":" + std::string(to_text(*record.key)));
    }
    EXPECT_TRUE(reader.status());
    return out;
  }

  OffsetMap map_{100, 1 << 20};
  Offset mapped_end_ = 1'000;
  TimestampMs now_ms_ = 10'000;
  ScratchBuffer scratch_;
};

using Strings = std::vector<std::string>;

TEST_F(CompactedBatchTest, LatestOfEachKey_Stays_WithItsOffsetTimestampAndHeaders) {
  map_.put(to_bytes("a"), 102);
  map_.put(to_bytes("b"), 101);
  const auto compacted = compact(make_batch({{"a", "1"}, {"b", "2"}, {"a", "3"}}));
  EXPECT_EQ(compacted.verdict, BatchFate::kRewritten);
  EXPECT_EQ(records(compacted.bytes), (Strings{"101:b", "102:a"}));
  const auto batch = RecordBatchView::parse(compacted.bytes, CrcCheck::kVerify).value();
  EXPECT_EQ(batch.base_offset(), 100);
  EXPECT_EQ(batch.leader_epoch(), 4);
}

TEST_F(CompactedBatchTest, Rewritten_KeepsCodecAndProducer_EndsAtItsLastRecord) {
  BatchHeaderFields fields;
  fields.codec = Codec::kZstd;
  fields.producer_id = 7;
  fields.producer_epoch = 2;
  fields.base_sequence = 30;
  map_.put(to_bytes("a"), 100);
  map_.put(to_bytes("b"), 500);
  const auto compacted = compact(make_batch({{"a", "1"}, {"b", "2"}}, fields));
  const auto batch = RecordBatchView::parse(compacted.bytes, CrcCheck::kVerify).value();
  EXPECT_EQ(batch.codec(), Codec::kZstd);
  EXPECT_EQ(batch.producer_id(), 7);
  EXPECT_EQ(batch.producer_epoch(), 2);
  EXPECT_EQ(batch.base_sequence(), 30);
  EXPECT_EQ(batch.last_offset(), 100);
}

TEST_F(CompactedBatchTest, NothingToRemove_LeavesTheBytesAlone) {
  map_.put(to_bytes("a"), 100);
  EXPECT_EQ(compact(make_batch({{"a", "1"}, {"other", "2"}})).verdict, BatchFate::kUnchanged);
}

TEST_F(CompactedBatchTest, NothingLeft_DropsTheBatch) {
  map_.put(to_bytes("a"), 500);
  EXPECT_EQ(compact(make_batch({{"a", "1"}, {"a", "2"}})).verdict, BatchFate::kDropped);
}

TEST_F(CompactedBatchTest, RecordsWithoutKey_Go) {
  const auto compacted = compact(make_batch({{std::nullopt, "1"}, {"a", "2"}}));
  EXPECT_EQ(records(compacted.bytes), Strings{"101:a"});
}

TEST_F(CompactedBatchTest, BehindTheMap_EverythingStays) {
  map_.put(to_bytes("a"), 500);
  mapped_end_ = 101;
  const auto compacted = compact(make_batch({{"a", "1"}, {"a", "2"}}));
  EXPECT_EQ(records(compacted.bytes), Strings{"101:a"});
  mapped_end_ = 100;
  EXPECT_EQ(compact(make_batch({{"a", "1"}, {"a", "2"}})).verdict, BatchFate::kUnchanged);
}

TEST_F(CompactedBatchTest, Tombstone_GetsAHorizon_StaysUntilItHasPassed_ThenGoes) {
  map_.put(to_bytes("a"), 101);
  map_.put(to_bytes("b"), 100);
  const auto first = compact(make_batch({{"b", "1"}, {"a", std::nullopt}}));
  ASSERT_EQ(first.verdict, BatchFate::kRewritten);
  EXPECT_EQ(records(first.bytes), (Strings{"100:b", "101:a"}));
  const auto batch = RecordBatchView::parse(first.bytes, CrcCheck::kVerify).value();
  EXPECT_TRUE(batch.has_delete_horizon());
  EXPECT_EQ(batch.base_timestamp(), 11'000);
  EXPECT_EQ(batch.max_timestamp(), 5'001);

  now_ms_ = 11'000;
  EXPECT_EQ(compact(first.bytes).verdict, BatchFate::kUnchanged);
  now_ms_ = 11'001;
  const auto last = compact(first.bytes);
  EXPECT_EQ(records(last.bytes), Strings{"100:b"});
  EXPECT_FALSE(RecordBatchView::parse(last.bytes, CrcCheck::kVerify).value().has_delete_horizon());
}

TEST_F(CompactedBatchTest, Horizon_IsNotPushedBackByALaterPass) {
  map_.put(to_bytes("a"), 101);
  const auto first = compact(make_batch({{"b", "1"}, {"a", std::nullopt}}));
  now_ms_ = 10'500;
  map_.put(to_bytes("b"), 500);
  const auto second = compact(first.bytes);
  EXPECT_EQ(records(second.bytes), Strings{"101:a"});
  EXPECT_EQ(RecordBatchView::parse(second.bytes, CrcCheck::kVerify).value().base_timestamp(),
            11'000);
}

TEST_F(CompactedBatchTest, OverwrittenTombstone_GoesAtOnce) {
  map_.put(to_bytes("a"), 500);
  EXPECT_EQ(compact(make_batch({{"a", std::nullopt}})).verdict, BatchFate::kDropped);
}

TEST_F(CompactedBatchTest, ControlBatches_Stay) {
  BatchHeaderFields fields;
  fields.kind = BatchKind::kControl;
  EXPECT_EQ(compact(make_batch({{"a", "1"}}, fields)).verdict, BatchFate::kUnchanged);
}

TEST_F(CompactedBatchTest, LogAppendTime_KeepsTheTimeOfTheBatch) {
  auto bytes = make_batch({{"a", "1"}, {"b", "2"}});
  set_log_append_time(bytes, 9'000);
  map_.put(to_bytes("a"), 500);
  const auto compacted = compact(bytes);
  const auto batch = RecordBatchView::parse(compacted.bytes, CrcCheck::kVerify).value();
  EXPECT_EQ(batch.timestamp_type(), TimestampType::kLogAppendTime);
  EXPECT_EQ(batch.max_timestamp(), 9'000);
}

}  // namespace
}  // namespace orloj::log
