// How many connections there may be, together and from one address. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "broker/stats.h"

namespace orloj::broker {

class ConnectionLimits {
 public:
  ConnectionLimits(std::int32_t connections_max, std::int32_t connections_per_ip_max,
                   BrokerStats& stats)
      : total_max_(connections_max), per_ip_max_(connections_per_ip_max), stats_(stats) {}

  // What is exceeded, or nullopt: counted until leave().
  std::optional<std::string> enter(const std::string& ip);
  void leave(const std::string& ip);
  // Blocks until nobody is left; false: the time is over.
  bool wait_until_none(std::int64_t max_ms);

 private:
  const std::int32_t total_max_;
  const std::int32_t per_ip_max_;
  BrokerStats& stats_;
  std::mutex mutex_;
  std::condition_variable left_;
  std::int32_t total_ = 0;
  std::map<std::string, std::int32_t, std::less<>> by_ip_;
};

}  // namespace orloj::broker
