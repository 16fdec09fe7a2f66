// Walks over the batches of a segment file: by their headers alone, or whole with all checks. One
// thread each; they hold no locks and never read at or past `end`.
#pragma once

#include <cstdint>
#include <optional>

#include "log/env/env.h"
#include "log/error.h"
#include "log/file_slice.h"
#include "log/record_batch.h"
#include "log/record_reader.h"
#include "log/scratch_buffer.h"
#include "log/types.h"

namespace orloj::log {

struct BatchHeader {
  std::int64_t position = 0;
  std::int64_t size_bytes = 0;
  Offset base_offset = 0;
  Offset last_offset = 0;
  TimestampMs max_timestamp_ms = kNoTimestamp;
  LeaderEpoch leader_epoch = -1;

  std::int64_t end() const { return position + size_bytes; }
};

// Lookups by time open batches of any client that may ask, also such as came in unopened: they do
// not claim more memory than this. What passes it is found by its first offset.
inline constexpr RecordLimits kLookupLimits{.headers_max = kOwnLogLimits.headers_max,
                                            .decompressed_max_bytes = 64U << 20};

inline TimestampedOffset too_large_to_open(const RecordBatchView& batch) {
  return {batch.max_timestamp(), batch.base_offset(), batch.leader_epoch()};
}

struct WalkRange {
  std::int64_t from = 0;  // where a batch starts
  std::int64_t end = 0;   // no byte at or behind this is looked at
};

// Headers only: cheap, and believes what it reads but for sizes and order.
class HeaderWalk {
 public:
  HeaderWalk(const File& file, WalkRange range) : file_(file), range_(range) {}

  // The next header; nullopt at the end of the range; kCorrupt when there is no batch that ends
  // within the range.
  Result<std::optional<BatchHeader>> next();

 private:
  Result<ByteView> header_bytes();

  const File& file_;
  WalkRange range_;
  ScratchBuffer buffer_;
  std::int64_t buffer_at_ = 0;
};

// Whole batches.
class BatchWalk {
 public:
  BatchWalk(const File& file, WalkRange range, CrcCheck check)
      : file_(file), range_(range), check_(check) {}

  // The next batch, good until the next call; nullopt at the end of the range; kInvalidBatch or
  // kCorrupt where the bytes are no batch: position() is there then, and the same error comes
  // again.
  Result<std::optional<RecordBatchView>> next();

  // Where the batch that next() will read starts.
  std::int64_t position() const { return range_.from; }
  void skip_to(std::int64_t position) { range_.from = position; }

 private:
  Result<ByteView> bytes_from_here(std::size_t wanted);

  const File& file_;
  WalkRange range_;
  CrcCheck check_;
  ScratchBuffer buffer_;
  std::int64_t buffer_at_ = 0;
};

}  // namespace orloj::log
