// The part of recover_log() that keeps account of offsets that are lost or can't be read.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "log/damaged_ranges.h"
#include "log/recovery.h"

namespace orloj::log {

class RecoveryDamage {
 public:
  using Say = std::function<void(std::string)>;  // a line for the operator

  RecoveryDamage(FileSystem& files, const LogRecovery& recovery, Say say)
      : files_(files), recovery_(recovery), say_(std::move(say)) {}

  // This start has found a hole; `why` goes on behind "offsets a to b". Holes come in rising order.
  // What lies below the log start, or was noted already, is left out.
  void note(const DamagedRange& hole, const std::string& why);
  // The log begins anew: nothing that was noted exists any more.
  void clear() { ranges_.clear(); }
  // The file of an earlier start is there.
  void expect_file() { has_file_ = true; }

  // Joins what earlier starts found with what this one has found, and makes it durable.
  Status remember(const SegmentList& segments);
  const std::vector<DamagedRange>& ranges() const { return ranges_; }

 private:
  Result<std::vector<DamagedRange>> stored();
  void say(const DamagedRange& range, const std::string& what);

  FileSystem& files_;
  const LogRecovery& recovery_;
  const Say say_;
  bool has_file_ = false;
  std::vector<DamagedRange> ranges_;
};

}  // namespace orloj::log
