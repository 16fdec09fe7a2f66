#include "log/partition_waiters.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace orloj::log {
namespace {

using Wanted = PartitionWaiters::Wanted;

PartitionOffsets at(Offset end) {
  return {.log_start = 0,
          .last_stable = end,
          .high_watermark = end,
          .durable_end = end,
          .log_end = end};
}

class PartitionWaitersTest : public ::testing::Test {
 protected:
  auto note(const std::string& name) {
    return [this, name](const Status& status) {
      events_.push_back(name +
                        (status ? "" : ":" + std::string(orloj::log::name(status.error().code))));
    };
  }
  auto wake(const std::string& name) {
    return [this, name] { events_.push_back(name); };
  }
  PartitionOffsets data(const PartitionWaiters& waiters) { return waiters.offsets(LogKind::kData); }

  std::vector<std::string> events_;
};

TEST_F(PartitionWaitersTest, Sync_HighWatermarkFollowsTheDurableEnd) {
  PartitionWaiters waiters(at(10), Durability::kSync);
  waiters.appended(LogKind::kData, 15).run();
  EXPECT_EQ(data(waiters).high_watermark, 10);
  EXPECT_EQ(data(waiters).log_end, 15);
  waiters.durable(LogKind::kData, 12).run();
  EXPECT_EQ(data(waiters).high_watermark, 12);
  EXPECT_EQ(data(waiters).last_stable, 12);
}

TEST_F(PartitionWaitersTest, Async_HighWatermarkIsTheLogEnd) {
  PartitionWaiters waiters(at(10), Durability::kAsync);
  waiters.appended(LogKind::kData, 15).run();
  EXPECT_EQ(data(waiters).high_watermark, 15);
  EXPECT_EQ(data(waiters).durable_end, 10);
}

TEST_F(PartitionWaitersTest, ScheduleLog_IsSyncOnAsyncTopics) {
  PartitionWaiters waiters(at(10), Durability::kAsync);
  waiters.start_schedule(at(0));
  waiters.appended(LogKind::kSchedule, 3).run();
  EXPECT_EQ(waiters.offsets(LogKind::kSchedule).high_watermark, 0);
  waiters.durable(LogKind::kSchedule, 3).run();
  EXPECT_EQ(waiters.offsets(LogKind::kSchedule).high_watermark, 3);
}

TEST_F(PartitionWaitersTest, BecomingSync_NeverMovesTheHighWatermarkBack) {
  PartitionWaiters waiters(at(10), Durability::kAsync);
  waiters.appended(LogKind::kData, 20).run();
  waiters.set_durability(Durability::kSync).run();
  EXPECT_EQ(data(waiters).high_watermark, 20);
  waiters.appended(LogKind::kData, 25).run();
  EXPECT_EQ(data(waiters).high_watermark, 20);
  waiters.durable(LogKind::kData, 18).run();
  EXPECT_EQ(data(waiters).high_watermark, 20);
  waiters.durable(LogKind::kData, 25).run();
  EXPECT_EQ(data(waiters).high_watermark, 25);
}

TEST_F(PartitionWaitersTest, Acknowledgement_ComesOnceTheTargetIsDurable_InOffsetOrder) {
  PartitionWaiters waiters(at(0), Durability::kSync);
  waiters.appended(LogKind::kData, 9).run();
  waiters.when_durable({.data_end = 9}, Wanted::kAcknowledged, note("nine")).run();
  waiters.when_durable({.data_end = 3}, Wanted::kAcknowledged, note("three")).run();
  waiters.when_durable({.data_end = 6}, Wanted::kAcknowledged, note("six")).run();
  EXPECT_TRUE(events_.empty());
  waiters.durable(LogKind::kData, 6).run();
  EXPECT_EQ(events_, (std::vector<std::string>{"three", "six"}));
  waiters.durable(LogKind::kData, 9).run();
  waiters.durable(LogKind::kData, 9).run();
  EXPECT_EQ(events_, (std::vector<std::string>{"three", "six", "nine"}));
}

TEST_F(PartitionWaitersTest, Acknowledgement_OfAMixedBatch_WaitsForBothLogs) {
  PartitionWaiters waiters(at(0), Durability::kSync);
  waiters.start_schedule(at(0));
  waiters.appended(LogKind::kSchedule, 2).run();
  waiters.appended(LogKind::kData, 4).run();
  waiters.when_durable({.data_end = 4, .schedule_end = 2}, Wanted::kAcknowledged, note("both"))
      .run();
  waiters.durable(LogKind::kData, 4).run();
  EXPECT_TRUE(events_.empty());
  waiters.durable(LogKind::kSchedule, 2).run();
  EXPECT_EQ(events_, std::vector<std::string>{"both"});
}

TEST_F(PartitionWaitersTest, Acknowledgement_OnAsyncTopics_DoesNotWaitForData) {
  PartitionWaiters waiters(at(0), Durability::kAsync);
  waiters.start_schedule(at(0));
  waiters.appended(LogKind::kSchedule, 2).run();
  waiters.appended(LogKind::kData, 4).run();
  waiters.when_durable({.data_end = 4}, Wanted::kAcknowledged, note("data")).run();
  EXPECT_EQ(events_, std::vector<std::string>{"data"});
  waiters.when_durable({.data_end = 4, .schedule_end = 2}, Wanted::kAcknowledged, note("both"))
      .run();
  waiters.when_durable({.data_end = 4}, Wanted::kOnStableStorage, note("stable")).run();
  EXPECT_EQ(events_.size(), 1U);
  waiters.durable(LogKind::kSchedule, 2).run();
  EXPECT_EQ(events_.back(), "both");
  waiters.durable(LogKind::kData, 4).run();
  EXPECT_EQ(events_.back(), "stable");
}

TEST_F(PartitionWaitersTest, Acknowledgement_OfWhatIsDurable_ComesAtOnce) {
  PartitionWaiters waiters(at(5), Durability::kSync);
  waiters.when_durable({.data_end = 5}, Wanted::kAcknowledged, note("old")).run();
  waiters.when_durable({}, Wanted::kAcknowledged, note("nothing")).run();
  EXPECT_EQ(events_, (std::vector<std::string>{"old", "nothing"}));
}

TEST_F(PartitionWaitersTest, Wake_ComesWhenTheHighWatermarkPasses_Once) {
  PartitionWaiters waiters(at(5), Durability::kSync);
  EXPECT_FALSE(waiters.wake_beyond(4, wake("passed already")));
  ASSERT_TRUE(waiters.wake_beyond(5, wake("five")));
  ASSERT_TRUE(waiters.wake_beyond(7, wake("seven")));
  waiters.appended(LogKind::kData, 9).run();
  EXPECT_TRUE(events_.empty());
  waiters.durable(LogKind::kData, 7).run();
  EXPECT_EQ(events_, std::vector<std::string>{"five"});
  waiters.durable(LogKind::kData, 9).run();
  EXPECT_EQ(events_, (std::vector<std::string>{"five", "seven"}));
}

TEST_F(PartitionWaitersTest, CancelledWake_IsNotCalled) {
  PartitionWaiters waiters(at(5), Durability::kAsync);
  const auto id = waiters.wake_beyond(5, wake("cancelled"));
  ASSERT_TRUE(id);
  EXPECT_TRUE(waiters.cancel_wake(*id));
  EXPECT_FALSE(waiters.cancel_wake(*id));
  waiters.appended(LogKind::kData, 6).run();
  EXPECT_TRUE(events_.empty());
}

TEST_F(PartitionWaitersTest, FiredWake_CannotBeCancelled) {
  PartitionWaiters waiters(at(5), Durability::kAsync);
  const auto id = waiters.wake_beyond(5, wake("fired"));
  waiters.appended(LogKind::kData, 6).run();
  EXPECT_FALSE(waiters.cancel_wake(*id));
  EXPECT_EQ(events_, std::vector<std::string>{"fired"});
}

TEST_F(PartitionWaitersTest, ScheduleListener_HearsEachRise) {
  PartitionWaiters waiters(at(0), Durability::kSync);
  waiters.start_schedule(at(0));
  std::vector<Offset> heard;
  waiters.set_schedule_listener([&](Offset offset) { heard.push_back(offset); });
  waiters.appended(LogKind::kSchedule, 5).run();
  waiters.durable(LogKind::kSchedule, 3).run();
  waiters.durable(LogKind::kSchedule, 5).run();
  EXPECT_EQ(heard, (std::vector<Offset>{3, 5}));
}

TEST_F(PartitionWaitersTest, Close_ReleasesEverybodyOnce) {
  PartitionWaiters waiters(at(0), Durability::kSync);
  waiters.start_schedule(at(0));
  waiters.appended(LogKind::kSchedule, 1).run();
  waiters.appended(LogKind::kData, 1).run();
  waiters.when_durable({.data_end = 1, .schedule_end = 1}, Wanted::kAcknowledged, note("both"))
      .run();
  ASSERT_TRUE(waiters.wake_beyond(0, wake("wake")));
  waiters.close({ErrorCode::kClosed, "closing"}).run();
  const std::string closed = ":" + std::string(name(ErrorCode::kClosed));
  EXPECT_EQ(events_, (std::vector<std::string>{"both" + closed, "wake"}));
  waiters.when_durable({.data_end = 1}, Wanted::kAcknowledged, note("late")).run();
  EXPECT_EQ(events_.back(), "late" + closed);
  EXPECT_FALSE(waiters.wake_beyond(0, wake("never")));
}

}  // namespace
}  // namespace orloj::log
