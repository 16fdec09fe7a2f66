#include "broker/memory_budget.h"

namespace orloj::broker {

bool MemoryBudget::take(std::int64_t bytes, const std::function<void()>& wake) {
  const std::lock_guard lock(mutex_);
  if (used_bytes_ > 0 && used_bytes_ + bytes > max_bytes_) {
    waiting_.push_back(wake);
    return false;
  }
  used_bytes_ += bytes;
  return true;
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
