// Records of one batch, in order, as views. Pure and bounded: any bytes are safe, nothing is
// allocated but error texts.
#pragma once

#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>

#include "log/bytes.h"
#include "log/error.h"
#include "log/record_batch.h"
#include "log/scratch_buffer.h"
#include "log/types.h"

namespace orloj::log {

struct HeaderView {
  std::string_view key;
  std::optional<ByteView> value;  // nullopt: null
};

// The headers of a record, checked by RecordReader, read as they are iterated.
class HeaderRange {
 public:
  class Iterator {
   public:
    using value_type = HeaderView;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    Iterator() = default;
    const HeaderView& operator*() const { return current_; }
    const HeaderView* operator->() const { return &current_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return at_end_; }

   private:
    friend class HeaderRange;
    explicit Iterator(const HeaderRange& range) : rest_(range.bytes_), left_(range.count_) {
      ++*this;
    }

    ByteView rest_;
    std::int32_t left_ = 0;
    bool at_end_ = false;
    HeaderView current_;
  };

  HeaderRange() = default;
  // `bytes`: `count` encoded headers and nothing else.
  HeaderRange(ByteView bytes, std::int32_t count) : bytes_(bytes), count_(count) {}

  std::int32_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  ByteView bytes_;
  std::int32_t count_ = 0;
};

struct RecordView {
  std::int32_t offset_delta = 0;            // to the batch's base offset
  TimestampMs timestamp_ms = kNoTimestamp;  // as the client wrote it, also in LogAppendTime batches
  std::optional<ByteView> key;              // nullopt: null
  std::optional<ByteView> value;
  HeaderRange headers;
  std::size_t encoded_bytes = 0;  // with its length field
};

// What limits a walk over records that come from outside.
struct RecordLimits {
  std::int32_t headers_max = 10'000;               // LogOptions::record_headers_max
  std::size_t decompressed_max_bytes = 64U << 20;  // LogOptions::decompressed_batch_max_bytes
};

// What no batch can pass. For our own logs: what is there was accepted, maybe under limits that
// were lowered since, and a fired copy has some headers more than what was accepted.
inline constexpr RecordLimits kOwnLogLimits{
    .headers_max = std::numeric_limits<std::int32_t>::max(),
    .decompressed_max_bytes = std::numeric_limits<std::int32_t>::max()};

// Usage: while (reader.next(record)) {…} then look at status().
class RecordReader {
 public:
  // `scratch` receives the inflated records of a compressed batch and must outlive the reader, as
  // must the batch. Errors: as decompress(), with kCorrupt turned into kInvalidBatch.
  static Result<RecordReader> open(const RecordBatchView& batch, ScratchBuffer& scratch,
                                   const RecordLimits& limits = kOwnLogLimits);

  // False at the end and at the first fault. Faults (kInvalidRecord; kTooLarge for headers_max):
  // lengths that do not add up, offset deltas that do not rise or pass the batch's last, fewer or
  // more records than the batch says, bytes behind the last one.
  [[nodiscard]] bool next(RecordView& record);

  // The fault that ended the walk, if any; the message names the record.
  Status status() const { return fault_ ? Status(*fault_) : Status{}; }

  // Records read so far = index of the record that status() is about.
  std::int32_t index() const { return index_; }

 private:
  RecordReader(const RecordBatchView& batch, ByteView records, const RecordLimits& limits);

  bool fail(ErrorCode code, std::string_view what);
  bool read_body(ByteView body, RecordView& record);
  bool read_headers(ByteView body, RecordView& record);

  ByteView rest_;
  TimestampMs base_timestamp_;
  std::int32_t record_count_;
  std::int32_t last_offset_delta_;
  std::int32_t headers_max_;
  std::int32_t index_ = 0;
  std::int32_t previous_offset_delta_ = -1;
  std::optional<Error> fault_;
};

}  // namespace orloj::log
