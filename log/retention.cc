#include "log/retention.h"

#include <algorithm>

namespace orloj::log {
namespace {

bool is_too_old(const SegmentFacts& segment, const RetentionRules& rules) {
  return rules.retention_ms >= 0 && segment.max_timestamp_ms != kNoTimestamp &&
         segment.max_timestamp_ms < rules.now_ms &&
         rules.now_ms - segment.max_timestamp_ms > rules.retention_ms;
}

}  // namespace

RetentionVerdict decide_retention(std::span<const SegmentFacts> segments,
                                  const RetentionRules& rules) {
  RetentionVerdict verdict{.log_start = rules.log_start};
  std::int64_t surplus_bytes = -rules.retention_bytes;
  for (const SegmentFacts& segment : segments) {
    surplus_bytes += segment.size_bytes;
  }
  for (const SegmentFacts& segment : segments) {
    const bool is_active = &segment == &segments.back();
    const bool is_empty = segment.next_offset == segment.base_offset;
    // Behind what the cleaner took from the end of a segment.
    const Offset end = is_active ? segment.next_offset : (&segment + 1)->base_offset;
    if (is_empty && !is_active && end <= rules.high_watermark) {
      continue;  // goes with the next one
    }
    const bool is_surplus = rules.retention_bytes >= 0 && surplus_bytes >= segment.size_bytes;
    if (end > rules.high_watermark || (is_active && is_empty) ||
        !(is_surplus || is_too_old(segment, rules))) {
      break;
    }
    surplus_bytes -= segment.size_bytes;
    verdict.log_start = std::max(verdict.log_start, end);
    verdict.roll_active = is_active;
  }
  return verdict;
}

}  // namespace orloj::log
