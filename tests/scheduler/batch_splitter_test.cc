#include "scheduler/batch_splitter.h"

#include <gtest/gtest.h>

#include "log/batch_evidence.h"
#include "log/record_batch.h"
#include "scheduler/entry_format.h"
#include "tests/scheduler/record_fixture.h"

namespace orloj::scheduler {
namespace {

using test::TextRecord;

constexpr std::int64_t kNow = 1'795'255'200'000;
const test::TextHeaders kDelay = {{"schedule-delay", "5s"}};

TopicScheduleConfig topic() {
  TopicScheduleConfig config;
  config.topic = "orders";
  return config;
}

Prepared split(const std::vector<std::byte>& batch, const TopicScheduleConfig& config = topic()) {
  return split_batch(batch, config, {.now_ms = kNow}).value();
}

log::RecordBatchView view(const std::vector<std::byte>& bytes) {
  return log::RecordBatchView::parse(bytes, log::CrcCheck::kVerify).value();
}

std::string text(const std::optional<log::ByteView>& bytes) {
  return test::text_of(bytes).value_or("<null>");
}

TEST(BatchSplitter, NothingScheduled_IsPlain) {
  const auto batch = test::build_batch({{"k", "schedule-at in a value", {{"h", "1"}}}, {"k", "v"}});
  EXPECT_TRUE(std::holds_alternative<Plain>(split(batch)));
}

TEST(BatchSplitter, SchedulingOff_LooksAtNothing) {
  auto config = topic();
  config.enable = false;
  const auto batch = test::build_batch({{"k", "v", {{"schedule-at", "nonsense"}}}});
  EXPECT_TRUE(std::holds_alternative<Plain>(split(batch, config)));
}

TEST(BatchSplitter, AllScheduled_LeavesNoDataHalf) {
  log::BatchHeaderFields fields;
  fields.producer_id = 7;
  fields.producer_epoch = 2;
  fields.base_sequence = 40;
  const auto batch = test::build_batch({{"k1", "v1", kDelay}, {"k2", "v2", kDelay}}, fields);
  const auto halves = std::get<Split>(split(batch));
  EXPECT_TRUE(halves.data.empty());
  EXPECT_EQ(halves.producer.producer_id, 7);
  EXPECT_EQ(halves.producer.producer_epoch, 2);
  EXPECT_EQ(halves.producer.base_sequence, 40);
  EXPECT_EQ(halves.producer.sequence_count, 2);
  const auto schedule = view(halves.schedule);
  EXPECT_EQ(schedule.record_count(), 2);
  EXPECT_EQ(schedule.producer_id(), 7);
  EXPECT_EQ(schedule.base_sequence(), 40);
  const auto records = test::read_batch(schedule);
  const auto evidence = log::decode_batch_evidence(log::to_bytes(*records[0].key)).value();
  EXPECT_EQ(evidence.halves, log::BatchHalves::kScheduleOnly);
  EXPECT_EQ(evidence.sequence_count, 2);
  EXPECT_EQ(evidence.data_last_delta, -1);
  EXPECT_FALSE(records[1].key);
}

TEST(BatchSplitter, Mixed_ImmediateRecordsKeepTheirOffsetsAndTheTailHasNoHole) {
  const auto batch = test::build_batch({{"0", "s", kDelay},
                                        {"1", "i", {{"h", "x"}}, 11},
                                        {"2", "s", kDelay},
                                        {"3", "i", {}, 33},
                                        {"4", "s", kDelay}});
  const auto halves = std::get<Split>(split(batch));
  const auto data = view(halves.data);
  EXPECT_EQ(data.record_count(), 2);
  EXPECT_EQ(data.last_offset_delta(), 3);
  const auto records = test::read_batch(data);
  EXPECT_EQ(records[0].offset, 1);
  EXPECT_EQ(*records[0].key, "1");
  EXPECT_EQ(records[0].header("h"), "x");
  EXPECT_EQ(records[0].timestamp_ms, 11);
  EXPECT_EQ(records[1].offset, 3);
  EXPECT_EQ(records[1].timestamp_ms, 33);
  EXPECT_EQ(halves.producer.sequence_count, 5);
  const auto schedule = test::read_batch(view(halves.schedule));
  ASSERT_EQ(schedule.size(), 3U);
  const auto evidence = log::decode_batch_evidence(log::to_bytes(*schedule[0].key)).value();
  EXPECT_EQ(evidence.halves, log::BatchHalves::kMixed);
  EXPECT_EQ(evidence.sequence_count, 5);
  EXPECT_EQ(evidence.data_last_delta, 3);
}

TEST(BatchSplitter, Add_KeepsUserHeadersAndLosesRequestAndProvenance) {
  const auto batch = test::build_batch({{"k",
                                         std::nullopt,
                                         {{"a", "1"},
                                          {"schedule-delay", "5s"},
                                          {"__schedule.due", "fake"},
                                          {"message-id", "m"},
                                          {"a", "2"}},
                                         77}});
  const auto halves = std::get<Split>(split(batch));
  const auto records = test::read_batch(view(halves.schedule));
  const auto entry = decode_entry(log::to_bytes(*records[0].value)).value();
  const auto& add = std::get<AddEntry>(entry);
  EXPECT_EQ(add.due_ms, kNow + 5'000);
  EXPECT_EQ(add.nominal_ms, kNow + 5'000);
  EXPECT_EQ(add.accepted_ms, kNow);
  EXPECT_EQ(add.timestamp_ms, 77);
  EXPECT_EQ(add.decision, Decision::kDecided);
  const auto payload = decode_payload(add.payload.bytes).value();
  EXPECT_EQ(text(payload.key), "k");
  EXPECT_FALSE(payload.value);
  std::string names;
  for (const auto& header : payload.headers) {
    names += std::string(header.key) + "=" + text(header.value) + ";";
  }
  EXPECT_EQ(names, "a=1;message-id=m;a=2;");
}

TEST(BatchSplitter, ImmediateRecordOfAMixedBatch_KeepsProvenanceOfAMirror) {
  const auto batch =
      test::build_batch({{"k", "v", {{"__schedule.due", "then"}}}, {"k", "v", kDelay}});
  const auto halves = std::get<Split>(split(batch));
  EXPECT_EQ(test::read_batch(view(halves.data))[0].header("__schedule.due"), "then");
}

class BatchSplitterCodecs : public testing::TestWithParam<log::Codec> {};

TEST_P(BatchSplitterCodecs, CompressedBatch_IsSplitAndEachPayloadIsReadableAlone) {
  log::BatchHeaderFields fields;
  fields.codec = GetParam();
  std::vector<TextRecord> records;
  for (int i = 0; i < 50; ++i) {
    records.push_back({"k" + std::to_string(i), std::string(1'000, 'v'),
                       i % 2 == 0 ? kDelay : test::TextHeaders{}});
  }
  const auto halves = std::get<Split>(split(test::build_batch(records, fields)));
  EXPECT_EQ(view(halves.data).codec(), GetParam());
  EXPECT_EQ(test::read_batch(view(halves.data)).size(), 25U);
  const auto schedule = test::read_batch(view(halves.schedule));
  ASSERT_EQ(schedule.size(), 25U);
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    const auto entry = decode_entry(log::to_bytes(*schedule[i].value)).value();
    const auto& stored = std::get<AddEntry>(entry).payload;
    log::ScratchBuffer scratch;
    log::ByteView plain = stored.bytes;
    if (stored.codec != log::Codec::kNone) {
      log::decompress(stored.codec, stored.bytes, scratch, 1 << 20).value();
      plain = scratch.view();
    }
    const auto payload = decode_payload(plain).value();
    EXPECT_EQ(text(payload.key), "k" + std::to_string(2 * i));
    EXPECT_EQ(text(payload.value), std::string(1'000, 'v'));
  }
  EXPECT_EQ(GetParam() == log::Codec::kNone, halves.schedule.size() > 25'000);
}

TEST_P(BatchSplitterCodecs, CompressedPlainBatch_IsPlain) {
  log::BatchHeaderFields fields;
  fields.codec = GetParam();
  const auto batch = test::build_batch({{"k", std::string(500, 'x'), {{"h", "1"}}}}, fields);
  EXPECT_TRUE(std::holds_alternative<Plain>(split(batch)));
}

INSTANTIATE_TEST_SUITE_P(All, BatchSplitterCodecs,
                         testing::Values(log::Codec::kNone, log::Codec::kGzip, log::Codec::kSnappy,
                                         log::Codec::kLz4, log::Codec::kZstd));

TEST(BatchSplitter, LimitsThatTheBatchHasPassed_AreNotAppliedAgain) {
  const test::TextHeaders many(log::RecordLimits{}.headers_max + 1, {"h", ""});
  const auto batch = test::build_batch({{"k", "v", many}, {"k", "v", kDelay}});
  const auto halves = std::get<Split>(split(batch));
  EXPECT_EQ(test::read_batch(view(halves.schedule)).size(), 1U);
}

TEST(BatchSplitter, BadHeaders_RefuseTheBatchAndNameEachRecord) {
  const auto batch = test::build_batch({{"k", "v"},
                                        {"k", "v", {{"schedule-at", "soon"}}},
                                        {"k", "v", kDelay},
                                        {"k", "v", {{"schedule-cron", "* * * * *"}}}});
  const auto refused = std::get<Refused>(split(batch));
  ASSERT_EQ(refused.records.size(), 2U);
  EXPECT_EQ(refused.records[0].batch_index, 1);
  EXPECT_NE(refused.records[0].message.find("record 1: schedule-at \"soon\""), std::string::npos);
  EXPECT_EQ(refused.records[1].batch_index, 3);
  EXPECT_EQ(refused.message, refused.records[0].message);
}

TEST(BatchSplitter, ManyBadRecords_ListIsBounded) {
  const std::vector<TextRecord> records(500, TextRecord{"k", "v", {{"schedule-at", "x"}}});
  EXPECT_EQ(std::get<Refused>(split(test::build_batch(records))).records.size(), kRecordErrorsMax);
}

TEST(BatchSplitter, InternalTopic_RefusesScheduledRecords) {
  auto config = topic();
  config.internal = true;
  const auto refused = std::get<Refused>(split(test::build_batch({{"k", "v", kDelay}}), config));
  EXPECT_NE(refused.message.find("internal"), std::string::npos);
  EXPECT_TRUE(std::holds_alternative<Plain>(split(test::build_batch({{"k", "v"}}), config)));
}

TEST(BatchSplitter, TransactionalBatch_RefusesScheduledRecords) {
  log::BatchHeaderFields fields;
  fields.transaction = log::BatchTransaction::kTransactional;
  fields.producer_id = 1;
  fields.producer_epoch = 0;
  fields.base_sequence = 0;
  const auto refused = std::get<Refused>(split(test::build_batch({{"k", "v", kDelay}}, fields)));
  EXPECT_NE(refused.message.find("transaction"), std::string::npos);
}

TEST(BatchSplitter, UnknownHeaderThatPasses_StaysOnTheRecord) {
  auto config = topic();
  config.unknown_headers = UnknownHeaders::kPass;
  const auto batch =
      test::build_batch({{"k", "v", {{"schedule-delay", "1"}, {"schedule-color", "red"}}}});
  const auto halves = std::get<Split>(split(batch, config));
  const auto records = test::read_batch(view(halves.schedule));
  const auto entry = decode_entry(log::to_bytes(*records[0].value)).value();
  const auto payload = decode_payload(std::get<AddEntry>(entry).payload.bytes).value();
  EXPECT_EQ(payload.headers.begin()->key, "schedule-color");
}

}  // namespace
}  // namespace orloj::scheduler
