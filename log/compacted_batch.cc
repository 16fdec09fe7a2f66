#include "log/compacted_batch.h"

#include <optional>
#include <utility>

#include "log/record_batch_builder.h"

namespace orloj::log {
namespace {

struct Survivors {
  std::vector<bool> stays;  // by record
  std::int32_t count = 0;
  std::int32_t last_delta = -1;
  bool has_tombstone = false;
};

class Decision {
 public:
  Decision(const RecordBatchView& batch, const KeepRules& rules) : batch_(batch), rules_(rules) {}

  bool stays(const RecordView& record) const {
    const Offset offset = batch_.base_offset() + record.offset_delta;
    if (offset >= rules_.mapped_end) {
      return true;
    }
    return record.key && offset >= rules_.map.find(*record.key) &&
           (record.value || !horizon_has_passed());
  }

 private:
  // The base timestamp of a batch with the bit is the horizon (KIP-534).
  bool horizon_has_passed() const {
    return batch_.has_delete_horizon() && batch_.base_timestamp() < rules_.now_ms;
  }

  const RecordBatchView& batch_;
  const KeepRules& rules_;
};

Result<Survivors> choose(const RecordBatchView& batch, const KeepRules& rules,
                         ScratchBuffer& scratch) {
  auto reader = RecordReader::open(batch, scratch);
  if (!reader) {
    return reader.error();
  }
  const Decision decision(batch, rules);
  Survivors survivors;
  RecordView record;
  while (reader->next(record)) {
    const bool stays = decision.stays(record);
    survivors.stays.push_back(stays);
    if (stays) {
      ++survivors.count;
      survivors.last_delta = record.offset_delta;
      survivors.has_tombstone |= !record.value.has_value();
    }
  }
  if (const Status walked = reader->status(); !walked) {
    return walked.error();
  }
  return survivors;
}

BatchHeaderFields fields_of(const RecordBatchView& batch) {
  BatchHeaderFields fields;
  fields.base_offset = batch.base_offset();
  fields.leader_epoch = batch.leader_epoch();
  fields.codec = batch.codec();
  fields.timestamp_type = batch.timestamp_type();
  fields.transaction =
      batch.is_transactional() ? BatchTransaction::kTransactional : BatchTransaction::kNone;
  fields.producer_id = batch.producer_id();
  fields.producer_epoch = batch.producer_epoch();
  fields.base_sequence = batch.base_sequence();
  return fields;
}

Result<std::vector<std::byte>> rebuild(const RecordBatchView& batch, const Survivors& survivors,
                                       std::optional<TimestampMs> horizon_ms,
                                       ScratchBuffer& scratch) {
  auto reader = RecordReader::open(batch, scratch);
  if (!reader) {
    return reader.error();
  }
  BatchHeaderFields fields = fields_of(batch);
  fields.delete_horizon_ms = horizon_ms;
  RecordBatchBuilder builder(fields);
  std::vector<HeaderView> headers;
  RecordView record;
  for (std::size_t i = 0; reader->next(record); ++i) {
    if (!survivors.stays[i]) {
      continue;
    }
    headers.clear();
    for (const HeaderView& header : record.headers) {
      headers.push_back(header);
    }
    builder.append_at(record.offset_delta, {.timestamp_ms = record.timestamp_ms,
                                            .key = record.key,
                                            .value = record.value,
                                            .headers = headers});
  }
  auto bytes = std::move(builder).build();
  if (bytes && batch.timestamp_type() == TimestampType::kLogAppendTime) {
    set_log_append_time(*bytes, batch.max_timestamp());
  }
  return bytes;
}

}  // namespace

Result<CompactedBatch> compact_batch(const RecordBatchView& batch, const KeepRules& rules,
                                     ScratchBuffer& scratch) {
  CompactedBatch result;
  if (batch.is_control() || batch.base_offset() >= rules.mapped_end) {
    return result;
  }
  const auto survivors = choose(batch, rules, scratch);
  if (!survivors) {
    return survivors.error();
  }
  if (survivors->count == 0) {
    result.verdict = BatchFate::kDropped;
    return result;
  }
  const bool needs_horizon = survivors->has_tombstone && !batch.has_delete_horizon();
  if (survivors->count == batch.record_count() && !needs_horizon &&
      survivors->last_delta == batch.last_offset_delta()) {
    return result;
  }
  std::optional<TimestampMs> horizon_ms;
  if (needs_horizon) {
    horizon_ms = rules.now_ms + rules.delete_retention_ms;
  } else if (survivors->has_tombstone) {
    horizon_ms = batch.base_timestamp();
  }
  auto bytes = rebuild(batch, *survivors, horizon_ms, scratch);
  if (!bytes) {
    return bytes.error();
  }
  result.verdict = BatchFate::kRewritten;
  result.bytes = std::move(*bytes);
  return result;
}

}  // namespace orloj::log
