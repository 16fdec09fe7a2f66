// The history of leader epochs of one log, in Kafka's leader-epoch-checkpoint file format (version
// 0 text).
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "log/env/env.h"
#include "log/error.h"
#include "log/types.h"

namespace orloj::log {

struct EpochStart {
  LeaderEpoch epoch = 0;
  Offset start_offset = 0;
};

struct EpochEnd {
  LeaderEpoch epoch = -1;
  Offset end_offset = kNoOffset;
};

// Thread-safe. Every change is durable (write to a temporary file, sync, rename, sync directory)
// before it returns.
class LeaderEpochCheckpoint {
 public:
  // kCorrupt when the file is damaged: recovery then rebuilds it from the batches of the log.
  static Result<LeaderEpochCheckpoint> load(Env& env, std::string directory);
  static LeaderEpochCheckpoint rebuilt(Env& env, std::string directory,
                                       std::vector<EpochStart> entries);

  LeaderEpochCheckpoint(LeaderEpochCheckpoint&& other) noexcept;

  LeaderEpoch latest() const;  // -1 when empty
  // Records that `epoch` starts at `start_offset`; ignored unless the epoch is newer than the
  // latest.
  Status assign(LeaderEpoch epoch, Offset start_offset);
  Status truncate_from_end(Offset end_offset);
  // KIP-101/KIP-320: the largest epoch <= `epoch` and where it ends; log_end_offset for the latest
  // one.
  EpochEnd end_offset_for(LeaderEpoch epoch, Offset log_end_offset) const;
  std::vector<EpochStart> entries() const;

 private:
  LeaderEpochCheckpoint(Env& env, std::string directory, std::vector<EpochStart> entries);
  Status write_locked() const;

  Env* env_;
  std::string directory_;
  mutable std::mutex mutex_;
  std::vector<EpochStart> entries_;
};

}  // namespace orloj::log
