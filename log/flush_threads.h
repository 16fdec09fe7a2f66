// Threads that sync async topics as soon as an append has reached flush.messages, away from whoever
// appended: its answer waits, its thread does not.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "log/error.h"
#include "log/partition.h"

namespace orloj::log {

class FlushThreads {
 public:
  // `check` gets what each run_flush() returned. Any of the threads, no lock held.
  explicit FlushThreads(std::function<void(const Status&)> check) : check_(std::move(check)) {}
  FlushThreads(const FlushThreads&) = delete;
  FlushThreads& operator=(const FlushThreads&) = delete;
  ~FlushThreads() { stop(); }

  void start(int threads);
  // Ends the threads; what is requested later waits for ever.
  void stop();
  // Calls run_flush() soon. Thread-safe, never waits. A partition asks again only when a sync has
  // begun, so that the queue holds it at most once.
  void request(std::weak_ptr<Partition> partition);

 private:
  void run();

  const std::function<void(const Status&)> check_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::weak_ptr<Partition>> due_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace orloj::log
