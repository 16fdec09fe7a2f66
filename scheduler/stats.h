// What the scheduler measures, read at scrape time.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace orloj::scheduler {

// Upper bounds of the lateness histogram in milliseconds; one more bucket counts what is above the
// last.
inline constexpr std::array<std::int64_t, 14> kLatenessBoundsMs = {
    1, 2, 5, 10, 25, 50, 100, 250, 1'000, 5'000, 15'000, 60'000, 600'000, 3'600'000};

struct LatenessHistogram {
  std::array<std::uint64_t, kLatenessBoundsMs.size() + 1> counts{};
  double sum_seconds = 0;
};

struct TopicScheduleStats {
  std::string topic;
  std::int64_t pending = 0;
  std::int64_t accepted_total = 0;
  std::int64_t fired_total = 0;
};

struct SchedulerStats {
  std::vector<TopicScheduleStats> topics;
  LatenessHistogram lateness;  // append instant minus due instant
  std::int64_t overdue = 0;
  std::int64_t oldest_overdue_ms = 0;
  std::int64_t damaged = 0;       // pending for good: their payload cannot be read
  std::int64_t next_due_ms = -1;  // wall clock; -1 when nothing is pending
  std::int64_t wheel_entries = 0;
  std::int64_t clock_steps_total = 0;
  bool firing_paused = false;
};

}  // namespace orloj::scheduler
