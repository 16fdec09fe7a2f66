#include "log/record_batch_builder.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>

#include "log/batch_format.h"
#include "log/record_batch.h"
#include "log/varint.h"

namespace orloj::log {
namespace {

std::size_t nullable_bytes(const std::optional<ByteView>& bytes) {
  return bytes ? varint_bytes(static_cast<std::int64_t>(bytes->size())) + bytes->size() : 1;
}

void append_bytes(std::vector<std::byte>& out, ByteView bytes) {
  append_varint(out, static_cast<std::int64_t>(bytes.size()));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_nullable(std::vector<std::byte>& out, const std::optional<ByteView>& bytes) {
  if (bytes) {
    append_bytes(out, *bytes);
  } else {
    append_varint(out, -1);
  }
}

// Wraps as the reader does: timestamps come from clients, and any 64 bits are one.
std::int64_t timestamp_delta(TimestampMs timestamp, TimestampMs base) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(timestamp) -
                                   static_cast<std::uint64_t>(base));
}

}  // namespace

RecordBatchBuilder::RecordBatchBuilder(const BatchHeaderFields& fields)
    : fields_(fields), bytes_(batch_format::kHeaderBytes) {
}

std::int32_t RecordBatchBuilder::body_bytes(std::int32_t offset_delta,
                                            const NewRecord& record) const {
  const TimestampMs base = record_count_ == 0
                               ? fields_.delete_horizon_ms.value_or(record.timestamp_ms)
                               : base_timestamp_;
  std::size_t total = 1 + varint_bytes(timestamp_delta(record.timestamp_ms, base)) +
                      varint_bytes(offset_delta) + nullable_bytes(record.key) +
                      nullable_bytes(record.value) +
                      varint_bytes(static_cast<std::int64_t>(record.headers.size()));
  for (const HeaderView& header : record.headers) {
    total += nullable_bytes(to_bytes(header.key)) + nullable_bytes(header.value);
  }
  assert(total <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()));
  return static_cast<std::int32_t>(total);
}

std::size_t RecordBatchBuilder::size_with(const NewRecord& record) const {
  const std::int32_t body = body_bytes(last_offset_delta_ + 1, record);
  return bytes_.size() + varint_bytes(body) + static_cast<std::size_t>(body);
}

void RecordBatchBuilder::append(const NewRecord& record) {
  append_at(last_offset_delta_ + 1, record);
}

void RecordBatchBuilder::append_at(std::int32_t offset_delta, const NewRecord& record) {
  assert(offset_delta > last_offset_delta_);
  append_varint(bytes_, body_bytes(offset_delta, record));
  if (record_count_ == 0) {
    base_timestamp_ = fields_.delete_horizon_ms.value_or(record.timestamp_ms);
    max_timestamp_ = record.timestamp_ms;
  }
  max_timestamp_ = std::max(max_timestamp_, record.timestamp_ms);
  bytes_.push_back(std::byte{0});
  append_varint(bytes_, timestamp_delta(record.timestamp_ms, base_timestamp_));
  append_varint(bytes_, offset_delta);
  append_nullable(bytes_, record.key);
  append_nullable(bytes_, record.value);
  append_varint(bytes_, static_cast<std::int64_t>(record.headers.size()));
  for (const HeaderView& header : record.headers) {
    append_bytes(bytes_, to_bytes(header.key));
    append_nullable(bytes_, header.value);
  }
  last_offset_delta_ = offset_delta;
  ++record_count_;
}

void RecordBatchBuilder::set_last_offset_delta(std::int32_t delta) {
  assert(delta >= last_offset_delta_);
  last_offset_delta_ = delta;
}

Result<std::vector<std::byte>> RecordBatchBuilder::build() && {
  if (fields_.codec != Codec::kNone && record_count_ > 0) {
    ScratchBuffer packed;
    const ByteView records = ByteView(bytes_).subspan(batch_format::kHeaderBytes);
    if (Status done = compress(fields_.codec, records, packed, fields_.compression_level); !done) {
      return done.error();
    }
    bytes_.resize(batch_format::kHeaderBytes);
    bytes_.insert(bytes_.end(), packed.view().begin(), packed.view().end());
  }
  constexpr std::size_t kSizeMax = std::numeric_limits<std::int32_t>::max();
  if (bytes_.size() > kSizeMax) {
    return Error{ErrorCode::kTooLarge, "batch of " + std::to_string(bytes_.size()) +
                                           " bytes passes the format's limit of " +
                                           std::to_string(kSizeMax)};
  }
  write_header(bytes_);
  return std::move(bytes_);
}

void RecordBatchBuilder::write_header(std::vector<std::byte>& batch) const {
  namespace format = batch_format;
  // An empty batch holds nothing to compress, and readers would choke on an empty compressed
  // stream.
  auto attributes = static_cast<std::uint16_t>(record_count_ > 0 ? fields_.codec : Codec::kNone);
  const auto set_bit = [&attributes](bool on, std::uint16_t bit) {
    attributes = static_cast<std::uint16_t>(attributes | (on ? bit : 0U));
  };
  set_bit(fields_.timestamp_type == TimestampType::kLogAppendTime, format::kLogAppendTimeBit);
  set_bit(fields_.transaction == BatchTransaction::kTransactional, format::kTransactionalBit);
  set_bit(fields_.kind == BatchKind::kControl, format::kControlBit);
  set_bit(fields_.delete_horizon_ms.has_value(), format::kDeleteHorizonBit);

  std::byte* const at = batch.data();
  store_big<std::int64_t>(at + format::kBaseOffset, fields_.base_offset);
  store_big<std::int32_t>(at + format::kLength,
                          static_cast<std::int32_t>(batch.size() - format::kLengthOverhead));
  store_big<std::int32_t>(at + format::kLeaderEpoch, fields_.leader_epoch);
  store_big<std::int8_t>(at + format::kMagic, format::kMagicV2);
  store_big<std::uint16_t>(at + format::kAttributes, attributes);
  store_big<std::int32_t>(at + format::kLastOffsetDelta, std::max(last_offset_delta_, 0));
  store_big<std::int64_t>(at + format::kBaseTimestamp, base_timestamp_);
  store_big<std::int64_t>(at + format::kMaxTimestamp, max_timestamp_);
  store_big<std::int64_t>(at + format::kProducerId, fields_.producer_id);
  store_big<std::int16_t>(at + format::kProducerEpoch, fields_.producer_epoch);
  store_big<std::int32_t>(at + format::kBaseSequence, fields_.base_sequence);
  store_big<std::int32_t>(at + format::kRecordCount, record_count_);
  set_crc(batch);
}

}  // namespace orloj::log
