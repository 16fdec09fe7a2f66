#include "scheduler/head_drop.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/scheduler/scheduler_fixture.h"

namespace orloj::scheduler {
namespace {

using test::delayed;

class HeadDropTest : public testing::Test {
 protected:
  void SetUp() override {
    house.known.config.segment_bytes = 20'000;
    house.scheduler_options.head_drop_min_bytes = 50'000;
    house.scheduler_options.head_drop_step_bytes = 10'000;
    house.scheduler_options.index_flush_interval_ms = 1;
    ASSERT_TRUE(house.open());
  }

  log::Offset schedule_start() { return house.partition()->schedule_offsets().log_start; }

  // Short-lived records come and go; time enough for the head to be dropped between.
  void churn(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      std::vector<test::TextRecord> records;
      for (int i = 0; i < 50; ++i) {
        records.push_back({"k", "short-" + std::to_string(++short_lived_), delayed(100)});
      }
      ASSERT_TRUE(house.produce(records));
      house.sim.clock.advance_ms(70'000);
      house.run_until_pending(long_lived_);
    }
  }
  void produce_long_lived(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(
          house.produce({{"k", "long-" + std::to_string(++long_lived_), delayed(1'000'000'000)}}));
    }
  }
  void expect_each_once() {
    house.sim.clock.advance_ms(1'000'000'000);
    house.run_until_pending(0);
    std::map<std::string, int> copies;
    for (const auto& record : house.consume()) {
      ++copies[*record.value];
    }
    EXPECT_EQ(copies.size(), static_cast<std::size_t>(short_lived_ + long_lived_));
    for (const auto& [value, count] : copies) {
      EXPECT_EQ(count, 1) << value;
    }
  }

  int short_lived_ = 0;
  int long_lived_ = 0;
  test::SchedulerHouse house{1};
};

TEST_F(HeadDropTest, DeadHead_IsDropped) {
  churn(60);
  EXPECT_GT(schedule_start(), 0);
  EXPECT_LT(house.partition()->stats().schedule_bytes, 300'000);
  expect_each_once();
}

TEST_F(HeadDropTest, LiveEntriesAtTheHead_AreCopiedAndKeepTheirNumber) {
  produce_long_lived(20);
  churn(60);
  EXPECT_GT(schedule_start(), 20);
  EXPECT_EQ(house.scheduler->stats().topics.at(0).pending, 20);
  expect_each_once();
  for (const auto& record : house.consume()) {
    if (*record.value == "long-7") {
      EXPECT_EQ(record.header("__schedule.origin"), "orders/0/6/1");
    }
  }
}

TEST_F(HeadDropTest, IndexDeletedAfterADrop_CountsEachPendingOnce) {
  produce_long_lived(20);
  churn(60);
  ASSERT_GT(schedule_start(), 20);
  house.sim.disk.kill_process();
  house.drop();
  house.delete_index();
  ASSERT_TRUE(house.open());
  EXPECT_EQ(house.scheduler->stats().topics.at(0).pending, 20);
  churn(20);
  house.kill_and_open();
  EXPECT_EQ(house.scheduler->stats().topics.at(0).pending, 20);
  expect_each_once();
}

TEST_F(HeadDropTest, RecordCopiedTooOftenInAYear_StopsTheDrop) {
  house.scheduler_options.copies_per_year_max = 0;
  house.kill_and_open();
  produce_long_lived(1);
  churn(40);
  EXPECT_EQ(schedule_start(), 0);
  expect_each_once();
}

}  // namespace
}  // namespace orloj::scheduler
