// Tells the operator, once each, what partitions found damaged while they were served: the log room
// has no logger and only counts it.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "log/partition.h"

namespace orloj::broker {

// Any thread.
class DamageWatch {
 public:
  // One line for each damage of this partition that an earlier look did not see.
  std::vector<std::string> news(const std::string& partition, const log::PartitionStats& stats);

 private:
  struct Told {
    bool compaction_halted = false;
    bool producer_state_damaged = false;
  };
  std::mutex mutex_;
  std::map<std::string, Told> told_;  // partitions with damage only
};

}  // namespace orloj::broker
