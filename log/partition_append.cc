#include <algorithm>

#include "log/batch_evidence.h"
#include "log/crash_point.h"
#include "log/partition_impl.h"
#include "log/varint.h"

namespace orloj::log {
namespace {

Error invalid_batch(std::string message) {
  return {ErrorCode::kInvalidBatch, std::move(message)};
}

// One batch that fills its span.
Result<RecordBatchView> parse_half(ByteView bytes, std::string_view which) {
  auto batch = RecordBatchView::parse(bytes, CrcCheck::kSkip);
  if (batch && batch->size() != bytes.size()) {
    return invalid_batch("the " + std::string(which) + " half holds more than one batch");
  }
  return batch;
}

// Where in the schedule half the evidence goes: the key of its first record.
Result<std::span<std::byte, kBatchEvidenceBytes>> find_evidence(const RecordBatchView& batch,
                                                                MutableBytes bytes) {
  VarintReader reader(batch.records());
  std::int64_t length = 0;
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  std::int32_t key_bytes = 0;
  ByteView attributes;
  const bool found = batch.codec() == Codec::kNone && reader.read_i64(length) &&
                     reader.read_bytes(1, attributes) && reader.read_i64(timestamp_delta) &&
                     reader.read_i32(offset_delta) && reader.read_i32(key_bytes) &&
                     key_bytes == static_cast<std::int32_t>(kBatchEvidenceBytes) &&
                     reader.rest().size() >= kBatchEvidenceBytes;
  if (!found) {
    return invalid_batch(
        "the schedule half must be uncompressed and its first record must have a key of " +
        std::to_string(kBatchEvidenceBytes) + " bytes for the batch evidence");
  }
  const std::size_t position = bytes.size() - reader.rest().size();
  return bytes.subspan(position).first<kBatchEvidenceBytes>();
}

Status check_evidence(const RecordBatchView& half, const ProducerEvidence& producer) {
  if (half.producer_id() == producer.producer_id &&
      (producer.producer_id == kNoProducerId ||
       (half.producer_epoch() == producer.producer_epoch &&
        half.base_sequence() == producer.base_sequence &&
        half.last_offset_delta() < producer.sequence_count))) {
    return {};
  }
  return invalid_batch("the batch header and the producer evidence of the request differ");
}

}  // namespace

// The two halves of a request, parsed.
struct Partition::Impl::Halves {
  std::optional<RecordBatchView> data;
  std::optional<RecordBatchView> schedule;
  std::optional<std::span<std::byte, kBatchEvidenceBytes>> evidence;

  std::int32_t data_last_delta() const { return data ? data->last_offset_delta() : -1; }
  std::int32_t schedule_last_delta() const { return schedule ? schedule->last_offset_delta() : -1; }

