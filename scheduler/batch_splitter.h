// Splits one client batch into what goes out at once and what waits (log-protocol §6).
//
// The data half is a sparse batch: each immediate record keeps the offset delta the client gave it,
// and the batch ends at its last immediate record. The schedule half is a batch of ADD entries.
// Both carry the client's producer id, epoch and base sequence. Pure but for one scratch buffer per
// thread; thread-safe.
#pragma once

#include <cstdint>

#include "log/bytes.h"
#include "scheduler/error.h"
#include "scheduler/options.h"
#include "scheduler/scheduler.h"

namespace orloj::scheduler {

struct SplitRules {
  std::int64_t now_ms = 0;  // the broker's clock, rounded up to a whole millisecond
  std::int32_t header_max_bytes = 1024;
};

// `batch` is one valid v2 batch (log::validate_batch passed). kInvalidBatch when it is not.
Result<Prepared> split_batch(log::ByteView batch, const TopicScheduleConfig& config,
                             const SplitRules& rules);

}  // namespace orloj::scheduler
