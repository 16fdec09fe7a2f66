// What a failed sync lost stays readable in the page cache. A start that finds it there does not
// take it for what the disk holds.
#include <future>
#include <tuple>

#include "log/batch_evidence.h"
#include "log/crash_point.h"
#include "log/record_batch_builder.h"
#include "log/recovery.h"
#include "tests/log/log_store_fixture.h"

namespace orloj::log {
namespace {

using test::SimCall;
using test::SimFault;

constexpr int kRecords = 10;

TopicLogConfig config_with(Durability durability) {
  TopicLogConfig config;
  config.durability = durability;
  return config;
}

std::vector<std::byte> schedule_batch() {
  const std::vector<std::byte> key(kBatchEvidenceBytes);
  RecordBatchBuilder builder({});
  for (int i = 0; i < kRecords; ++i) {
    builder.append({.timestamp_ms = 1'000, .key = key, .value = to_bytes("later")});
  }
  return std::move(builder).build().value();
}

class FailedSyncTest : public LogStoreFixture,
                       public ::testing::WithParamInterface<std::tuple<Durability, LogKind>> {
 protected:
  FailedSyncTest() : LogStoreFixture(config_with(std::get<Durability>(GetParam()))) {
    EXPECT_TRUE(partition()->create_schedule_log());
  }

  static LogKind kind() { return std::get<LogKind>(GetParam()); }
  // In the name of the segment file of the log that is tested, and of no other.
  static std::string segment() {
    return kind() == LogKind::kData ? "t-0/0000" : "t-0/schedule/0000";
  }
  PartitionOffsets offsets() const {
    return kind() == LogKind::kData ? partition()->offsets() : partition()->schedule_offsets();
  }
  DurableTarget append_one() {
    auto batch = kind() == LogKind::kData ? test::make_batch(0, kRecords) : schedule_batch();
    AppendRequest request;
    (kind() == LogKind::kData ? request.data : request.schedule) = batch;
    const auto appended = partition()->append(request);
    EXPECT_TRUE(appended.has_value());
    return appended.has_value() ? appended->durable : DurableTarget{};
  }
  void append_durably() {
    const DurableTarget target = append_one();
    ASSERT_TRUE(partition()->sync_data());
    std::promise<Status> durable;
    partition()->when_on_stable_storage(
        target, [&durable](const Status& status) { durable.set_value(status); });
    ASSERT_TRUE(durable.get_future().get());
  }
  // The bytes are in the page cache when the process dies, and in the journal they are not.
  void append_without_journal() {
    sim_.disk.inject(
        {.call = SimCall::kWrite, .fault = SimFault::kIoError, .path_contains = ".journal"});
    append_one();
    if (kind() == LogKind::kData && std::get<Durability>(GetParam()) == Durability::kAsync) {
      return;  // nothing comes to the journal
    }
    await_failure();
  }
  void expect_all(Offset end) {
    EXPECT_EQ(offsets().log_end, end);
    EXPECT_EQ(offsets().high_watermark, end);
    for (Offset offset = 0; offset < end; offset += kRecords) {
      const ReadRequest request{.offset = offset, .max_bytes = 1};
      const auto read = kind() == LogKind::kData ? partition()->read_from_disk(request)
                                                 : partition()->read_schedule(request);
      ASSERT_TRUE(read.has_value()) << read.error().message;
      EXPECT_GT(read->size_bytes, 0);
    }
  }
};

TEST_P(FailedSyncTest, WhatIsServedAfterAStartWhoseSyncFailed_SurvivesAPowerCut) {
  append_durably();
  append_without_journal();
  kill();
  sim_.disk.inject(
      {.call = SimCall::kSync, .fault = SimFault::kIoError, .path_contains = segment()});
  ASSERT_FALSE(try_to_open());
  kill();
  open();
  expect_all(2 * kRecords);
  cut_power();
  open();
  expect_all(2 * kRecords);
}

TEST_P(FailedSyncTest, WhatIsServedAfterACheckpointWhoseSyncFailed_SurvivesAPowerCut) {
  append_durably();
  append_one();
  sim_.disk.inject(
      {.call = SimCall::kSync, .fault = SimFault::kIoError, .path_contains = segment()});
  ASSERT_FALSE(store_->close());
  kill();
  open();
  expect_all(2 * kRecords);
  cut_power();
  open();
  expect_all(2 * kRecords);
}

INSTANTIATE_TEST_SUITE_P(Logs, FailedSyncTest,
                         ::testing::Combine(::testing::Values(Durability::kSync,
                                                              Durability::kAsync),
                                            ::testing::Values(LogKind::kData, LogKind::kSchedule)));

class FailedAsyncSyncTest : public LogStoreFixture {
 protected:
  FailedAsyncSyncTest() : LogStoreFixture(config_with(Durability::kAsync)) {}
};

TEST_F(FailedAsyncSyncTest, WhatIsServedAfterAFlushThatFailed_SurvivesAPowerCut) {
  ASSERT_TRUE(append(0, kRecords));
  sim_.disk.inject({.call = SimCall::kSync, .fault = SimFault::kIoError, .path_contains = ".log"});
  ASSERT_FALSE(partition()->sync_data());
  kill();
  open();
  EXPECT_EQ(partition()->offsets().high_watermark, kRecords);
  cut_power();
  open();
  EXPECT_EQ(partition()->offsets().log_end, kRecords);
}

TEST_F(LogStoreFixture, AGroupThatTheJournalHasInThePageCacheAlone_DoesNotKeepALaterStartDown) {
  sim_.disk.set_write_through(WriteThrough::kBuffered);
  kill();
  open();
  sim_.disk.inject(
      {.call = SimCall::kWrite, .fault = SimFault::kLostWrite, .path_contains = ".journal"});
  ASSERT_TRUE(append(0, kRecords));
  await_failure();
  kill();
  sim_.disk.arm(std::string(crash_point::kRecoveryBeforeCheckpoint), 1);
  ASSERT_FALSE(try_to_open());
  cut_power();
  open();
}

TEST(FailedSync, OfALog_IsNotMadeGoodByTheNextOne) {
  test::SimEnv sim(1);
  SegmentedLog::Spec spec;
  spec.directory = "/data/t-0";
  auto log = create_log(sim.env(), spec, 0).value();
  ASSERT_TRUE(log->append(test::make_batch(0, kRecords), 1'000));
  sim.disk.inject({.call = SimCall::kSync, .fault = SimFault::kIoError});
  ASSERT_FALSE(log->sync());
  EXPECT_FALSE(log->sync());
}

}  // namespace
}  // namespace orloj::log
