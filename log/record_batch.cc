#include "log/record_batch.h"

#include <cassert>
#include <limits>
#include <string>

#include "log/crc32c.h"

namespace orloj::log {
namespace {

using namespace batch_format;  // NOLINT(google-build-using-namespace): every constant is used here

Error invalid(std::string message) {
  return {ErrorCode::kInvalidBatch, std::move(message)};
}

std::uint32_t computed_crc(ByteView batch) {
  return crc32c(batch.subspan(kAttributes));
}

std::optional<Error> find_header_fault(const RecordBatchView& batch) {
  if (!codec_from_attributes(batch.attributes())) {
    return Error{ErrorCode::kUnsupportedCodec, "batch has compression type " +
                                                   std::to_string(batch.attributes() & kCodecMask) +
                                                   "; known are 0 (none) to 4 (zstd)"};
  }
  if (batch.record_count() < 0 || batch.last_offset_delta() < 0) {
    return invalid("batch has a negative count (record count " +
                   std::to_string(batch.record_count()) + ", last offset delta " +
                   std::to_string(batch.last_offset_delta()) + ")");
  }
  if (batch.record_count() - 1 > batch.last_offset_delta()) {
    return invalid("batch holds " + std::to_string(batch.record_count()) +
                   " records but its last offset delta is " +
                   std::to_string(batch.last_offset_delta()));
  }
  if (batch.base_offset() > std::numeric_limits<Offset>::max() - batch.last_offset_delta() - 1) {
    return invalid("batch passes the largest offset, base offset " +
                   std::to_string(batch.base_offset()));
  }
  return std::nullopt;
}

}  // namespace

Result<RecordBatchView> RecordBatchView::parse(ByteView bytes, CrcCheck check) {
  if (bytes.size() < kHeaderBytes) {
    return invalid("batch header is cut: " + std::to_string(bytes.size()) + " of " +
                   std::to_string(kHeaderBytes) + " bytes");
  }
  const auto length = load_big<std::int32_t>(bytes.data() + kLength);
  if (length < kLengthMin) {
    return invalid("batch length " + std::to_string(length) + " is below the least possible, " +
                   std::to_string(kLengthMin));
  }
  const std::size_t size = kLengthOverhead + static_cast<std::size_t>(length);
  const auto magic = load_big<std::int8_t>(bytes.data() + kMagic);
  if (magic != kMagicV2) {
    return invalid("batch has magic " + std::to_string(magic) +
                   "; only record batches of version 2 are known");
  }
  if (size > bytes.size()) {
    return invalid("batch is cut: " + std::to_string(bytes.size()) + " of " + std::to_string(size) +
                   " bytes");
  }
  const RecordBatchView batch(bytes.first(size));
  if (check == CrcCheck::kVerify && !batch.crc_matches()) {
    return invalid("batch fails its CRC: stored " + std::to_string(batch.crc()) + ", computed " +
                   std::to_string(computed_crc(batch.bytes())));
  }
  if (auto fault = find_header_fault(batch)) {
    return *std::move(fault);
  }
  return batch;
}

bool RecordBatchView::crc_matches() const {
  return crc() == computed_crc(bytes_);
}

std::optional<std::size_t> batch_size(ByteView header) {
  assert(header.size() >= kLengthOverhead);
  const auto length = load_big<std::int32_t>(header.data() + kLength);
  if (length < kLengthMin) {
    return std::nullopt;
  }
  return kLengthOverhead + static_cast<std::size_t>(length);
}

bool is_end_marker(ByteView header) {
  assert(header.size() >= kLengthOverhead);
  return load_big<std::int32_t>(header.data() + kLength) == 0;
}

Result<std::optional<RecordBatchView>> BatchCursor::next() {
  if (position_ == bytes_.size()) {
    return std::optional<RecordBatchView>();
  }
  auto batch = RecordBatchView::parse(bytes_.subspan(position_), check_);
  if (!batch) {
    return batch.error();
  }
  position_ += batch->size();
  return std::optional<RecordBatchView>(*batch);
}

void set_base_offset(MutableBytes batch, Offset base_offset) {
  assert(batch.size() >= kHeaderBytes);
  store_big<std::int64_t>(batch.data() + kBaseOffset, base_offset);
}

void set_leader_epoch(MutableBytes batch, LeaderEpoch leader_epoch) {
  assert(batch.size() >= kHeaderBytes);
  store_big<std::int32_t>(batch.data() + kLeaderEpoch, leader_epoch);
}

void set_log_append_time(MutableBytes batch, TimestampMs now_ms) {
  assert(batch.size() >= kHeaderBytes);
  const auto attributes = load_big<std::uint16_t>(batch.data() + kAttributes);
  store_big<std::uint16_t>(batch.data() + kAttributes,
                           static_cast<std::uint16_t>(attributes | kLogAppendTimeBit));
  set_max_timestamp(batch, now_ms);
}

void set_max_timestamp(MutableBytes batch, TimestampMs max_timestamp_ms) {
  assert(batch.size() >= kHeaderBytes);
  store_big<std::int64_t>(batch.data() + kMaxTimestamp, max_timestamp_ms);
  set_crc(batch);
}

void set_crc(MutableBytes batch) {
  assert(batch.size() >= kHeaderBytes);
  store_big<std::uint32_t>(batch.data() + kCrc, computed_crc(batch));
}

}  // namespace orloj::log
