// What pending records survive, and what takes them away.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/scheduler/scheduler_fixture.h"

namespace orloj::scheduler {
namespace {

using test::delayed;

class LifetimeTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(house.open()); }

  std::string values() {
    std::string text;
    for (const auto& record : house.consume()) {
      text += record.value.value_or("<null>") + " ";
    }
    return text;
  }
  std::int64_t pending() { return house.scheduler->stats().topics.at(0).pending; }
  void fire_all_after(std::int64_t ms) {
    house.sim.clock.advance_ms(ms);
    house.run_until_pending(0);
  }

  // Changes the byte behind `text` in a file.
  void damage(const std::string& path, std::string_view text) {
    const auto file = house.sim.disk.open(path, log::OpenMode::kReadWrite).value();
    std::vector<std::byte> bytes(file->size().value());
    file->pread(bytes, 0).value();
    const std::size_t at = log::to_text(bytes).find(text) + text.size();
    const std::byte flipped = ~bytes.at(at);
    file->pwrite(log::ByteView(&flipped, 1), at).value();
  }

  test::SchedulerHouse house{1};
};

TEST_F(LifetimeTest, Promise4_Pending_SurviveRetentionAndFiredOnesGetAFullLife) {
  auto config = house.known.config;
  config.retention_ms = 1'000;
  house.known.config = config;
  house.store->set_config(house.known.topic_id, config);
  ASSERT_TRUE(house.produce(
      {{"k", "plain", {}, house.sim.clock.wall_ms()}, {"k", "scheduled", delayed(86'400'000), 1}}));
  house.sim.clock.advance_ms(3'600'000);
  house.partition()->run_retention().value();
  EXPECT_EQ(values(), "");
  fire_all_after(86'400'000);
  house.partition()->run_retention().value();
  EXPECT_EQ(values(), "scheduled ");
}

