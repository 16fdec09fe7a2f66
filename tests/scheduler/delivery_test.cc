#include "scheduler/delivery.h"

#include <gtest/gtest.h>

#include "scheduler/time_values.h"
#include "tests/scheduler/scheduler_fixture.h"

namespace orloj::scheduler {
namespace {

using test::delayed;

class DeliveryTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(house.open()); }

  std::int64_t now() { return house.sim.clock.wall_ms(); }
  std::string values() {
    std::string text;
    for (const auto& record : house.consume()) {
      text += record.value.value_or("<null>") + " ";
    }
    return text;
  }

  test::SchedulerHouse house{1};
};

TEST_F(DeliveryTest, Promise1_ScheduledRecord_IsNeverEarly) {
  ASSERT_TRUE(house.produce({{"k", "v", delayed(10'000)}}));
  house.scheduler->run_once().value();
  EXPECT_EQ(values(), "");
  house.sim.clock.advance_ms(9'999);
  house.scheduler->run_once().value();
  EXPECT_EQ(values(), "");
  house.sim.clock.advance_ms(1);
  house.run_until_pending(0);
  EXPECT_EQ(values(), "v ");
}

TEST_F(DeliveryTest, FiredRecord_KeepsUserPartsAndGetsProvenance) {
  const std::int64_t accepted = now();
  ASSERT_TRUE(house.produce(
      {{"k", std::nullopt, {{"a", "1"}, {"schedule-delay", "5s"}, {"__schedule.due", "x"}}, 77}}));
  house.sim.clock.advance_ms(6'000);
  house.run_until_pending(0);
  const auto records = house.consume();
  ASSERT_EQ(records.size(), 1U);
  const test::ReadRecord& record = records[0];
  EXPECT_EQ(record.offset, 0);
  EXPECT_EQ(record.key, "k");
  EXPECT_FALSE(record.value);
  EXPECT_EQ(record.timestamp_ms, accepted + 6'000);
  const test::TextHeaders expected = {{"a", "1"},
                                      {"__schedule.due", format_instant(accepted + 5'000)},
                                      {"__schedule.accepted", format_instant(accepted)},
                                      {"__schedule.fired", format_instant(accepted + 6'000)},
                                      {"__schedule.occurrence", "1"},
                                      {"__schedule.origin", "orders/0/0/1"}};
  EXPECT_EQ(record.headers, expected);
}

TEST_F(DeliveryTest, TimestampDue_IsTheDueInstant) {
  house.topic_config.timestamp = FiredTimestamp::kDue;
  house.scheduler->configure(house.known.topic_id, house.topic_config);
  const std::int64_t accepted = now();
  ASSERT_TRUE(house.produce({{"k", "v", delayed(1'000)}}));
  house.sim.clock.advance_ms(5'000);
  house.run_until_pending(0);
  EXPECT_EQ(house.consume().at(0).timestamp_ms, accepted + 1'000);
}

TEST_F(DeliveryTest, PastDue_FiresAtOnce) {
  ASSERT_TRUE(house.produce({{"k", "old", {{"schedule-at", "2001-01-01T00:00:00Z"}}}}));
  house.run_until_pending(0);
  EXPECT_EQ(values(), "old ");
}

TEST_F(DeliveryTest, Order_IsByDueThenByAcceptance) {
  ASSERT_TRUE(house.produce({{"k", "3a", delayed(3'000)},
                             {"k", "1", delayed(1'000)},
                             {"k", "3b", delayed(3'000)},
                             {"k", "2", delayed(2'000)}}));
  ASSERT_TRUE(house.produce({{"k", "3c", delayed(3'000)}, {"k", "0", delayed(500)}}));
  house.sim.clock.advance_ms(4'000);
  house.run_until_pending(0);
  EXPECT_EQ(values(), "0 1 2 3a 3b 3c ");
}

TEST_F(DeliveryTest, OverdueAfterARestart_FireInDueOrder) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(house.produce(
        {{"k", std::to_string(100 + 37 * i % 50), delayed(60'000 * (37 * i % 50) + 1)}}));
  }
  house.sim.clock.advance_ms(3'600'000);
  house.kill_and_open();
  house.run_until_pending(0);
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    expected += std::to_string(100 + i) + " ";
  }
  EXPECT_EQ(values(), expected);
}

TEST_F(DeliveryTest, MixedBatch_ImmediateRecordsAreThereAtOnce) {
  ASSERT_TRUE(house.produce({{"k", "a", delayed(1'000)}, {"k", "b"}, {"k", "c", delayed(1'000)}}));
  EXPECT_EQ(values(), "b ");
  EXPECT_EQ(house.consume().at(0).offset, 1);
  EXPECT_EQ(house.partition()->offsets().log_end, 2);
  house.sim.clock.advance_ms(1'000);
  house.run_until_pending(0);
  EXPECT_EQ(values(), "b a c ");
}

TEST_F(DeliveryTest, LargeClaim_IsSplitByMaxMessageBytes) {
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(house.produce({{"k", std::string(100'000, 'v'), delayed(1'000)}}));
  }
  house.sim.clock.advance_ms(2'000);
  house.run_until_pending(0);
  std::int64_t largest = 0;
  std::int32_t records = 0;
  scan_data(*house.partition(), 0, [&](const log::RecordBatchView& batch) -> log::Status {
    largest = std::max(largest, static_cast<std::int64_t>(batch.size()));
    records += batch.record_count();
    return {};
  }).value();
  EXPECT_EQ(records, 40);
  EXPECT_LE(largest, 1'048'588);
}

TEST_F(DeliveryTest, CompressionType_ActsOnFiredBatches) {
  house.topic_config.compression_type = "zstd";
  house.scheduler->configure(house.known.topic_id, house.topic_config);
  ASSERT_TRUE(house.produce({{"k", std::string(1'000, 'v'), delayed(1)}}));
  house.sim.clock.advance_ms(1);
  house.run_until_pending(0);
  scan_data(*house.partition(), 0, [&](const log::RecordBatchView& batch) -> log::Status {
    EXPECT_EQ(batch.codec(), log::Codec::kZstd);
    EXPECT_EQ(batch.producer_id(), log::kFirstReservedProducerId);
    return {};
  }).value();
}

TEST_F(DeliveryTest, CompressedClientBatch_FiresWhatWasSent) {
  for (const auto codec :
       {log::Codec::kGzip, log::Codec::kSnappy, log::Codec::kLz4, log::Codec::kZstd}) {
    log::BatchHeaderFields fields;
    fields.codec = codec;
    ASSERT_TRUE(house.produce(
        {{"k", std::string(500, 'x') + std::string(log::name(codec)), delayed(1)}}, fields));
  }
  house.sim.clock.advance_ms(1);
  house.run_until_pending(0);
  const auto records = house.consume();
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(*records[0].value, std::string(500, 'x') + "gzip");
  EXPECT_EQ(*records[3].value, std::string(500, 'x') + "zstd");
}

TEST_F(DeliveryTest, ClockStepForward_PausesUntilAnOperatorSaysGo) {
  ASSERT_TRUE(house.produce({{"k", "v", delayed(600'000)}}));
  house.scheduler->run_once().value();
  house.sim.clock.step_wall_ms(3'600'000);
  house.scheduler->run_once().value();
  EXPECT_EQ(values(), "");
  EXPECT_TRUE(house.scheduler->stats().firing_paused);
  EXPECT_NE(house.alarms().find("jumped ahead"), std::string::npos);
  house.scheduler->resume_after_clock_step();
  house.run_until_pending(0);
  EXPECT_EQ(values(), "v ");
  EXPECT_EQ(house.scheduler->stats().clock_steps_total, 1);
}

TEST_F(DeliveryTest, ClockStepForward_FiresOnceTheClockIsStable) {
  ASSERT_TRUE(house.produce({{"k", "v", delayed(600'000)}}));
  house.scheduler->run_once().value();
  house.sim.clock.step_wall_ms(3'600'000);
  house.scheduler->run_once().value();
  house.sim.clock.advance_ms(59'999);
  house.scheduler->run_once().value();
  EXPECT_EQ(values(), "");
  house.sim.clock.advance_ms(1);
  house.run_until_pending(0);
  EXPECT_EQ(values(), "v ");
}

TEST_F(DeliveryTest, ClockStepBack_Waits) {
  ASSERT_TRUE(house.produce({{"k", "v", delayed(1'000)}}));
  house.scheduler->run_once().value();
  house.sim.clock.step_wall_ms(-60'000);
  house.sim.clock.advance_ms(60'999);
  house.scheduler->run_once().value();
  EXPECT_EQ(values(), "");
  house.sim.clock.advance_ms(1);
  house.run_until_pending(0);
  EXPECT_EQ(values(), "v ");
}

TEST_F(DeliveryTest, Lateness_IsMeasured) {
  ASSERT_TRUE(house.produce({{"k", "v", delayed(1'000)}}));
  house.sim.clock.advance_ms(1'007);
  house.run_until_pending(0);
  const auto stats = house.scheduler->stats();
  EXPECT_EQ(stats.lateness.counts[3], 1U);
  EXPECT_DOUBLE_EQ(stats.lateness.sum_seconds, 0.007);
  ASSERT_EQ(stats.topics.size(), 1U);
  EXPECT_EQ(stats.topics[0].topic, "orders");
  EXPECT_EQ(stats.topics[0].accepted_total, 1);
  EXPECT_EQ(stats.topics[0].fired_total, 1);
  EXPECT_EQ(stats.topics[0].pending, 0);
}

TEST_F(DeliveryTest, Overdue_AreHeldToTheRate) {
  house.scheduler_options.fire_rate_max_per_second = 100;
  house.kill_and_open();
  std::vector<test::TextRecord> records(500, test::TextRecord{"k", "v", delayed(1)});
  ASSERT_TRUE(house.produce(records));
  house.sim.clock.advance_ms(60'000);
  std::int64_t fired = house.scheduler->run_once().value();
  EXPECT_LE(fired, 10);
  for (int second = 0; second < 4; ++second) {
    house.sim.clock.advance_ms(1'000);
    fired += house.scheduler->run_once().value();
  }
  EXPECT_LE(fired, 50);
  EXPECT_GT(house.scheduler->stats().overdue, 0);
}

TEST_F(DeliveryTest, FullDisk_WaitsAndTriesAgain) {
  ASSERT_TRUE(house.produce({{"k", std::string(50'000, 'v'), delayed(1'000)}}));
  house.sim.clock.advance_ms(1'000);
  house.sim.disk.inject({.call = test::SimCall::kWrite,
                         .fault = test::SimFault::kNoSpace,
                         .path_contains = "orders-0/0"});
  house.scheduler->run_once().value();
  EXPECT_TRUE(house.consume().empty());
  EXPECT_NE(house.alarms().find("wait for disk space"), std::string::npos);
  house.sim.clock.advance_ms(1'000);
  house.run_until_pending(0);
  EXPECT_EQ(house.consume().size(), 1U);
}

TEST_F(DeliveryTest, Thread_FiresWithoutBeingAsked) {
  house.scheduler->start();
  ASSERT_TRUE(house.produce({{"k", "v", {{"schedule-at", "2001-01-01T00:00:00Z"}}}}));
  while (house.consume().empty()) {
    std::this_thread::yield();
  }
  house.scheduler->stop();
  EXPECT_EQ(values(), "v ");
}

}  // namespace
}  // namespace orloj::scheduler
