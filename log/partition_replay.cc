// Bringing the producer state up to date from both logs (log-protocol §5).
#include <algorithm>

#include "log/batch_evidence.h"
#include "log/partition_impl.h"
#include "log/record_reader.h"

namespace orloj::log {
namespace {

constexpr std::int64_t kReplayReadBytes = std::int64_t{1} << 20;

// Walks the batches of one log in offset order.
class LogScan {
 public:
  LogScan(const SegmentedLog* log, Offset from) : log_(log), next_(from) {
    if (log_ != nullptr) {
      next_ = std::max(next_, log_->start_offset());
    }
  }

  // The batch that current() shows, past rotten ones; false at the end or at bytes that are no
  // batch.
  bool advance();
  const RecordBatchView& current() const { return *batch_; }
  // True when something could not be read.
  bool met_damage() const { return fault_ || is_rotten_; }

 private:
  bool step();
  bool refill();
  bool fail(const Error& error) {
    fault_ = error;
    batch_.reset();
    return false;
  }

  const SegmentedLog* log_;
  Offset next_;  // behind the current batch
  std::vector<std::byte> bytes_;
  BatchCursor cursor_{{}, CrcCheck::kSkip};
  std::optional<RecordBatchView> batch_;
  std::optional<Error> fault_;
  bool is_rotten_ = false;
};

bool LogScan::refill() {
  const auto slices = log_->read(next_, log_->end_offset(), kReplayReadBytes);
  if (!slices) {
    return fail(slices.error());
  }
  bytes_.clear();
  for (const FileSlice& slice : *slices) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + static_cast<std::size_t>(slice.length));
    const MutableBytes into = MutableBytes(bytes_).subspan(at);
    const auto read = slice.file->pread(into, static_cast<std::uint64_t>(slice.position));
    if (!read) {
      return fail(read.error());
    }
    if (*read != into.size()) {
      return fail({ErrorCode::kCorrupt, slice.file->path() + " ends inside a batch"});
    }
  }
  cursor_ = BatchCursor(bytes_, CrcCheck::kSkip);
  return true;
}

// A batch that fails its CRC says nothing that could be believed.
bool LogScan::advance() {
  while (step()) {
    if (batch_->crc_matches()) {
      return true;
    }
    is_rotten_ = true;
  }
  return false;
}

bool LogScan::step() {
  if (log_ == nullptr || fault_ || next_ >= log_->end_offset()) {
    batch_.reset();
    return false;
  }
  for (int tries = 0; tries < 2; ++tries) {
    auto batch = cursor_.next();
    if (!batch) {
      return fail(batch.error());
    }
    if (*batch) {
      batch_ = **batch;
      next_ = batch_->next_offset();
      return true;
    }
    if (!refill()) {
      return false;
    }
  }
  return fail({ErrorCode::kCorrupt,
               log_->spec().directory + " holds no batch at offset " + std::to_string(next_)});
}

Result<BatchEvidence> evidence_of(const RecordBatchView& batch) {
  ScratchBuffer scratch;
  auto reader = RecordReader::open(batch, scratch);
  RecordView record;
  if (!reader) {
    return reader.error();
  }
  if (!reader->next(record)) {
    return Error{ErrorCode::kCorrupt, "a batch of the schedule log has no readable record"};
  }
  const auto evidence = decode_batch_evidence(record.key.value_or(ByteView{}));
  if (!evidence) {
    return Error{ErrorCode::kUnsupportedFormat,
                 "the schedule batch at offset " + std::to_string(batch.base_offset()) +
                     " carries evidence of an unknown version: start the newer broker"};
  }
  return *evidence;
}

ProducerBatch data_half_of(const RecordBatchView& batch, TimestampMs now_ms) {
  ProducerBatch known;
  known.base_sequence = batch.base_sequence();
  known.sequence_count = batch.last_offset_delta() + 1;  // all that the data log tells
  known.has_data_half = true;
  known.data = {batch.base_offset(), batch.last_offset_delta()};
  known.appended_ms = now_ms;
  return known;
}

