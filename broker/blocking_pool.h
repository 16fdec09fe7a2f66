// A few threads for work that waits for the disk: topics and schedule logs that are made or
// removed, reads of what is not recent, searches by time. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace orloj::broker {

class BlockingPool {
 public:
  BlockingPool(std::int32_t threads, std::int64_t queue_max);
  ~BlockingPool();  // stops

  // False: queue_max pieces of work wait already, or the pool stops; `work` will not run.
  bool submit(std::function<void()> work);
  // Runs what is queued, then joins. Idempotent.
  void stop();

 private:
  void run();

  const std::size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace orloj::broker
