#include "log/flush_threads.h"

#include <utility>

namespace orloj::log {

void FlushThreads::start(int threads) {
  while (static_cast<int>(threads_.size()) < threads) {
    threads_.emplace_back([this] { run(); });
  }
}

void FlushThreads::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

void FlushThreads::request(std::weak_ptr<Partition> partition) {
  {
    const std::lock_guard lock(mutex_);
    due_.push_back(std::move(partition));
  }
  wake_.notify_one();
}

void FlushThreads::run() {
  for (;;) {
    std::weak_ptr<Partition> next;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !due_.empty(); });
      if (stopping_) {
        return;
      }
      next = std::move(due_.front());
      due_.pop_front();
    }
    if (const auto partition = next.lock()) {
      check_(partition->run_flush());
    }
  }
}

}  // namespace orloj::log
