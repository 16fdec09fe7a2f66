// The named positions of one log, kept in one small object that asserts their order on every
// change.
#pragma once

#include <algorithm>
#include <cassert>

#include "log/types.h"

namespace orloj::log {

// log_start <= last_stable <= high_watermark <= log_end, durable_end <= log_end; on sync logs
// high_watermark <= durable_end. Not thread-safe: guarded by the mutex of its owner, who publishes
// copies.
struct PartitionOffsets {
  Offset log_start = 0;       // first readable offset
  Offset last_stable = 0;     // below it every transaction is decided
  Offset high_watermark = 0;  // readers see what is below
  Offset durable_end = 0;     // below it everything is on stable storage
  Offset log_end = 0;         // next offset to be given

  void check(Durability durability) const {
    assert(log_start <= log_end);
    assert(last_stable <= high_watermark);
    assert(high_watermark <= log_end);
    assert(durable_end <= log_end);
    assert(durability == Durability::kAsync || high_watermark <= std::max(durable_end, log_start));
    (void)durability;
  }
};

}  // namespace orloj::log
