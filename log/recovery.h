// Opening one log: fast after a clean stop, segment by segment after a crash (log-protocol §4).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "log/env/env.h"
#include "log/error.h"
#include "log/segmented_log.h"
#include "log/types.h"

namespace orloj::log {

// Makes a log in a directory (made too) with its first segment at `base_offset` and, from 0 on, its
// first leader epoch; durable when it returns. A directory that holds nothing but an empty log
// already is taken over.
Result<std::unique_ptr<SegmentedLog>> create_log(Env& env, SegmentedLog::Spec spec,
                                                 LeaderEpoch leader_epoch, Offset base_offset = 0);

enum class LastStop : std::uint8_t { kClean, kUnclean };

// What is known of a log from elsewhere. The journal's frames are in the segment files again.
struct LogRecovery {
  SegmentedLog::Spec spec;
  LastStop last_stop = LastStop::kUnclean;
  Offset log_start = 0;    // first offset that exists
  Offset durable_end = 0;  // everything below was on stable storage: never cut
  Offset synced_end = 0;   // what lies below was synced: not scanned
};

struct RecoveredLog {
  std::unique_ptr<SegmentedLog> log;  // everything in it is on stable storage
  std::int64_t bytes_truncated = 0;
  std::vector<std::string> messages;
};

// Past the durable end a chain of good batches with contiguous offsets is adopted, written again
// and synced, and cut at its first break. Below it nothing is cut: what can't be read is reported
// and answers kCorrupt.
Result<RecoveredLog> recover_log(Env& env, const LogRecovery& recovery);

}  // namespace orloj::log
