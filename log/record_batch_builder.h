// Makes v2 record batches: firings, schedule entries, coordinator records, tests.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "log/bytes.h"
#include "log/compression.h"
#include "log/error.h"
#include "log/record_reader.h"
#include "log/types.h"

namespace orloj::log {

enum class BatchKind : std::uint8_t { kData, kControl };
enum class BatchTransaction : std::uint8_t { kNone, kTransactional };

struct BatchHeaderFields {
  Offset base_offset = 0;
  LeaderEpoch leader_epoch = -1;
  Codec codec = Codec::kNone;
  int compression_level = kDefaultCompressionLevel;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  BatchTransaction transaction = BatchTransaction::kNone;
  BatchKind kind = BatchKind::kData;
  ProducerId producer_id = kNoProducerId;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::optional<TimestampMs> delete_horizon_ms =
      {};  // the cleaner's: takes the base timestamp's place (KIP-534)
};

struct NewRecord {
  TimestampMs timestamp_ms = kNoTimestamp;
  std::optional<ByteView> key = std::nullopt;  // nullopt: null
  std::optional<ByteView> value = std::nullopt;
  std::span<const HeaderView> headers = {};
};

// One thread. Copies what it is given; may be used for one batch.
class RecordBatchBuilder {
 public:
  explicit RecordBatchBuilder(const BatchHeaderFields& fields);

  // With the offset delta behind the previous record's (0 for the first).
  void append(const NewRecord& record);
  // With an own offset delta, larger than the previous record's: leaves a hole.
  void append_at(std::int32_t offset_delta, const NewRecord& record);

  // Size of the batch so far, uncompressed, with its header; and what it would be with one more
  // record.
  std::size_t size() const { return bytes_.size(); }
  std::size_t size_with(const NewRecord& record) const;

  std::int32_t record_count() const { return record_count_; }

  // Offsets at the end of the batch that no record has. At least the last record's delta.
  void set_last_offset_delta(std::int32_t delta);

  // The finished batch with its CRC. kTooLarge when it passes 2 GiB. A batch without records is
  // legal only as what compaction leaves behind: never sent to clients.
  Result<std::vector<std::byte>> build() &&;

 private:
  std::int32_t body_bytes(std::int32_t offset_delta, const NewRecord& record) const;
  void write_header(std::vector<std::byte>& batch) const;

  BatchHeaderFields fields_;
  std::vector<std::byte> bytes_;  // header space, then records
  std::int32_t record_count_ = 0;
  std::int32_t last_offset_delta_ = -1;
  TimestampMs base_timestamp_ = kNoTimestamp;
  TimestampMs max_timestamp_ = kNoTimestamp;
};

}  // namespace orloj::log
