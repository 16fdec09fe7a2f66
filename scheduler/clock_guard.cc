#include "scheduler/clock_guard.h"

#include <cstdlib>

namespace orloj::scheduler {

ClockGuard::Judgement ClockGuard::judge(std::int64_t wall_ms, std::int64_t boot_ms) {
  const std::int64_t difference = wall_ms - boot_ms;
  if (!started_) {
    started_ = true;
    trusted_ms_ = difference;
    seen_ms_ = difference;
    return {};
  }
  if (paused_) {
    return judge_paused(difference, boot_ms);
  }
  const std::int64_t step = difference - trusted_ms_;
  seen_ms_ = difference;
  if (step > limits_.step_max_ms) {
    return pause(step, boot_ms);
  }
  // Slewing and small steps are followed; a step back, too: time then waits by itself.
  trusted_ms_ = difference;
  if (step < -limits_.step_max_ms) {
    ++steps_total_;
    return {Verdict::kFire, "the wall clock went back by " + std::to_string(-step) +
                                " ms: scheduled records wait until it has caught up"};
  }
  return {};
}

ClockGuard::Judgement ClockGuard::pause(std::int64_t step_ms, std::int64_t boot_ms) {
  paused_ = true;
  stable_since_ms_ = boot_ms;
  ++steps_total_;
  return {Verdict::kPaused,
          "the wall clock jumped ahead by " + std::to_string(step_ms) +
              " ms, more than schedule.clock.step.max.ms = " + std::to_string(limits_.step_max_ms) +
              ": firing is paused until it has been stable for " +
              std::to_string(limits_.settle_ms) + " ms or an operator resumes it"};
}

ClockGuard::Judgement ClockGuard::judge_paused(std::int64_t difference_ms, std::int64_t boot_ms) {
  const bool moved = std::abs(difference_ms - seen_ms_) > limits_.step_max_ms;
  seen_ms_ = difference_ms;
  if (moved) {
    stable_since_ms_ = boot_ms;
    ++steps_total_;
  }
  const bool came_back = difference_ms - trusted_ms_ <= limits_.step_max_ms;
  const bool settled = boot_ms - stable_since_ms_ >= limits_.settle_ms;
  if (!came_back && !settled) {
    return {Verdict::kPaused, {}};
  }
  resume();
  return {Verdict::kFire, came_back ? "the wall clock came back: firing goes on"
                                    : "the wall clock has been stable: firing goes on by it"};
}

void ClockGuard::resume() {
  paused_ = false;
  trusted_ms_ = seen_ms_;
}

}  // namespace orloj::scheduler