  static Result<Halves> parse(const AppendRequest& request);
};

Result<Partition::Impl::Halves> Partition::Impl::Halves::parse(const AppendRequest& request) {
  Halves halves;
  if (request.data.empty() && request.schedule.empty()) {
    return invalid_batch("an append needs a data half or a schedule half");
  }
  if (!request.data.empty()) {
    const auto batch = parse_half(request.data, "data");
    if (!batch) {
      return batch.error();
    }
    if (const Status same = check_evidence(*batch, request.producer); !same) {
      return same.error();
    }
    halves.data = *batch;
  }
  if (!request.schedule.empty()) {
    const auto batch = parse_half(request.schedule, "schedule");
    if (!batch) {
      return batch.error();
    }
    if (const Status same = check_evidence(*batch, request.producer); !same) {
      return same.error();
    }
    const auto evidence = find_evidence(*batch, request.schedule);
    if (!evidence) {
      return evidence.error();
    }
    halves.schedule = *batch;
    halves.evidence = *evidence;
  }
  return halves;
}

Result<AppendResult> Partition::append(const AppendRequest& request) {
  Released released;
  auto result = impl_->append(request, released);
  released.run();
  return result;
}

Result<AppendResult> Partition::Impl::append(const AppendRequest& request, Released& released) {
  auto halves = Halves::parse(request);
  if (!halves) {
    return halves.error();
  }
  if (halves->schedule && schedule_view.load(std::memory_order_acquire) == nullptr) {
    if (const Status created = ensure_schedule_log(); !created) {
      return created.error();
    }
  }
  const std::lock_guard lock(mutex);
  return append_locked(request, *halves, released);
}

Status Partition::Impl::check_accepting(const AppendRequest& request) const {
  if (refusal) {
    return *refusal;
  }
  if (producers_damaged && is_reserved(request.producer.producer_id)) {
    return Error{ErrorCode::kCorrupt,
                 "both generations of the producer file of " + describe() +
                     " are damaged: what was fired already is not known for sure, so nothing " +
                     "fires into it"};
  }
  return {};
}

Status Partition::Impl::check_rules(const AppendRequest& request, const Halves& halves,
                                    TimestampMs now_ms) const {
  if (request.origin != AppendOrigin::kClient) {
    return {};
  }
  if (is_reserved(request.producer.producer_id)) {
    return Error{ErrorCode::kInvalidProducerEpoch,
                 "producer id " + std::to_string(request.producer.producer_id) +
                     " is reserved for schedulers; ask InitProducerId for one"};
  }
  if (disk_space.load(std::memory_order_relaxed) == DiskSpace::kLow) {
    return Error{
        ErrorCode::kNoSpace,
        "less than disk_low_water_bytes = " + std::to_string(options.disk_low_water_bytes) +
            " are free on the disk: clients can append again once there is room"};
  }
  const std::size_t batch_bytes =
      request.client_batch_bytes > 0 ? request.client_batch_bytes : request.data.size();
  if (batch_bytes > static_cast<std::size_t>(config.max_message_bytes)) {
    return Error{ErrorCode::kTooLarge,
                 "a batch of " + std::to_string(batch_bytes) + " bytes exceeds " +
                     "max.message.bytes = " + std::to_string(config.max_message_bytes) + " of " +
                     describe()};
  }
  return halves.data ? check_timestamps(request, *halves.data, now_ms) : Status{};
}

Status Partition::Impl::check_timestamps(const AppendRequest& request, const RecordBatchView& batch,
                                         TimestampMs now_ms) const {
  if (config.timestamp_type == TimestampType::kLogAppendTime) {
    return {};
  }
  const TimestampMs newest = std::max(request.newest_timestamp_ms, batch.max_timestamp());
  const TimestampMs oldest = request.oldest_timestamp_ms != kNoTimestamp
                                 ? request.oldest_timestamp_ms
                                 : std::min(batch.base_timestamp(), newest);
  // Differences of what clients send could overflow; the settings are never negative.
  const bool too_new = newest > now_ms && newest - now_ms > config.timestamp_after_max_ms;
  const bool too_old = oldest != kNoTimestamp && oldest < now_ms &&
                       config.timestamp_before_max_ms < INT64_MAX &&
                       oldest < now_ms - config.timestamp_before_max_ms;
  if (too_new || too_old) {
    return Error{ErrorCode::kInvalidTimestamp,
                 "record timestamp " + std::to_string(too_new ? newest : oldest) + " is " +
                     (too_new ? "further ahead than message.timestamp.after.max.ms = "
                              : "further back than message.timestamp.before.max.ms = ") +
                     std::to_string(too_new ? config.timestamp_after_max_ms
                                            : config.timestamp_before_max_ms) +
                     " allows"};
  }
  return {};
}

void Partition::Impl::seal(const Error& cause) {
  journal.report_failure(cause);
  refusal = Error{ErrorCode::kSealed, describe() + " accepts nothing more after a failed write (" +
                                          cause.message + "); restart the broker"};
}

Result<Offset> Partition::Impl::write_batch(AttachedLog& target, MutableBytes batch,
                                            TimestampMs now_ms, Released& released) {
  SegmentedLog& log = target.log();
  const Offset base_offset = log.end_offset();
  set_base_offset(batch, base_offset);
  set_leader_epoch(batch, leader_epoch);
  const auto position = log.append(batch, now_ms);
  if (!position) {
    if (position.error().code != ErrorCode::kNoSpace) {
      seal(position.error());
    }
    return position.error();
  }
  const LogKind kind = target.log_id().kind;
  env.reached(crash_point::kAfterSegmentWriteBeforeJournal);
  released.add(waiters->appended(kind, log.end_offset()));
  if (kind == LogKind::kSchedule || data_in_journal) {
    const AppendFrame frame{.leader_epoch = leader_epoch,
                            .base_offset = base_offset,
                            .end_offset = log.end_offset(),
                            .segment_base_offset = position->segment_base_offset,
                            .position = position->position};
    if (const Status queued = journal.append(target.log_id(), frame, batch); !queued) {
      seal(queued.error());  // a later frame would leave a gap
      return queued.error();
    }
  }
  appended_bytes_total += static_cast<std::int64_t>(batch.size());
  return base_offset;
}

Status Partition::Impl::append_schedule_half(const AppendRequest& request, Halves& halves,
                                             Pending& pending, Released& released) {
  ProducerBatch& batch = pending.batch;
  BatchEvidence evidence;
  if (request.origin == AppendOrigin::kClient) {
    evidence.halves = batch.has_data_half ? BatchHalves::kMixed : BatchHalves::kScheduleOnly;
    evidence.sequence_count = request.producer.sequence_count;
    evidence.data_last_delta = halves.data_last_delta();
  }
  evidence.data_end_offset = data->log().end_offset();
  encode_batch_evidence(evidence, *halves.evidence);
  set_crc(request.schedule);
  const auto base_offset =
      write_batch(*attached(LogKind::kSchedule), request.schedule, pending.now_ms, released);
  if (!base_offset) {
    return base_offset.error();
  }
  batch.schedule = {*base_offset, halves.schedule_last_delta()};
  return {};
}

Status Partition::Impl::append_data_half(const AppendRequest& request, Halves& halves,
                                         Pending& pending, Released& released) {
  if (config.timestamp_type == TimestampType::kLogAppendTime) {
    set_log_append_time(request.data, pending.now_ms);
  }
  const auto base_offset = write_batch(*data, request.data, pending.now_ms, released);
  if (!base_offset) {
    return base_offset.error();
  }
  pending.batch.data = {*base_offset, halves.data_last_delta()};
  note_recent(request.data.size());
  appended_records_total += halves.data->record_count();
  if (!data_in_journal) {
    count_unsynced(halves.data->record_count(), released);
  }
  return {};
}

// As in Kafka, the append that reaches flush.messages is answered behind a sync. Those that come
// while one is under way share the next.
void Partition::Impl::count_unsynced(std::int64_t records, Released& released) {
  unsynced_records += records;
  if (!unsynced_since_boot_ms) {
    unsynced_since_boot_ms = env.clock().boot_ms();
  }
  if (unsynced_records < config.flush_messages) {
    return;
  }
  unsynced_records = 0;
  waiters->require_sync(data->log().end_offset());
  if (!flush_requested && flush_due) {
    flush_requested = true;
    released.add(flush_due);
  }
}

// Between half of recent_bytes and all of it counts as recent.
void Partition::Impl::note_recent(std::size_t bytes) {
  recent_bytes += static_cast<std::int64_t>(bytes);
  if (recent_bytes >= options.recent_bytes / 2) {
    recent_from.store(recent_next, std::memory_order_relaxed);
    recent_next = data->log().end_offset();
    recent_bytes = 0;
  }
}

Result<Partition::Impl::Pending> Partition::Impl::judge(const AppendRequest& request,
                                                        const Halves& halves,
                                                        TimestampMs now_ms) const {
  const ProducerEvidence& producer = request.producer;
  Pending pending;
  pending.now_ms = now_ms;
  if (producer.producer_id != kNoProducerId) {
    auto judged = producers.judge({.producer_id = producer.producer_id,
                                   .producer_epoch = producer.producer_epoch,
                                   .base_sequence = producer.base_sequence,
                                   .sequence_count = producer.sequence_count,
                                   .data_last_delta = halves.data_last_delta(),
                                   .schedule_last_delta = halves.schedule_last_delta()});
    if (!judged) {
      return judged.error();
    }
    pending.kind = judged->kind;
    pending.batch = judged->known;
  }
  if (pending.kind == ProducerJudgement::Kind::kNew) {
    pending.batch.base_sequence = producer.base_sequence;
    pending.batch.appended_ms = now_ms;
    pending.batch.data.last_delta = halves.data_last_delta();
  }
  if (pending.kind != ProducerJudgement::Kind::kDuplicate) {
    pending.batch.sequence_count = producer.sequence_count;
    pending.batch.has_data_half |= halves.data.has_value();
    pending.batch.has_schedule_half |= halves.schedule.has_value();
  }
  return pending;
}

AppendResult Partition::Impl::answer(const Pending& pending) const {
  const ProducerBatch& batch = pending.batch;
  AppendResult result;
  result.base_offset = batch.data.base_offset;
  result.schedule_base_offset = batch.schedule.base_offset;
  result.durable = {batch.data.end_offset(), batch.schedule.end_offset()};
  if (config.timestamp_type == TimestampType::kLogAppendTime && batch.data.stored()) {
    result.log_append_time_ms = batch.appended_ms;
  }
  result.waits_for_flush =
      !data_in_journal && batch.data.stored() && waiters->sync_required(batch.data.end_offset());
  result.log_start_offset = waiters->offsets(LogKind::kData).log_start;
  if (pending.kind == ProducerJudgement::Kind::kDuplicate) {
    result.verdict = AppendVerdict::kDuplicate;
  }
  return result;
}

Result<AppendResult> Partition::Impl::append_locked(const AppendRequest& request, Halves& halves,
                                                    Released& released) {
  if (const Status accepting = check_accepting(request); !accepting) {
    return accepting.error();
  }
  const TimestampMs now_ms = env.clock().wall_ms();
  if (const Status allowed = check_rules(request, halves, now_ms); !allowed) {
    return allowed.error();
  }
  auto pending = judge(request, halves, now_ms);
  if (!pending) {
    return pending.error();
  }
  if (pending->kind == ProducerJudgement::Kind::kDuplicate) {
    ++duplicate_batches_total;
    return answer(*pending);
  }
  // Remembered after each half: when the data half fails, the retry finds the schedule half and
  // completes the batch.
  const auto remember = [&] {
    if (request.producer.producer_id != kNoProducerId) {
      producers.apply(request.producer.producer_id, request.producer.producer_epoch,
                      pending->batch);
    }
  };
  if (halves.schedule && !pending->batch.schedule.stored()) {
    const Status written = append_schedule_half(request, halves, *pending, released);
    if (!written) {
      return written.error();
    }
    remember();
    if (halves.data) {
      env.reached(crash_point::kScheduleHalfAppendedBeforeDataHalf);
    }
  }
  if (halves.data && !pending->batch.data.stored()) {
    const Status written = append_data_half(request, halves, *pending, released);
    if (!written) {
      return written.error();
    }
    remember();
  }
  return answer(*pending);
}

}  // namespace orloj::log
