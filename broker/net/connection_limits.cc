#include "broker/net/connection_limits.h"

#include <fmt/format.h>

#include <chrono>

namespace orloj::broker {

std::optional<std::string> ConnectionLimits::enter(const std::string& ip) {
  const std::lock_guard lock(mutex_);
  if (total_ >= total_max_) return fmt::format("max.connections is {}", total_max_);
  const auto found = by_ip_.find(ip);
  if (found != by_ip_.end() && found->second >= per_ip_max_) {
    return fmt::format("max.connections.per.ip is {}", per_ip_max_);
  }
  ++total_;
  ++by_ip_[ip];
  stats_.connections.store(total_, std::memory_order_relaxed);
  return std::nullopt;
}

void ConnectionLimits::leave(const std::string& ip) {
  const std::lock_guard lock(mutex_);
  --total_;
  const auto found = by_ip_.find(ip);
  if (found != by_ip_.end() && --found->second == 0) by_ip_.erase(found);
  stats_.connections.store(total_, std::memory_order_relaxed);
  left_.notify_all();
}

bool ConnectionLimits::wait_until_none(std::int64_t max_ms) {
  std::unique_lock lock(mutex_);
  return left_.wait_for(lock, std::chrono::milliseconds(max_ms), [this] { return total_ == 0; });
}

}  // namespace orloj::broker
