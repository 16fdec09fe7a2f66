#include "scheduler/partition_schedule.h"

#include <algorithm>
#include <utility>

#include "log/crash_point.h"
#include "scheduler/log_scan.h"

namespace orloj::scheduler {
namespace {

Error from_log(const log::Error& error) {
  return {error.code == log::ErrorCode::kCorrupt ? ErrorCode::kCorrupt : ErrorCode::kLog,
          error.message};
}

// Room that a shrink leaves in front of the clock: what is due so soon stays in the wheel.
constexpr std::int64_t kShrinkMinMs = 1'000;

}  // namespace

PartitionSchedule::PartitionSchedule(const ScheduleTools& tools,
                                     std::shared_ptr<log::Partition> partition,
                                     std::shared_ptr<TopicSchedule> topic, std::uint32_t owner)
    : claim_most(static_cast<std::size_t>(tools.options.fire_batch_records_max)),
      tools_(tools),
      partition_(std::move(partition)),
      topic_(std::move(topic)),
      owner_(owner),
      pending_(owner, {}) {
}

PartitionSchedule::~PartitionSchedule() {
  partition_->set_schedule_listener(nullptr);
}

std::string PartitionSchedule::name() const {
  return partition_->spec().topic + "-" + std::to_string(id().partition);
}

Status PartitionSchedule::begin() {
  const log::PartitionOffsets offsets = partition_->schedule_offsets();
  const auto header = tools_.index.header(id());
  if (!header) {
    return header.error();
  }
  const bool usable = *header && (*header)->position >= offsets.log_start &&
                      (*header)->position <= offsets.high_watermark && (*header)->pending >= 0;
  counts_accepted_from_ = offsets.high_watermark;
  loads_from_ = offsets.high_watermark;
  if (usable) {
    pending_ = PendingSet(owner_, **header);
    return {};
  }
  pending_ = PendingSet(owner_, {.start = offsets.log_start, .position = offsets.log_start});
  return tools_.index.clear(id());
}

void PartitionSchedule::listen() {
  partition_->set_schedule_listener([bell = tools_.bell, news = news_](log::Offset) {
    if (!news->exchange(true)) {
      bell->ring();
    }
  });
}

bool PartitionSchedule::is_behind() const {
  return pending_.position() < partition_->schedule_offsets().high_watermark;
}

log::Status PartitionSchedule::apply(log::Offset offset, const log::RecordView& record,
                                     TimingWheel& wheel, Status& fault) {
  if (offset < pending_.position()) {
    return {};
  }
  const auto entry = decode_entry(record.value.value_or(log::ByteView{}));
  if (!entry) {
    fault = entry.error();
  } else if (const Status applied = pending_.apply(offset, *entry, wheel); !applied) {
    fault = applied;
  }
  if (!fault) {
    return log::Error{log::ErrorCode::kCorrupt, "schedule log of " + name() + ", offset " +
                                                    std::to_string(offset) + ": " +
                                                    fault.error().message};
  }
  pending_.applied_up_to(offset + 1);
  if (const auto* add = std::get_if<AddEntry>(&*entry)) {
    topic_->accepted_total += offset >= counts_accepted_from_ ? 1 : 0;
    if (add->due_ms >= pending_.loaded_to_ms()) {
      next_unloaded_ms_ = std::min(next_unloaded_ms_, add->due_ms);
    }
  } else if (const auto* done = std::get_if<DoneEntry>(&*entry)) {
    done_is_durable(*done);
  }
  return {};
}

Status PartitionSchedule::catch_up(TimingWheel& wheel, std::int64_t bytes_max) {
  Status fault;
  const auto scanned = scan_schedule(*partition_, pending_.position(), bytes_max,
                                     [&](log::Offset offset, const log::RecordView& record) {
                                       return apply(offset, record, wheel, fault);
                                     });
  if (!fault) {
    return Error{fault.error().code, scanned.error().message};
  }
  if (!scanned) {
    closed = closed.load() || scanned.error().code == log::ErrorCode::kClosed;
    return from_log(scanned.error());
  }
  return {};
}

void PartitionSchedule::done_is_durable(const DoneEntry& done) {
  while (!fired_.empty() && fired_.front().end_offset <= done.data_end_offset) {
    fired_.pop_front();
  }
  pin(fired_.empty() ? log::kNoOffset : fired_.front().base_offset);
}

Status PartitionSchedule::write_index() {
  if (index_is_lost_) {
    return {};
  }
  const Status written = tools_.index.write({{id(), pending_.take_changes()}});
  if (!written) {
    index_is_lost_ = true;
    return written;
  }
  tools_.env.reached(log::crash_point::kIndexFlushed);
  return {};
}

Status PartitionSchedule::write_checkpoint() {
  // Only what is durable counts: an async data log may lose its tail and give its offsets again.
  if (fired_.empty() && pending_.claimed() == 0) {
    const log::Offset settled = partition_->offsets().durable_end;
    if (settled == pending_.done_position() && pending_.unindexed() == 0) {
      return {};
    }
    pending_.raise_done_position(settled);
  }
  return write_index();
}

Status PartitionSchedule::rebuild(TimingWheel& wheel) {
  tools_.alarm("the schedule index of " + name() + " is rebuilt from its schedule log");
  const log::PartitionOffsets offsets = partition_->schedule_offsets();
  PendingSet fresh(owner_, {.start = offsets.log_start,
                            .position = offsets.log_start,
                            .done_position = pending_.done_position()});
  fresh.inherit_holds(pending_);
  pending_ = std::move(fresh);
  wheel.drop(owner_, 0);
  loads_from_ = offsets.high_watermark;
  next_unloaded_ms_ = INT64_MAX;
  index_is_lost_ = false;
  return tools_.index.clear(id());
}

Status PartitionSchedule::load(TimingWheel& wheel, std::int64_t now_ms, std::size_t entries_max) {
  if (index_is_lost_) {
    if (const Status rebuilt = rebuild(wheel); !rebuilt) {
      index_is_lost_ = true;
      return rebuilt;
    }
  }
  if (pending_.loaded() > entries_max) {
    return shrink(wheel, now_ms, entries_max);
  }
  const std::int64_t horizon_ms = tools_.options.wheel_horizon_ms;
  const bool has_enough = pending_.loaded_to_ms() >= now_ms + horizon_ms / 2;
  if (has_enough || pending_.position() < loads_from_ || pending_.loaded() > entries_max / 2) {
    return {};
  }
  if (const Status written = write_index(); !written) {
    return written;
  }
  const auto loaded = tools_.index.load(id(), {.from_ms = pending_.loaded_to_ms(),
                                               .below_ms = now_ms + horizon_ms,
                                               .entries_max = entries_max / 2});
  const auto next =
      loaded ? tools_.index.next_bucket(id(), bucket_of(loaded->below_ms)) : loaded.error();
  if (!next) {
    index_is_lost_ = true;
    return next.error();
  }
  pending_.take_loaded(*loaded, wheel);
  next_unloaded_ms_ = *next ? std::max(**next * kBucketMs, pending_.loaded_to_ms()) : INT64_MAX;
  return {};
}

Status PartitionSchedule::shrink(TimingWheel& wheel, std::int64_t now_ms, std::size_t entries_max) {
  std::int64_t to_ms = 0;
  if (pending_.ready() > entries_max) {
    to_ms = pending_.ready_cut_ms(entries_max / 2);
  } else {
    const std::int64_t window_ms = std::max<std::int64_t>(pending_.loaded_to_ms() - now_ms, 0);
    to_ms = now_ms + std::max(window_ms / 2, kShrinkMinMs);
  }
  if (to_ms >= pending_.loaded_to_ms()) {
    return {};
  }
  if (const Status written = write_index(); !written) {
    return written;
  }
  pending_.shrink_to(to_ms, wheel);
  next_unloaded_ms_ = std::min(next_unloaded_ms_, to_ms);
  return {};
}

void PartitionSchedule::halt(const std::string& why) {
  if (!std::exchange(halted_, true)) {
    tools_.alarm("firing into " + name() + " has stopped: " + why);
  }
}

void PartitionSchedule::add_fired(FiredBatch batch) {
  if (fired_.empty()) {
    pin(batch.base_offset);
  }
  const log::DurableTarget target{.data_end = batch.end_offset};
  fired_.push_back(std::move(batch));
  partition_->when_on_stable_storage(target,
                                     [bell = tools_.bell](const log::Status&) { bell->ring(); });
}

void PartitionSchedule::mark_stable() {
  const log::Offset durable_end = partition_->offsets().durable_end;
  for (FiredBatch& batch : fired_) {
    if (batch.end_offset <= durable_end && batch.state == FiredBatch::State::kWaiting) {
      batch.state = FiredBatch::State::kStable;
    }
  }
}

void PartitionSchedule::pin(log::Offset from) {
  partition_->set_retention_pin(from);
}

void PartitionSchedule::publish() {
  published.pending = pending_.pending() - static_cast<std::int64_t>(pending_.claimed());
  published.damaged = static_cast<std::int64_t>(pending_.damaged());
  published.ready = static_cast<std::int64_t>(pending_.ready());
  published.first_ready_ms = pending_.first_ready_ms().value_or(-1);
  published.next_unloaded_ms = next_unloaded_ms_ == INT64_MAX ? -1 : next_unloaded_ms_;
}

}  // namespace orloj::scheduler
