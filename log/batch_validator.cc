#include "log/batch_validator.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include "log/record_batch.h"

namespace orloj::log {
namespace {

BatchFault batch_fault(std::string message) {
  return {ErrorCode::kInvalidBatch, -1, std::move(message)};
}

std::optional<BatchFault> find_client_fault(const RecordBatchView& batch) {
  if (batch.is_control()) {
    return batch_fault("clients may not write control batches");
  }
  if (batch.has_delete_horizon()) {
    return batch_fault("clients may not set the delete horizon of a batch");
  }
  if (batch.timestamp_type() == TimestampType::kLogAppendTime) {
    return BatchFault{ErrorCode::kInvalidTimestamp, -1,
                      "clients may not mark a batch as LogAppendTime"};
  }
  if (batch.record_count() == 0) {
    return batch_fault("batch holds no records");
  }
  if (batch.last_offset_delta() != batch.record_count() - 1) {
    return batch_fault("batch holds " + std::to_string(batch.record_count()) +
                       " records but its last offset delta is " +
                       std::to_string(batch.last_offset_delta()));
  }
  if (batch.has_producer_id() && (batch.producer_epoch() < 0 || batch.base_sequence() < 0)) {
    return batch_fault("batch of producer " + std::to_string(batch.producer_id()) +
                       " has no valid epoch or sequence");
  }
  if (batch.is_transactional() && !batch.has_producer_id()) {
    return batch_fault("transactional batch without a producer id");
  }
  return std::nullopt;
}

// Checks one record against the rules and folds it into `facts`.
std::optional<BatchFault> take_record(const BatchRules& rules, std::int32_t index,
                                      const RecordView& record, BatchFacts& facts) {
  if (record.offset_delta != index) {
    return BatchFault{ErrorCode::kInvalidRecord, index,
                      "record " + std::to_string(index) + ": its offset delta is " +
                          std::to_string(record.offset_delta) + ", not its place in the batch"};
  }
  if (rules.keys == KeyRule::kRequired && !record.key) {
    return BatchFault{
        ErrorCode::kInvalidRecord, index,
        "record " + std::to_string(index) + ": a compacted topic takes only records with a key"};
  }
  if (rules.observer != nullptr) {
    if (Status seen = rules.observer->on_record(index, record); !seen) {
      return BatchFault{seen.error().code, index, seen.error().message};
    }
  }
  facts.min_timestamp_ms = std::min(facts.min_timestamp_ms, record.timestamp_ms);
  facts.max_timestamp_ms = std::max(facts.max_timestamp_ms, record.timestamp_ms);
  return std::nullopt;
}

std::optional<BatchFault> walk_records(const RecordBatchView& batch, const BatchRules& rules,
                                       ScratchBuffer& scratch, BatchFacts& facts) {
  auto reader = RecordReader::open(batch, scratch, rules.limits);
  if (!reader) {
    return BatchFault{reader.error().code, -1, reader.error().message};
  }
  facts.min_timestamp_ms = std::numeric_limits<TimestampMs>::max();
  facts.max_timestamp_ms = std::numeric_limits<TimestampMs>::min();
  RecordView record;
  for (std::int32_t index = 0; reader->next(record); ++index) {
    if (auto fault = take_record(rules, index, record, facts)) {
      return fault;
    }
  }
  if (Status walked = reader->status(); !walked) {
    return BatchFault{walked.error().code, reader->index(), walked.error().message};
  }
  facts.records_walked = true;
  return std::nullopt;
}

}  // namespace

void throw_exception_from_error(const BatchFault& fault, const boost::source_location& where) {
  throw std::logic_error("facts of a refused batch taken at " + where.to_string() + ": " +
                         fault.message);
}

BatchVerdict validate_batch(MutableBytes bytes, const BatchRules& rules, ScratchBuffer& scratch) {
  const auto batch = RecordBatchView::parse(bytes, CrcCheck::kVerify);
  if (!batch) {
    return BatchFault{batch.error().code, -1, batch.error().message};
  }
  if (batch->size() != bytes.size()) {
    return batch_fault("exactly one batch per partition is allowed; " +
                       std::to_string(bytes.size() - batch->size()) + " bytes follow the first");
  }
  if (auto fault = find_client_fault(*batch)) {
    return *std::move(fault);
  }
  BatchFacts facts;
  facts.codec = batch->codec();
  facts.record_count = batch->record_count();
  facts.min_timestamp_ms = std::min(batch->base_timestamp(), batch->max_timestamp());
  facts.max_timestamp_ms = batch->max_timestamp();
  facts.producer_id = batch->producer_id();
  facts.producer_epoch = batch->producer_epoch();
  facts.base_sequence = batch->base_sequence();
  facts.is_transactional = batch->is_transactional();
  if (rules.walk == RecordWalk::kAlways || batch->codec() == Codec::kNone) {
    if (auto fault = walk_records(*batch, rules, scratch, facts)) {
      return *std::move(fault);
    }
    if (facts.max_timestamp_ms != batch->max_timestamp()) {
      set_max_timestamp(bytes, facts.max_timestamp_ms);
    }
  }
  return facts;
}

}  // namespace orloj::log
