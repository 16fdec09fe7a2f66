// Which segments of a data log have outlived retention.ms and retention.bytes. Pure: looks at
// numbers only.
#pragma once

#include <cstdint>
#include <span>

#include "log/types.h"

namespace orloj::log {

struct SegmentFacts {
  Offset base_offset = 0;
  Offset next_offset = 0;
  std::int64_t size_bytes = 0;
  TimestampMs max_timestamp_ms = kNoTimestamp;
};

struct RetentionRules {
  std::int64_t retention_ms = -1;     // -1: unlimited
  std::int64_t retention_bytes = -1;  // -1: unlimited
  TimestampMs now_ms = 0;
  Offset log_start = 0;
  Offset high_watermark = 0;  // nothing at or above it goes
};

struct RetentionVerdict {
  Offset log_start = 0;      // where the log starts now; the old one when nothing goes
  bool roll_active = false;  // the active segment goes too: roll it first
};

// As Kafka: whole segments, from the head, as long as their newest record is older than
// retention_ms or the log without them still holds retention_bytes. A segment without timestamps is
// kept by age, but for one without records, which goes with the next. `segments`: in order, the
// last is active.
RetentionVerdict decide_retention(std::span<const SegmentFacts> segments,
                                  const RetentionRules& rules);

}  // namespace orloj::log
