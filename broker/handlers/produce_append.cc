#include "broker/handlers/produce_append.h"

#include <fmt/format.h>

#include <optional>
#include <variant>

#include "broker/error_map.h"
#include "log/batch_validator.h"
#include "log/record_batch.h"
#include "log/scratch_buffer.h"

namespace orloj::broker {

using protocol::ErrorCode;
using Answered = protocol::ProduceResponse::Partition;

void refuse(Answered& answer, ErrorCode code, std::string message) {
  answer.error_code = code;
  answer.base_offset = log::kNoOffset;
  answer.error_message = std::move(message);
}

namespace {

constexpr std::int16_t kFirstVersionWithZstd = 7;

void refuse_batch(Answered& answer, log::ByteView batch, const log::BatchFault& fault) {
  ErrorCode code = to_wire(fault.code);
  if (fault.code == log::ErrorCode::kInvalidBatch) {
    // Bits that flipped on the way are worth another try; a batch made wrong is not.
    const auto view = log::RecordBatchView::parse(batch, log::CrcCheck::kSkip);
    if (view && !view->crc_matches()) code = ErrorCode::kCorruptMessage;
  }
  refuse(answer, code, fault.message);
  if (fault.record_index >= 0) answer.record_errors.push_back({fault.record_index, fault.message});
}

void refuse_records(Answered& answer, const scheduler::Refused& refused) {
  refuse(answer, ErrorCode::kInvalidRecord, refused.message);
  for (const auto& record : refused.records) {
    answer.record_errors.push_back({record.batch_index, record.message});
  }
}

// What is wrong with a batch that is sound by itself.
std::optional<std::pair<ErrorCode, std::string>> fault_of(const log::BatchFacts& facts,
                                                          std::int16_t version) {
  if (facts.codec == log::Codec::kZstd && version < kFirstVersionWithZstd) {
    return std::pair(ErrorCode::kUnsupportedCompressionType,
                     std::string("zstd needs Produce version 7 or later"));
  }
  if (facts.is_transactional) {
    return std::pair(ErrorCode::kInvalidTxnState,
                     std::string("transactions are not offered by this broker"));
  }
  return std::nullopt;
}

log::BatchRules rules_for(const scheduler::TopicScheduleConfig& schedule,
                          const log::LogOptions& limits) {
  log::BatchRules rules;
  rules.walk = schedule.enable || schedule.compacted ? log::RecordWalk::kAlways
                                                     : log::RecordWalk::kUncompressed;
  rules.keys = schedule.compacted ? log::KeyRule::kRequired : log::KeyRule::kOptional;
  rules.limits.headers_max = limits.record_headers_max;
  rules.limits.decompressed_max_bytes =
      static_cast<std::size_t>(limits.decompressed_batch_max_bytes);
  return rules;
}

log::AppendRequest request_for(std::span<std::byte> batch, const log::BatchFacts& facts) {
  log::AppendRequest request;
  request.data = batch;
  request.producer = {facts.producer_id, facts.producer_epoch, facts.base_sequence,
                      facts.record_count};
  request.client_batch_bytes = batch.size();
  request.oldest_timestamp_ms = facts.min_timestamp_ms;
  request.newest_timestamp_ms = facts.max_timestamp_ms;
  return request;
}

}  // namespace

std::shared_ptr<log::Partition> ProduceAppender::find(const ProduceTarget& target,
                                                      std::int32_t partition_index,
                                                      Answered& answer) const {
  if (!target.topic && target.by_id) {
    refuse(answer, ErrorCode::kUnknownTopicId, "no topic has this id");
    return nullptr;
  }
  auto partition = target.topic ? topics_.partition(*target.topic, partition_index) : nullptr;
  if (!partition) {
    refuse(answer, ErrorCode::kUnknownTopicOrPartition, "no such topic or partition");
    return nullptr;
  }
  if (target.topic->internal) {
    refuse(answer, ErrorCode::kInvalidTopicException,
           fmt::format("{} is internal: the broker alone writes it", target.topic->name));
    return nullptr;
  }
  return partition;
}

// Puts the halves of a batch with scheduled records into the request. False: refused.
bool ProduceAppender::split(std::span<std::byte> batch,
                            const scheduler::TopicScheduleConfig& schedule, Halves& halves,
                            Answered& answer) const {
  auto prepared = scheduler_.prepare(batch, schedule);
  if (!prepared) {
    refuse(answer, to_wire(prepared.error().code), prepared.error().message);
    return false;
  }
  if (const auto* refused = std::get_if<scheduler::Refused>(&*prepared)) {
    refuse_records(answer, *refused);
    return false;
  }
  if (auto* split = std::get_if<scheduler::Split>(&*prepared)) {
    halves.owner = std::move(*split);
    halves.request.data = halves.owner.data;
    halves.request.schedule = halves.owner.schedule;
    halves.request.producer = halves.owner.producer;
  }
  return true;
}

AppendOutcome ProduceAppender::append(const ProduceTarget& target, std::int32_t partition_index,
                                      std::span<std::byte> batch, Answered& answer) const {
  static thread_local log::ScratchBuffer scratch;
  const auto partition = find(target, partition_index, answer);
  if (!partition) return {};
  const auto schedule = topics_.schedule_config(*target.topic);
  const auto facts = log::validate_batch(batch, rules_for(*schedule, limits_), scratch);
  if (!facts) {
    refuse_batch(answer, batch, facts.error());
    return {};
  }
  if (auto fault = fault_of(*facts, target.version)) {
    refuse(answer, fault->first, std::move(fault->second));
    return {};
  }
  Halves halves{request_for(batch, *facts), {}};
  if (schedule->enable && !split(batch, *schedule, halves, answer)) return {};
  if (!halves.request.schedule.empty() && !partition->has_schedule_log()) {
    return {AppendOutcome::Kind::kNeedsScheduleLog, partition, {}, false};
  }
  const auto appended = partition->append(halves.request);
  if (!appended) {
    refuse(answer, to_wire(appended.error().code), appended.error().message);
    return {};
  }
  answer.base_offset = appended->base_offset;
  answer.log_append_time_ms = appended->log_append_time_ms;
  answer.log_start_offset = appended->log_start_offset;
  return {AppendOutcome::Kind::kAppended, partition, appended->durable, appended->waits_for_flush};
}

}  // namespace orloj::broker