TEST_F(LifetimeTest, Promise4_Pending_SurviveDeleteRecords) {
  ASSERT_TRUE(house.produce({{"k", "plain"}, {"k", "scheduled", delayed(1'000)}}));
  std::promise<void> deleted;
  house.partition()->delete_records(1, [&deleted](const log::Status&) { deleted.set_value(); });
  deleted.get_future().wait();
  fire_all_after(1'000);
  EXPECT_EQ(values(), "scheduled ");
}

TEST_F(LifetimeTest, DeletedTopic_TakesItsSchedulesWithIt) {
  ASSERT_TRUE(house.produce({{"k", "v", delayed(1'000)}}));
  house.scheduler->run_once().value();
  house.scheduler->detach(house.known.topic_id);
  house.store->delete_topic(house.known.topic_id).value();
  house.sim.clock.advance_ms(10'000);
  EXPECT_EQ(house.scheduler->run_once().value(), 0);
  const auto stats = house.scheduler->stats();
  EXPECT_TRUE(stats.topics.empty());
  EXPECT_EQ(stats.wheel_entries, 0);
}

TEST_F(LifetimeTest, TopicThatClosesFirst_IsLeftAlone) {
  ASSERT_TRUE(house.produce({{"k", "v", delayed(1'000)}}));
  house.scheduler->run_once().value();
  house.store->delete_topic(house.known.topic_id).value();
  house.sim.clock.advance_ms(10'000);
  EXPECT_EQ(house.scheduler->run_once().value(), 0);
  EXPECT_EQ(house.alarms(), "");
  house.scheduler->detach(house.known.topic_id);
  EXPECT_EQ(house.scheduler->run_once().value(), 0);
}

TEST_F(LifetimeTest, DeletedIndex_IsRebuiltFromTheScheduleLog) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(house.produce({{"k", std::to_string(i), delayed(i < 50 ? 1 : 1'000'000)}}));
  }
  house.sim.clock.advance_ms(1);
  house.run_until_pending(50);
  house.sim.disk.kill_process();
  house.drop();
  house.delete_index();
  ASSERT_TRUE(house.open());
  EXPECT_EQ(pending(), 50);
  fire_all_after(1'000'000);
  EXPECT_EQ(house.consume().size(), 100U);
}

// A fired copy has some headers more than the record that was accepted.
TEST_F(LifetimeTest, RecordWithAsManyHeadersAsAreAccepted_FiresAndIsRecognizedAfterAKill) {
  test::TextHeaders headers(log::RecordLimits{}.headers_max - 1, {"h", "v"});
  headers.emplace_back("schedule-delay", "1000");
  ASSERT_TRUE(house.produce({{"k", "full", headers}, {"k", "later", delayed(1'000'000)}}));
  house.sim.clock.advance_ms(1'000);
  house.run_until_pending(1);
  house.kill_and_open();
  EXPECT_EQ(pending(), 1);
  fire_all_after(1'000'000);
  EXPECT_EQ(values(), "full later ");
}

// With a raised decompressed.batch.max.bytes.
TEST_F(LifetimeTest, PayloadThatInflatesToMoreThanTheUsualLimit_Fires) {
  std::string large(65U << 20, 'x');
  log::BatchHeaderFields fields;
  fields.codec = log::Codec::kZstd;
  ASSERT_TRUE(house.produce({{"k", std::move(large), delayed(1'000)}}, fields));
  fire_all_after(1'000);
  const auto records = house.consume();
  ASSERT_EQ(records.size(), 1U) << house.alarms();
  EXPECT_EQ(records[0].value->size(), 65U << 20);
}

TEST_F(LifetimeTest, GarbledIndex_IsRebuiltFromTheScheduleLog) {
  ASSERT_TRUE(house.produce({{"k", "a", delayed(1)}, {"k", "b", delayed(1'000)}}));
  house.sim.clock.advance_ms(1);
  house.run_until_pending(1);
  house.scheduler->stop();
  house.sim.disk.kill_process();
  house.drop();
  for (const auto& file : std::filesystem::directory_iterator(house.scheduler_options.index_dir)) {
    if (file.path().filename().string().starts_with("MANIFEST")) {
      std::ofstream(file.path()) << "rot";
    }
  }
  ASSERT_TRUE(house.open());
  EXPECT_EQ(pending(), 1);
  fire_all_after(1'000);
  EXPECT_EQ(values(), "a b ");
}

TEST_F(LifetimeTest, CleanRestart_GoesOnFromTheIndex) {
  ASSERT_TRUE(house.produce({{"k", "a", delayed(1)}, {"k", "b", delayed(90'000'000)}}));
  house.sim.clock.advance_ms(1);
  house.run_until_pending(1);
  house.close_and_open();
  EXPECT_EQ(pending(), 1);
  fire_all_after(90'000'000);
  EXPECT_EQ(values(), "a b ");
}

TEST_F(LifetimeTest, FarRecords_AreNotInTheWheel) {
  std::vector<test::TextRecord> records;
  for (int i = 0; i < 1'000; ++i) {
    records.push_back({"k", std::to_string(i), delayed(3'600'000 + i * 60'000)});
  }
  ASSERT_TRUE(house.produce(records));
  house.scheduler->run_once().value();
  EXPECT_EQ(pending(), 1'000);
  EXPECT_EQ(house.scheduler->stats().wheel_entries, 0);
  EXPECT_GE(house.scheduler->stats().next_due_ms, house.sim.clock.wall_ms());
  for (int hour = 0; hour < 18; ++hour) {
    house.sim.clock.advance_ms(3'600'000);
    house.run_until_pending(std::max(0, 999 - hour * 60));
    EXPECT_LE(house.scheduler->stats().wheel_entries, 11);
  }
  const auto fired = house.consume();
  ASSERT_EQ(fired.size(), 1'000U);
  for (std::size_t i = 0; i < fired.size(); ++i) {
    ASSERT_EQ(*fired[i].value, std::to_string(i));
  }
}

TEST_F(LifetimeTest, MoreThanTheWheelMayHold_StillFireInOrder) {
  house.scheduler_options.wheel_entries_max = 10;  // a partition may have 4096 all the same
  house.scheduler_options.index_flush_entries = 1'000;
  house.kill_and_open();
  constexpr int kRecords = 12'000;
  for (int i = 0; i < kRecords; i += 500) {
    std::vector<test::TextRecord> records;
    for (int j = i; j < i + 500; ++j) {
      const int rank = j * 7919 % kRecords;
      records.push_back({"k", std::to_string(rank), delayed(1'000 + rank * 10)});
    }
    ASSERT_TRUE(house.produce(records));
    house.scheduler->run_once().value();
    ASSERT_LE(house.scheduler->stats().wheel_entries, 4'096 + 1'000);
  }
  for (int second = 0; second < 130; ++second) {
    house.sim.clock.advance_ms(1'000);
    house.scheduler->run_once().value();
  }
  house.run_until_pending(0);
  const auto fired = house.consume();
  ASSERT_EQ(fired.size(), static_cast<std::size_t>(kRecords));
  for (std::size_t i = 0; i < fired.size(); ++i) {
    ASSERT_EQ(*fired[i].value, std::to_string(i));
  }
}

TEST_F(LifetimeTest, DamagedPayload_IsSetAsideAndTheOthersFire) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(house.produce({{"k", "payload-" + std::to_string(i), delayed(600'000)}}));
  }
  house.run_until_pending(20);
  damage("/data/orders-0/schedule/00000000000000000000.log", "payload-7");
  house.sim.clock.advance_ms(600'000);
  house.run_until_pending(1);
  EXPECT_EQ(house.consume().size(), 19U);
  EXPECT_NE(house.alarms().find("scheduled record 7 of orders-0 is damaged"), std::string::npos);
}

// What is damaged is no claim that waits for its DONE: it must not use up the places of those.
TEST_F(LifetimeTest, ManyDamagedPayloads_DoNotStopTheOthers) {
  constexpr int kEntries = 40;
  constexpr int kDamaged = 15;
  house.drop();
  house.scheduler_options.undurable_claims_max = 4;
  ASSERT_TRUE(house.open());
  for (int i = 0; i < kEntries; ++i) {
    const std::string value = "payload-" + std::to_string(100 + i);
    ASSERT_TRUE(house.produce({{"k", value, delayed(600'000)}}));
  }
  house.run_until_pending(kEntries);
  for (int i = 0; i < kDamaged; ++i) {
    damage("/data/orders-0/schedule/00000000000000000000.log",
           "payload-" + std::to_string(100 + 2 * i));
  }
  house.sim.clock.advance_ms(600'000);
  house.run_until_pending(kDamaged);
  EXPECT_EQ(house.consume().size(), static_cast<std::size_t>(kEntries - kDamaged));
  EXPECT_EQ(house.scheduler->stats().damaged, kDamaged);
  EXPECT_NE(house.alarms().find("number 10 of this partition"), std::string::npos);
  EXPECT_EQ(house.alarms().find("number 15 of this partition"), std::string::npos);
  house.close_and_open();
  while (house.scheduler->stats().damaged < kDamaged) house.scheduler->run_once().value();
  EXPECT_EQ(pending(), kDamaged);
  EXPECT_EQ(house.consume().size(), static_cast<std::size_t>(kEntries - kDamaged));
}

TEST_F(LifetimeTest, MoreDamageThanIsKept_HaltsThePartitionWithAnAlarm) {
  house.drop();
  house.scheduler_options.damaged_entries_max = 1;
  ASSERT_TRUE(house.open());
  ASSERT_TRUE(house.produce({{"k", "payload-1", delayed(1'000)}}));
  ASSERT_TRUE(house.produce({{"k", "payload-2", delayed(2'000)}}));
  house.run_until_pending(2);
  damage("/data/orders-0/schedule/00000000000000000000.log", "payload-1");
  house.sim.clock.advance_ms(2'000);
  house.scheduler->run_once().value();
  house.scheduler->run_once().value();
  EXPECT_TRUE(house.consume().empty());
  EXPECT_NE(house.alarms().find("damaged_entries_max = 1"), std::string::npos);
}

TEST_F(LifetimeTest, DamagedScheduleLog_HaltsFiringButNotTheStart) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(house.produce({{"k", "payload-" + std::to_string(i), delayed(1'000)}}));
  }
  house.close_and_open();
  house.scheduler->stop();
  house.scheduler.reset();
  house.store->close().value();
  house.store.reset();
  house.delete_index();
  damage("/data/orders-0/schedule/00000000000000000000.log", "payload-7");
  ASSERT_TRUE(house.open()) << house.attach_error;
  EXPECT_NE(house.alarms().find("firing into orders-0 has stopped"), std::string::npos);
  house.sim.clock.advance_ms(1'000);
  EXPECT_EQ(house.scheduler->run_once().value(), 0);
}

}  // namespace
}  // namespace orloj::scheduler