ProducerBatch schedule_half_of(const RecordBatchView& batch, const BatchEvidence& evidence,
                               TimestampMs now_ms) {
  ProducerBatch known;
  known.base_sequence = batch.base_sequence();
  known.sequence_count = evidence.sequence_count;
  known.has_schedule_half = true;
  known.schedule = {batch.base_offset(), batch.last_offset_delta()};
  known.has_data_half = evidence.halves == BatchHalves::kMixed;
  known.data.last_delta = evidence.data_last_delta;
  known.appended_ms = now_ms;
  return known;
}

bool counts(const RecordBatchView& batch) {
  return batch.has_producer_id() && batch.base_sequence() >= 0 && !batch.is_control();
}

}  // namespace

Status Partition::Impl::replay_producers(const ReplayRange& from) {
  const TimestampMs now_ms = env.clock().wall_ms();
  LogScan data_walk(&data->log(), from.data);
  const AttachedLog* const schedule_log = attached(LogKind::kSchedule);
  LogScan schedule_walk(schedule_log != nullptr ? &schedule_log->log() : nullptr, from.schedule);
  bool has_data = data_walk.advance();
  bool has_schedule = schedule_walk.advance();
  while (has_data || has_schedule) {
    std::optional<BatchEvidence> evidence;
    if (has_schedule) {
      const auto decoded = evidence_of(schedule_walk.current());
      if (!decoded) {
        return decoded.error();
      }
      evidence = *decoded;
    }
    const bool schedule_first =
        has_schedule &&
        (!has_data || evidence->data_end_offset <= data_walk.current().base_offset());
    const RecordBatchView batch = schedule_first ? schedule_walk.current() : data_walk.current();
    if (counts(batch) && (!schedule_first || evidence->halves != BatchHalves::kNotFromClient)) {
      producers.replay(batch.producer_id(), batch.producer_epoch(),
                       schedule_first ? schedule_half_of(batch, *evidence, now_ms)
                                      : data_half_of(batch, now_ms));
    }
    (schedule_first ? has_schedule : has_data) =
        schedule_first ? schedule_walk.advance() : data_walk.advance();
  }
  // What cannot be read cannot be known not to hold a firing.
  producers_damaged |= data_walk.met_damage() || schedule_walk.met_damage();
  return {};
}

Status Partition::Impl::restore_producers() {
  auto loaded = producer_file.load();
  if (!loaded) {
    return loaded.error();
  }
  const Offset data_end = data->log().end_offset();
  const AttachedLog* const schedule_log = attached(LogKind::kSchedule);
  const Offset schedule_end = schedule_log != nullptr ? schedule_log->log().end_offset() : 0;
  const bool head_is_gone = data->log().start_offset() > 0 ||
                            (schedule_log != nullptr && schedule_log->log().start_offset() > 0);
  ReplayRange from;
  bool cut_back = false;
  if (loaded->facts) {
    ProducerFacts& facts = *loaded->facts;
    from = {std::min(facts.data_position, data_end),
            std::min(facts.schedule_position, schedule_end)};
    cut_back = facts.data_position > data_end || facts.schedule_position > schedule_end;
    producers_damaged = facts.damaged;
    for (ProducerEntry& entry : facts.entries) {
      producers.restore(std::move(entry));
    }
    producers.forget_above(data_end, schedule_end);
  } else {
    producers_damaged = loaded->damaged_files > 0 || head_is_gone;
  }
  if (const Status replayed = replay_producers(from); !replayed) {
    return replayed;
  }
  // Offsets that a crash took are given again: no file may go on calling them stored. A damaged
  // state is written down, or the next start would take what was rebuilt for the whole truth.
  if (cut_back || producers_damaged) {
    return producer_file.write_both(producer_facts());
  }
  return {};
}

ProducerFacts Partition::Impl::producer_facts() const {
  const AttachedLog* const schedule_log = attached(LogKind::kSchedule);
  return {.data_position = data->log().end_offset(),
          .schedule_position = schedule_log != nullptr ? schedule_log->log().end_offset() : 0,
          .damaged = producers_damaged,
          .entries = producers.entries()};
}

}  // namespace orloj::log
