// One v2 record batch in memory: checked parse, typed access, and the patches that a broker makes
// in place. Pure: no allocation but for error texts, no exceptions, any bytes are safe to parse.
#pragma once

#include <cstdint>
#include <optional>

#include "log/batch_format.h"
#include "log/bytes.h"
#include "log/compression.h"
#include "log/error.h"
#include "log/types.h"

namespace orloj::log {

enum class CrcCheck : std::uint8_t { kVerify, kSkip };

// A view: the bytes must outlive it.
class RecordBatchView {
 public:
  // The batch at the start of `bytes`; more may follow. kInvalidBatch when the bytes end too soon
  // or a header field cannot be right (length, magic, CRC, counts, deltas), kUnsupportedCodec for
  // codecs 5 to 7. A batch without records, as compaction leaves them, is right.
  static Result<RecordBatchView> parse(ByteView bytes, CrcCheck check);

  Offset base_offset() const { return read<std::int64_t>(batch_format::kBaseOffset); }
  LeaderEpoch leader_epoch() const { return read<std::int32_t>(batch_format::kLeaderEpoch); }
  std::uint32_t crc() const { return read<std::uint32_t>(batch_format::kCrc); }
  std::uint16_t attributes() const { return read<std::uint16_t>(batch_format::kAttributes); }
  std::int32_t last_offset_delta() const {
    return read<std::int32_t>(batch_format::kLastOffsetDelta);
  }
  TimestampMs base_timestamp() const { return read<std::int64_t>(batch_format::kBaseTimestamp); }
  TimestampMs max_timestamp() const { return read<std::int64_t>(batch_format::kMaxTimestamp); }
  ProducerId producer_id() const { return read<std::int64_t>(batch_format::kProducerId); }
  std::int16_t producer_epoch() const { return read<std::int16_t>(batch_format::kProducerEpoch); }
  std::int32_t base_sequence() const { return read<std::int32_t>(batch_format::kBaseSequence); }
  std::int32_t record_count() const { return read<std::int32_t>(batch_format::kRecordCount); }

  Offset last_offset() const { return base_offset() + last_offset_delta(); }
  Offset next_offset() const { return last_offset() + 1; }
  Codec codec() const { return static_cast<Codec>(attributes() & batch_format::kCodecMask); }
  TimestampType timestamp_type() const {
    return has(batch_format::kLogAppendTimeBit) ? TimestampType::kLogAppendTime
                                                : TimestampType::kCreateTime;
  }
  bool is_transactional() const { return has(batch_format::kTransactionalBit); }
  bool is_control() const { return has(batch_format::kControlBit); }
  bool has_delete_horizon() const { return has(batch_format::kDeleteHorizonBit); }
  bool has_producer_id() const { return producer_id() >= 0; }

  std::size_t size() const { return bytes_.size(); }
  ByteView bytes() const { return bytes_; }  // the whole batch, header included
  ByteView records() const {                 // behind the header; compressed as codec() says
    return bytes_.subspan(batch_format::kHeaderBytes);
  }

  bool crc_matches() const;

 private:
  explicit RecordBatchView(ByteView bytes) : bytes_(bytes) {}

  template <class Integer>
  Integer read(std::size_t position) const {
    return load_big<Integer>(bytes_.data() + position);
  }
  bool has(std::uint16_t bit) const { return (attributes() & bit) != 0; }

  ByteView bytes_;
};

// Whole size of the batch that starts with `header` (at least kLengthOverhead bytes); nullopt when
// the length field cannot be right. For finding out how much to read.
std::optional<std::size_t> batch_size(ByteView header);

// True for the zero header that is written behind the last batch of a segment (or for anything that
// starts like it).
bool is_end_marker(ByteView header);

// Walks the batches that lie one behind the other in a range of bytes.
class BatchCursor {
 public:
  BatchCursor(ByteView bytes, CrcCheck check) : bytes_(bytes), check_(check) {}

  // The next batch; nullopt at the end. After an error position() is where the bad batch starts;
  // calling again gives the same error.
  Result<std::optional<RecordBatchView>> next();

  // Bytes consumed so far.
  std::size_t position() const { return position_; }

 private:
  ByteView bytes_;
  CrcCheck check_;
  std::size_t position_ = 0;
};

// In place, outside the CRC. `batch` holds at least a header.
void set_base_offset(MutableBytes batch, Offset base_offset);
void set_leader_epoch(MutableBytes batch, LeaderEpoch leader_epoch);

// Marks one whole batch as LogAppendTime with this time as its max timestamp, and sets the CRC.
void set_log_append_time(MutableBytes batch, TimestampMs now_ms);

// Sets the max timestamp of one whole batch, and the CRC.
void set_max_timestamp(MutableBytes batch, TimestampMs max_timestamp_ms);

// Sets the CRC of one whole batch after a change behind kCrc.
void set_crc(MutableBytes batch);

}  // namespace orloj::log
