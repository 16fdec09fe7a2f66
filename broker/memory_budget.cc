#include "broker/memory_budget.h"

namespace orloj::broker {

bool MemoryBudget::take(const Claim& claim, const std::function<void()>& wake) {
  const std::lock_guard lock(mutex_);
  if (used_bytes_ > claim.held && used_bytes_ + claim.bytes > ceiling(claim.use)) {
    waiting_.push_back(wake);
    return false;
  }
  used_bytes_ += claim.bytes;
  return true;
}

std::int64_t MemoryBudget::ceiling(BudgetUse use) const {
  switch (use) {
    case BudgetUse::kBeginning:
      return max_bytes_ / 2;
    case BudgetUse::kRest:
      return max_bytes_ / 4 * 3;
    case BudgetUse::kWhole:
      break;
  }
  return max_bytes_;
}

bool MemoryBudget::is_wanted() const {
  const std::lock_guard lock(mutex_);
  return !waiting_.empty();
}

void MemoryBudget::give_back(std::int64_t bytes) {
  std::deque<std::function<void()>> woken;
  {
    const std::lock_guard lock(mutex_);
    used_bytes_ -= bytes;
    woken.swap(waiting_);
  }
  for (const auto& wake : woken) wake();
}

std::int64_t MemoryBudget::used_bytes() const {
  const std::lock_guard lock(mutex_);
  return used_bytes_;
}

}  // namespace orloj::broker
