// What reading a log answers with: bytes of its files, and the place of a record in time.
#pragma once

#include <cstdint>
#include <memory>

#include "log/env/env.h"
#include "log/types.h"

namespace orloj::log {

// Bytes of a segment file. The shared_ptr keeps the file open: retention may unlink it meanwhile.
struct FileSlice {
  std::shared_ptr<const File> file;
  std::int64_t position = 0;
  std::int64_t length = 0;
};

struct TimestampedOffset {
  TimestampMs timestamp_ms = kNoTimestamp;
  Offset offset = kNoOffset;
  LeaderEpoch leader_epoch = -1;
};

}  // namespace orloj::log
