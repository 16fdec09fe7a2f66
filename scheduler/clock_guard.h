// Decides whether the wall clock can be trusted to fire by (design §4, "Time").
//
// Boot time never steps and counts suspended time, so what the wall clock moves against it is a
// step. Forward by more than the limit pauses firing until the clock has been stable for a while,
// has come back, or an operator says go. Backward needs nothing: what was due is not due any more.
// Pure: both clocks are passed in. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>

namespace orloj::scheduler {

class ClockGuard {
 public:
  struct Limits {
    std::int64_t step_max_ms = 5'000;  // schedule.clock.step.max.ms
    std::int64_t settle_ms = 60'000;
  };
  enum class Verdict : std::uint8_t { kFire, kPaused };

  struct Judgement {
    Verdict verdict = Verdict::kFire;
    std::string alarm;  // a line for the operator when something changed, else empty
  };

  explicit ClockGuard(const Limits& limits) : limits_(limits) {}

  // To be asked at least every second or so, and before every firing.
  Judgement judge(std::int64_t wall_ms, std::int64_t boot_ms);
  // An operator trusts the clock as it is now.
  void resume();

  bool paused() const { return paused_; }
  std::int64_t steps_total() const { return steps_total_; }

 private:
  Judgement pause(std::int64_t step_ms, std::int64_t boot_ms);
  Judgement judge_paused(std::int64_t difference_ms, std::int64_t boot_ms);

  Limits limits_;
  bool started_ = false;
  bool paused_ = false;
  std::int64_t trusted_ms_ = 0;       // wall minus boot while firing
  std::int64_t seen_ms_ = 0;          // wall minus boot as last seen
  std::int64_t stable_since_ms_ = 0;  // boot time
  std::int64_t steps_total_ = 0;
};

}  // namespace orloj::scheduler
