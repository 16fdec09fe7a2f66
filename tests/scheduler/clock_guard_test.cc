#include "scheduler/clock_guard.h"

#include <gtest/gtest.h>

namespace orloj::scheduler {
namespace {

using Verdict = ClockGuard::Verdict;

constexpr std::int64_t kWall = 1'795'255'200'000;

ClockGuard started() {
  ClockGuard guard({.step_max_ms = 5'000, .settle_ms = 60'000});
  EXPECT_EQ(guard.judge(kWall, 0).verdict, Verdict::kFire);
  return guard;
}

TEST(ClockGuard, BothClocksMoveTogether_Fires) {
  ClockGuard guard = started();
  EXPECT_EQ(guard.judge(kWall + 3'600'000, 3'600'000).verdict, Verdict::kFire);
  EXPECT_EQ(guard.steps_total(), 0);
}

TEST(ClockGuard, SuspendedMachine_IsNoStep) {
  ClockGuard guard = started();
  EXPECT_EQ(guard.judge(kWall + 86'400'000, 86'400'000).verdict, Verdict::kFire);
}

TEST(ClockGuard, SmallStepsAndSlewing_AreFollowed) {
  ClockGuard guard = started();
  for (int i = 1; i <= 10; ++i) {
    EXPECT_EQ(guard.judge(kWall + i * 5'000 + i * 1'000, i * 1'000).verdict, Verdict::kFire);
  }
}

TEST(ClockGuard, StepForward_PausesUntilStable) {
  ClockGuard guard = started();
  const auto judged = guard.judge(kWall + 3'600'000, 100);
  EXPECT_EQ(judged.verdict, Verdict::kPaused);
  EXPECT_NE(judged.alarm.find("schedule.clock.step.max.ms = 5000"), std::string::npos);
  EXPECT_EQ(guard.judge(kWall + 3'600'000 + 59'900, 60'000).verdict, Verdict::kPaused);
  EXPECT_EQ(guard.judge(kWall + 3'600'000 + 60'000, 60'100).verdict, Verdict::kFire);
  EXPECT_EQ(guard.steps_total(), 1);
}

TEST(ClockGuard, AnotherStepWhilePaused_StartsTheWaitAgain) {
  ClockGuard guard = started();
  guard.judge(kWall + 3'600'000, 0);
  guard.judge(kWall + 7'200'000, 50'000);
  EXPECT_EQ(guard.judge(kWall + 7'200'000 + 59'000, 109'000).verdict, Verdict::kPaused);
  EXPECT_EQ(guard.judge(kWall + 7'200'000 + 60'000, 110'000).verdict, Verdict::kFire);
  EXPECT_EQ(guard.steps_total(), 2);
}

TEST(ClockGuard, ClockThatComesBack_FiresAtOnce) {
  ClockGuard guard = started();
  guard.judge(kWall + 3'600'000, 0);
  EXPECT_EQ(guard.judge(kWall + 1'000, 1'000).verdict, Verdict::kFire);
}

TEST(ClockGuard, Resume_FiresByTheClockAsItIs) {
  ClockGuard guard = started();
  guard.judge(kWall + 3'600'000, 0);
  guard.resume();
  EXPECT_EQ(guard.judge(kWall + 3'600'010, 10).verdict, Verdict::kFire);
}

TEST(ClockGuard, StepBack_FiresAndTells) {
  ClockGuard guard = started();
  const auto judged = guard.judge(kWall - 3'600'000, 0);
  EXPECT_EQ(judged.verdict, Verdict::kFire);
  EXPECT_FALSE(judged.alarm.empty());
}

}  // namespace
}  // namespace orloj::scheduler
