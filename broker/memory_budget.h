// The bytes that requests in flight may hold, over all connections. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

namespace orloj::broker {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::int64_t max_bytes) : max_bytes_(max_bytes) {}

  // True: taken. False: a copy of `wake` is kept and called once, from any thread and without a
  // lock, when trying again is worthwhile. A request is never refused while nothing else is held,
  // however large it is.
  bool take(std::int64_t bytes, const std::function<void()>& wake);
  void give_back(std::int64_t bytes);
  std::int64_t used_bytes() const;

 private:
  const std::int64_t max_bytes_;
  mutable std::mutex mutex_;
  std::int64_t used_bytes_ = 0;
  std::deque<std::function<void()>> waiting_;  // at most one a connection
};

// A share of the budget, given back on destruction.
class BudgetLease {
 public:
  explicit BudgetLease(MemoryBudget& budget) : budget_(&budget) {}
  BudgetLease(BudgetLease&& other) noexcept
      : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
  BudgetLease& operator=(BudgetLease&&) = delete;
  ~BudgetLease() {
    if (bytes_ > 0) budget_->give_back(bytes_);
  }

  bool grow(std::int64_t bytes, const std::function<void()>& wake) {
    if (!budget_->take(bytes, wake)) return false;
    bytes_ += bytes;
    return true;
  }
  std::int64_t bytes() const { return bytes_; }

 private:
  MemoryBudget* budget_;
  std::int64_t bytes_ = 0;
};

}  // namespace orloj::broker
