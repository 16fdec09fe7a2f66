// What the cleaner leaves of one batch. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "log/error.h"
#include "log/offset_map.h"
#include "log/record_batch.h"
#include "log/types.h"

namespace orloj::log {

struct KeepRules {
  const OffsetMap& map;
  Offset mapped_end = 0;  // records at and above it stay: the map does not know what follows them
  TimestampMs now_ms = 0;
  std::int64_t delete_retention_ms = 0;
};

enum class BatchFate : std::uint8_t { kUnchanged, kRewritten, kDropped };

struct CompactedBatch {
  BatchFate verdict = BatchFate::kUnchanged;
  std::vector<std::byte> bytes;  // of a rewritten batch
};

// A record stays when the map knows no later one of its key. A tombstone that stays gives its batch
// a delete horizon, the first time it is cleaned, and goes once that has passed. Records without a
// key go; control batches stay. A batch without records is dropped: clients choke on empty ones,
// and the producer file has what it said about its producer. Offsets stay; the batch then ends at
// its last record, so that no hole hangs at its end.
Result<CompactedBatch> compact_batch(const RecordBatchView& batch, const KeepRules& rules,
                                     ScratchBuffer& scratch);

}  // namespace orloj::log
