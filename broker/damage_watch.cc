#include "broker/damage_watch.h"

#include <utility>

namespace orloj::broker {

std::vector<std::string> DamageWatch::news(const std::string& partition,
                                           const log::PartitionStats& stats) {
  const std::lock_guard lock(mutex_);
  const Told now{stats.compaction_halted, stats.producer_state_damaged};
  if (!now.compaction_halted && !now.producer_state_damaged) {
    told_.erase(partition);
    return {};
  }
  const Told before = std::exchange(told_[partition], now);
  std::vector<std::string> lines;
  if (now.compaction_halted && !before.compaction_halted) {
    lines.push_back(partition +
                    ": compaction met a damaged batch and leaves this log alone until the next "
                    "start; check the disk");
  }
  if (now.producer_state_damaged && !before.producer_state_damaged) {
    lines.push_back(partition +
                    ": the state of its producers is damaged: scheduled records do not fire into "
                    "it, because what was fired already is not known for sure; check the disk");
  }
  return lines;
}

}  // namespace orloj::broker
