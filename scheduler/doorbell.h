// How other threads wake the delivery thread. Thread-safe; ringing returns at once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace orloj::scheduler {

class Doorbell {
 public:
  void ring() {
    {
      const std::lock_guard lock(mutex_);
      rung_ = true;
    }
    bell_.notify_one();
  }

  // Returns when rung, at once if that was since the last call, or after the time.
  void wait(std::chrono::microseconds at_most) {
    std::unique_lock lock(mutex_);
    bell_.wait_for(lock, at_most, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable bell_;
  bool rung_ = false;
};

}  // namespace orloj::scheduler
