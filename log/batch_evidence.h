// What every batch of a schedule log says about the client batch it came from: the key of its first
// record.
//
// The scheduler reserves kBatchEvidenceBytes there; Partition fills in data_end_offset under its
// mutex, then the batch CRC is set. Recovery merges both logs by data_end_offset and rebuilds the
// producer state from sequence_count (log-protocol §5, §6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "log/types.h"

namespace orloj::log {

// Layout, big-endian: version i8 (1), halves i8, sequence_count i32, data_end_offset i64,
// data_last_delta i32.
inline constexpr std::size_t kBatchEvidenceBytes = 18;
inline constexpr std::size_t kBatchEvidenceDataEndPosition = 6;

enum class BatchHalves : std::uint8_t {
  kNotFromClient = 0,  // scheduler's own entries: DONE, COPY, …
  kScheduleOnly = 1,
  kMixed = 2,  // a data half exists or is still to come
};

struct BatchEvidence {
  BatchHalves halves = BatchHalves::kNotFromClient;
  std::int32_t sequence_count = 0;     // records in the client's batch
  Offset data_end_offset = kNoOffset;  // end of the data log just before this batch
  std::int32_t data_last_delta = -1;   // last offset delta of the data half; -1 without one
};

void encode_batch_evidence(const BatchEvidence& evidence,
                           std::span<std::byte, kBatchEvidenceBytes> out);
// nullopt when the size or version is not known.
std::optional<BatchEvidence> decode_batch_evidence(std::span<const std::byte> key);

}  // namespace orloj::log
