#include <algorithm>
#include <chrono>
#include <utility>

#include "scheduler/scheduler_impl.h"

namespace orloj::scheduler {
namespace {

// Work of one turn, so that no partition waits long for another.
constexpr std::int64_t kCatchUpBytes = 4 << 20;
constexpr std::size_t kWheelWork = 65'536;
// A partition may always have so many entries in the wheel.
constexpr std::size_t kLoadedMin = 4'096;
// The clock is looked at least so often; retries of what is held up come sooner.
constexpr std::int64_t kWaitMaxUs = 1'000'000;
constexpr std::int64_t kHeldUpWaitUs = 10'000;

}  // namespace

bool SchedulerImpl::clock_is_fine() {
  if (resume_asked_.exchange(false)) {
    guard_.resume();
  }
  const auto judged = guard_.judge(env_.clock().wall_ms(), env_.clock().boot_ms());
  if (!judged.alarm.empty()) {
    tools_.alarm(judged.alarm);
  }
  paused_ = guard_.paused();
  clock_steps_ = guard_.steps_total();
  return judged.verdict == ClockGuard::Verdict::kFire;
}

void SchedulerImpl::leave(PartitionSchedule& schedule) {
  wheel_.drop(schedule.owner(), 0);
  if (const Status cleared = index_->clear(schedule.id()); !cleared) {
    tools_.alarm("the schedule index of " + schedule.name() +
                 ", whose topic is gone, keeps its entries: " + cleared.error().message);
  }
}

// Takes over what was attached and detached since.
void SchedulerImpl::refresh_schedules() {
  Schedules now;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(attached_, [](const auto& item) { return item.second->closed.load(); });
    if (!std::exchange(registry_changed_, false) && attached_.size() == schedules_.size()) {
      return;
    }
    now = attached_;
  }
  for (const auto& [owner, schedule] : schedules_) {
    if (!now.contains(owner)) {
      leave(*schedule);
    }
  }
  schedules_ = std::move(now);
}

void SchedulerImpl::failed(PartitionSchedule& schedule, const Error& error) {
  if (schedule.closed) {
    return;
  }
  if (error.code == ErrorCode::kLog) {
    tools_.alarm("schedules of " + schedule.name() + " wait: " + error.message);
    schedule.retry_later();
  } else {
    schedule.halt(error.message);
  }
}

void SchedulerImpl::look_after(PartitionSchedule& schedule, bool clock_fine) {
  if (!schedule.may_try() || schedule.closed) {
    return;
  }
  if (!schedule.halted() && (schedule.take_news() || schedule.is_behind())) {
    if (const Status caught_up = schedule.catch_up(wheel_, kCatchUpBytes); !caught_up) {
      failed(schedule, caught_up.error());
      return;
    }
    more_ = more_ || schedule.is_behind();
  }
  delivery_.settle(schedule);
  if (!clock_fine || schedule.halted()) {
    return;
  }
  const std::size_t share = static_cast<std::size_t>(options_.wheel_entries_max) /
                            std::max<std::size_t>(schedules_.size(), 1);
  const Status loaded = schedule.load(wheel_, env_.clock().wall_ms(), std::max(share, kLoadedMin));
  if (!loaded) {
    tools_.alarm("schedules of " + schedule.name() + ": " + loaded.error().message);
    schedule.retry_later();
  }
}

void SchedulerImpl::advance_wheel(std::int64_t now_ms) {
  due_.clear();
  more_ = !wheel_.advance(now_ms, kWheelWork, due_) || more_;
  for (const WheelEntry& entry : due_) {
    const auto schedule = schedules_.find(entry.owner());
    if (schedule != schedules_.end()) {
      schedule->second->pending().is_due(entry.due_ms(), entry.place());
    }
  }
}

std::int64_t SchedulerImpl::turn() {
  more_ = false;
  refresh_schedules();
  const bool clock_fine = clock_is_fine();
  for (const auto& [owner, schedule] : schedules_) {
    look_after(*schedule, clock_fine);
  }
  std::int64_t fired = 0;
  if (clock_fine) {
    advance_wheel(env_.clock().wall_ms());
    for (const auto& [owner, schedule] : schedules_) {
      fired += delivery_.fire(*schedule);
    }
  }
  write_indexes();
  for (const auto& [owner, schedule] : schedules_) {
    schedule->publish();
  }
  const auto next = wheel_.next_due_ms();
  wheel_next_ms_ = next.value_or(-1);
  wheel_entries_ = static_cast<std::int64_t>(wheel_.size());
  return fired;
}

void SchedulerImpl::write_indexes() {
  const std::int64_t boot_ms = env_.clock().boot_ms();
  std::size_t unindexed = 0;
  for (const auto& [owner, schedule] : schedules_) {
    unindexed += schedule->pending().unindexed();
  }
  const bool is_time = boot_ms - index_written_boot_ms_ >= options_.index_flush_interval_ms;
  if (unindexed < static_cast<std::size_t>(options_.index_flush_entries) && !is_time) {
    return;
  }
  index_written_boot_ms_ = boot_ms;
  if (boot_ms - checkpoint_boot_ms_ >= options_.index_sync_interval_ms) {
    checkpoint();
  }
  for (const auto& [owner, schedule] : schedules_) {
    if (schedule->pending().unindexed() > 0) {
      if (const Status written = schedule->write_index(); !written) {
        failed(*schedule, {ErrorCode::kLog, written.error().message});
      }
    }
    if (const Status dropped = head_drop_.step(*schedule); !dropped) {
      failed(*schedule, dropped.error());
    }
  }
}

// From here a start after a crash goes on.
void SchedulerImpl::checkpoint() {
  checkpoint_boot_ms_ = env_.clock().boot_ms();
  for (const auto& [owner, schedule] : schedules_) {
    if (const Status written = schedule->write_checkpoint(); !written) {
      failed(*schedule, {ErrorCode::kLog, written.error().message});
    }
  }
  if (const Status flushed = index_->flush(); !flushed) {
    tools_.alarm(flushed.error().message);
  }
}

Result<std::int64_t> SchedulerImpl::run_once() {
  const std::lock_guard lock(turn_mutex_);
  std::int64_t total = 0;
  std::int64_t fired = 0;
  do {
    fired = turn();
    total += fired;
  } while (fired > 0 || more_);
  return total;
}

std::chrono::microseconds SchedulerImpl::time_to_next() const {
  const std::int64_t now_us = env_.clock().wall_us();
  std::int64_t wait_us = kWaitMaxUs;
  if (guard_.paused()) {
    return std::chrono::microseconds(wait_us);
  }
  if (const auto next = wheel_.next_due_ms()) {
    wait_us = std::min(wait_us, *next * 1'000 - now_us);
  }
  for (const auto& [owner, schedule] : schedules_) {
    if (const auto ready = schedule->pending().first_ready_ms(); ready && !schedule->halted()) {
      wait_us = std::min(wait_us, std::max(*ready * 1'000 - now_us, kHeldUpWaitUs));
    }
    if (schedule->pending().unindexed() > 0) {
      wait_us = std::min(wait_us, options_.index_flush_interval_ms * 1'000);
    }
  }
  return std::chrono::microseconds(std::max<std::int64_t>(wait_us, 0));
}

void SchedulerImpl::run() {
  while (!stopping_) {
    std::chrono::microseconds wait{0};
    {
      const std::lock_guard lock(turn_mutex_);
      if (turn() == 0 && !more_) {
        wait = time_to_next();
      }
    }
    if (wait.count() > 0) {
      tools_.bell->wait(wait);
    }
  }
}

}  // namespace orloj::scheduler
