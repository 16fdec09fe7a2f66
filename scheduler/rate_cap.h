// How many overdue records a topic may fire now: so many a second, gathered for a tenth of one.
// Pure: boot time is passed in. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>

namespace orloj::scheduler {

class RateCap {
 public:
  explicit RateCap(std::int64_t per_second) : per_second_(std::max<std::int64_t>(per_second, 10)) {}

  std::int64_t allowed(std::int64_t boot_ms) {
    if (!started_) {
      started_ = true;
      last_ms_ = boot_ms;
      thousandths_ = burst_thousandths();
    }
    const std::int64_t elapsed_ms = std::min<std::int64_t>(boot_ms - last_ms_, 1'000);
    last_ms_ = boot_ms;
    thousandths_ = std::min(thousandths_ + elapsed_ms * per_second_, burst_thousandths());
    return std::max<std::int64_t>(thousandths_ / 1'000, 0);
  }
  void take(std::int64_t records) { thousandths_ -= records * 1'000; }

 private:
  std::int64_t burst_thousandths() const { return per_second_ * 100; }

  std::int64_t per_second_;
  std::int64_t last_ms_ = 0;
  std::int64_t thousandths_ = 0;  // of a record
  bool started_ = false;
};

}  // namespace orloj::scheduler
