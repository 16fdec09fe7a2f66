// Exactly one copy (promise 2) and never early (promise 1) across power cuts and kill -9, at each
// named crash point and at random instants while thousands fire.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "scheduler/time_values.h"
#include "tests/scheduler/scheduler_fixture.h"
#include "tests/support/crash_points.h"

namespace orloj::scheduler {
namespace {

enum class Crash : std::uint8_t { kPowerCut, kKill };

class World {
 public:
  explicit World(std::uint32_t seed, log::Durability durability) : house(seed), random_(seed) {
    house.known.config.durability = durability;
    house.scheduler_options.undurable_claims_sync_ms = 20;
    house.scheduler_options.index_sync_interval_ms = 500;
    house.scheduler_options.index_flush_interval_ms = 50;
    house.scheduler_options.fire_batch_records_max = 200;
    // Small enough that heads are copied and dropped while it goes on.
    house.known.config.segment_bytes = 30'000;
    house.scheduler_options.head_drop_min_bytes = 30'000;
    house.scheduler_options.head_drop_step_bytes = 5'000;
    EXPECT_TRUE(house.open());
  }

  // Scheduled and immediate records, in one batch, some due already.
  void produce(int count) {
    std::vector<test::TextRecord> records;
    std::vector<std::string> promised;
    for (int i = 0; i < count; ++i) {
      const std::string name = "r" + std::to_string(next_++);
      const bool immediate = random_() % 5 == 0;
      if (!immediate || house.known.config.durability == log::Durability::kSync) {
        promised.push_back(name);  // a power cut may take the others from an async topic
      }
      records.push_back({"k", name, immediate ? test::TextHeaders{} : test::delayed(delay_ms())});
    }
    if (house.produce(records)) {
      acknowledged_.insert(promised.begin(), promised.end());
    }
  }

  // Some stay long enough to be copied.
  std::int64_t delay_ms() {
    return static_cast<std::int64_t>(random_() % (random_() % 10 == 0 ? 30'000 : 2'000));
  }

  void step() {
    if (random_() % 3 == 0) {
      produce(1 + static_cast<int>(random_() % 60));
    }
    house.sim.clock.advance_ms(static_cast<std::int64_t>(random_() % 60));
    house.scheduler->run_once().value();
  }

  void crash(Crash how) {
    if (how == Crash::kKill) {
      house.sim.disk.kill_process();
      house.drop();
    } else {
      house.sim.disk.inject({.call = test::SimCall::kSync, .fault = test::SimFault::kPowerCut});
      house.drop();
      house.sim.disk.restart_after_power_cut();
    }
    reopen();
  }

  // A start may meet the next crash.
  void reopen() {
    ++crashes;
    if (random_() % 3 == 0) {
      house.delete_index();
    }
    while (!house.open()) {
      ASSERT_TRUE(house.sim.disk.power_is_off()) << house.attach_error;
      house.drop();
      house.sim.disk.restart_after_power_cut();
    }
  }

  // Fires everything that is left; each acknowledged record is there once, no other more than once.
  void finish_and_count() {
    house.sim.clock.advance_ms(60'000);
    house.run_until_pending(0);
    std::map<std::string, int> copies;
    for (const auto& record : house.consume()) {
      ++copies[*record.value];
      const std::string due = record.header("__schedule.due");
      if (!due.empty()) {
        EXPECT_GE(parse_instant(log::to_bytes(record.header("__schedule.fired"))).value(),
                  parse_instant(log::to_bytes(due)).value());
      }
    }
    for (const std::string& name : acknowledged_) {
      ASSERT_EQ(copies[name], 1) << name << "\n" << house.alarms();
    }
    for (const auto& [name, count] : copies) {
      ASSERT_LE(count, 1) << name << "\n" << house.alarms();
    }
  }

  std::size_t acknowledged() const { return acknowledged_.size(); }

  test::SchedulerHouse house;
  int crashes = 0;

 private:
  std::mt19937 random_;
  std::uint64_t next_ = 0;
  std::set<std::string> acknowledged_;
};

class CrashPoints
    : public testing::TestWithParam<std::tuple<std::string_view, log::Durability, int>> {};

TEST_P(CrashPoints, Promise2_PowerCutThere_LeavesExactlyOneCopy) {
  const auto [point, durability, nth] = GetParam();
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  World world(seed, durability);
  world.produce(300);
  world.house.sim.disk.arm(std::string(point), nth);
  for (int i = 0; i < 4'000 && !world.house.sim.disk.power_is_off(); ++i) {
    world.step();
  }
  ASSERT_TRUE(world.house.sim.disk.power_is_off()) << "never reached";
  world.house.drop();
  world.house.sim.disk.restart_after_power_cut();
  world.reopen();
  world.produce(50);
  world.finish_and_count();
}

std::string point_name(
    const testing::TestParamInfo<std::tuple<std::string_view, log::Durability, int>>& info) {
  std::string name(std::get<0>(info.param));
  std::replace(name.begin(), name.end(), '-', '_');
  return name + (std::get<1>(info.param) == log::Durability::kSync ? "_sync_" : "_async_") +
         std::to_string(std::get<2>(info.param));
}

INSTANTIATE_TEST_SUITE_P(All, CrashPoints,
                         testing::Combine(testing::ValuesIn(test::kSchedulerCrashPoints),
                                          testing::Values(log::Durability::kSync,
                                                          log::Durability::kAsync),
                                          testing::Values(1, 4)),
                         point_name);

class RandomCrashes : public testing::TestWithParam<std::tuple<Crash, log::Durability>> {};

TEST_P(RandomCrashes, Promise2_WhileThousandsFire_LeaveExactlyOneCopy) {
  const auto [how, durability] = GetParam();
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  World world(seed, durability);
  for (int round = 0; round < 12; ++round) {
    world.produce(200);
    if (how == Crash::kPowerCut) {
      const auto call = random() % 2 == 0 ? test::SimCall::kWrite : test::SimCall::kSync;
      world.house.sim.disk.inject({.call = call,
                                   .nth = 1 + static_cast<std::int64_t>(random() % 60),
                                   .fault = test::SimFault::kPowerCut});
    }
    const int steps = static_cast<int>(random() % 40);
    for (int i = 0; i < steps && !world.house.sim.disk.power_is_off(); ++i) {
      world.step();
    }
    world.crash(how);
  }
  world.finish_and_count();
  EXPECT_GE(world.acknowledged(), 1'000U);
  EXPECT_EQ(world.crashes, 12);
}

std::string crash_name(
    const testing::TestParamInfo<std::tuple<Crash, log::Durability>>& parameters) {
  const auto [how, durability] = parameters.param;
  return std::string(how == Crash::kKill ? "kill_" : "power_cut_") +
         (durability == log::Durability::kSync ? "sync" : "async");
}

INSTANTIATE_TEST_SUITE_P(All, RandomCrashes,
                         testing::Combine(testing::Values(Crash::kPowerCut, Crash::kKill),
                                          testing::Values(log::Durability::kSync,
                                                          log::Durability::kAsync)),
                         crash_name);

}  // namespace
}  // namespace orloj::scheduler
