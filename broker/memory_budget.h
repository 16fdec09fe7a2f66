// The bytes that requests in flight may hold, over all connections. Thread-safe.
//
// A client can be slow with a request that it has begun, for as long as its deadline. So that such
// clients together hold up nobody else, what they may hold ends before the budget does.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

namespace orloj::broker {

// What is being paid for, and up to which share of the budget it is granted.
enum class BudgetUse : std::uint8_t {
  kBeginning,  // of a frame that is still on its way: half
  kRest,       // of such a frame: three quarters, so that what was begun can be completed
  kWhole,      // a frame that is here: all
};

class MemoryBudget {
 public:
  explicit MemoryBudget(std::int64_t max_bytes) : max_bytes_(max_bytes) {}

  // True: taken. False: a copy of `wake` is kept and called once, from any thread and without a
  // lock, when trying again is worthwhile. A request is never refused while nothing is held but its
  // own `held` bytes, however large it is.
  struct Claim {
    std::int64_t bytes = 0;
    std::int64_t held = 0;
    BudgetUse use = BudgetUse::kWhole;
  };
  bool take(const Claim& claim, const std::function<void()>& wake);
  void give_back(std::int64_t bytes);
  // Somebody was told to wait since bytes last came back.
  bool is_wanted() const;
  std::int64_t used_bytes() const;

 private:
  std::int64_t ceiling(BudgetUse use) const;

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

  bool grow(std::int64_t bytes, BudgetUse use, const std::function<void()>& wake) {
    if (!budget_->take({bytes, bytes_, use}, wake)) return false;
    bytes_ += bytes;
    return true;
  }
  std::int64_t bytes() const { return bytes_; }

 private:
  MemoryBudget* budget_;
  std::int64_t bytes_ = 0;
};

}  // namespace orloj::broker
