// What removes bytes from a partition: retention, DeleteRecords, heads of the schedule log. In this
// order, always: the producer file holds what the batches say, the journal holds the new log start,
// readers are turned away, files are renamed, and unlinked later.
#include <algorithm>
#include <utility>

#include "log/crash_point.h"
#include "log/partition_impl.h"
#include "log/retention.h"

namespace orloj::log {

Status Partition::Impl::cover_by_producer_file(const ReplayRange& removed) {
  if (producer_file.both_cover(removed.data, removed.schedule)) {
    return {};
  }
  ProducerFacts facts;
  {
    const std::lock_guard lock(mutex);
    facts = producer_facts();
    producer_file_bytes_total = appended_bytes_total;
  }
  return producer_file.write_both(facts);
}

Status Partition::Impl::refresh_producer_file() {
  ProducerFacts facts;
  std::int64_t appended = 0;
  {
    const std::lock_guard lock(mutex);
    if (appended_bytes_total - producer_file_bytes_total < options.producer_file_refresh_bytes) {
      return {};
    }
    facts = producer_facts();
    appended = appended_bytes_total;
  }
  if (const Status written = producer_file.write(facts); !written) {
    return written;
  }
  producer_file_bytes_total = appended;
  return {};
}

Status Partition::Impl::move_log_start(LogKind kind, Offset to) {
  AttachedLog* const target = attached(kind);
  const Offset pin = retention_pin.load();
  if (kind == LogKind::kData && pin != kNoOffset) {
    // A restart looks for fired batches from the log start on: it must not pass one whose DONE is
    // not durable, or the record would fire again.
    to = std::min(to, pin);
  }
  if (target == nullptr || to <= waiters->offsets(kind).log_start) {
    return {};
  }
  if (kind == LogKind::kData && to > waiters->offsets(kind).durable_end) {
    const std::lock_guard durability(durability_mutex);
    if (const Status synced = sync_data(); !synced) {
      return synced;
    }
  }
  const ReplayRange removed =
      kind == LogKind::kData ? ReplayRange{.data = to} : ReplayRange{.schedule = to};
  if (const Status covered = cover_by_producer_file(removed); !covered) {
    return covered;
  }
  StatusWait durable;
  journal.log_start(target->log_id(), to, durable.callback());
  if (const Status started = durable.wait(); !started) {
    return started;
  }
  waiters->move_start(kind, to);
  return unlink_head(kind);
}

Status Partition::Impl::unlink_head(LogKind kind) {
  AttachedLog* const target = attached(kind);
  if (target == nullptr) {
    return {};
  }
  Offset keep_from = journal.replay_floor(target->log_id());
  const Offset pin = retention_pin.load();
  if (kind == LogKind::kData && pin != kNoOffset) {
    keep_from = std::min(keep_from, pin);
  }
  const std::int64_t unlink_at_boot_ms = env.clock().boot_ms() + options.file_delete_delay_ms;
  {
    const std::lock_guard lock(mutex);
    auto dropped = target->log().drop_head(waiters->offsets(kind).log_start, keep_from);
    if (!dropped) {
      return dropped.error();
    }
    if (!dropped->empty()) {
      trash.push_back({std::move(*dropped), unlink_at_boot_ms});
    }
  }
  return target->log().store_damage();
}

void Partition::Impl::unlink_due_trash(std::int64_t now_boot_ms) {
  std::erase_if(trash, [&](const Trash& heap) {
    if (heap.unlink_at_boot_ms > now_boot_ms) {
      return false;
    }
    for (const auto& segment : heap.segments) {
      // A file that stays is removed by the next start: its name says that it is trash.
      (void)segment->remove_files();
    }
    return true;
  });
}

Status Partition::Impl::trim_data(TimestampMs now_ms) {
  RetentionRules rules;
  {
    const std::lock_guard lock(mutex);
    if (!config.cleanup_delete) {
      return {};
    }
    rules.retention_ms = config.retention_ms;
    rules.retention_bytes = config.retention_bytes;
  }
  const PartitionOffsets offsets = waiters->offsets(LogKind::kData);
  rules.now_ms = now_ms;
  rules.log_start = offsets.log_start;
  rules.high_watermark = offsets.high_watermark;
  std::vector<SegmentFacts> facts;
  for (const auto& segment : data->log().segments()) {
    facts.push_back({.base_offset = segment->base_offset(),
                     .next_offset = segment->next_offset(),
                     .size_bytes = segment->size_bytes(),
                     .max_timestamp_ms = segment->max_timestamp()});
  }
  const RetentionVerdict verdict = decide_retention(facts, rules);
  if (verdict.log_start <= offsets.log_start) {
    return {};
  }
  if (verdict.roll_active) {
    const std::lock_guard lock(mutex);
    // An append since then has made it young again; the next run looks at it anew.
    if (data->log().end_offset() == verdict.log_start) {
      if (const Status rolled = data->log().roll(now_ms); !rolled) {
        return rolled;
      }
    }
  }
  return move_log_start(LogKind::kData, verdict.log_start);
}

Status Partition::run_retention() {
  const std::lock_guard trim(impl_->trim_mutex);
  if (impl_->is_closed()) {
    return {};
  }
  const TimestampMs now_ms = impl_->env.clock().wall_ms();
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->producers.expire(now_ms);
  }
  // What frees space comes before what may need some.
  impl_->unlink_due_trash(impl_->env.clock().boot_ms());
  if (const Status trimmed = impl_->trim_data(now_ms); !trimmed) {
    return trimmed;
  }
  // Heads that a pin or the replay floor kept last time.
  for (const LogKind kind : {LogKind::kData, LogKind::kSchedule}) {
    if (const Status unlinked = impl_->unlink_head(kind); !unlinked) {
      return unlinked;
    }
  }
  impl_->unlink_due_trash(impl_->env.clock().boot_ms());
  return impl_->refresh_producer_file();
}

void Partition::set_disk_space(DiskSpace space) {
  impl_->disk_space.store(space, std::memory_order_relaxed);
}

void Partition::set_retention_pin(Offset from) {
  impl_->retention_pin.store(from);
}

Status Partition::drop_schedule_head(Offset to) {
  const std::lock_guard trim(impl_->trim_mutex);
  if (impl_->is_closed()) {
    return impl_->closed_error();
  }
  const PartitionOffsets offsets = impl_->waiters->offsets(LogKind::kSchedule);
  if (to > offsets.high_watermark) {
    return Error{ErrorCode::kOffsetOutOfRange, "the schedule log of " + impl_->describe() +
                                                   " cannot start at " + std::to_string(to) +
                                                   ", above its high watermark " +
                                                   std::to_string(offsets.high_watermark)};
  }
  return impl_->move_log_start(LogKind::kSchedule, to);
}

void Partition::delete_records(Offset before, DurableCallback done) {
  Status moved;
  {
    const std::lock_guard trim(impl_->trim_mutex);
    const PartitionOffsets offsets = impl_->waiters->offsets(LogKind::kData);
    if (impl_->is_closed()) {
      moved = impl_->closed_error();
    } else if (before < 0 || before > offsets.high_watermark) {
      moved = Error{ErrorCode::kOffsetOutOfRange, "records of " + impl_->describe() + " before " +
                                                      std::to_string(before) +
                                                      " cannot be deleted: the high watermark is " +
                                                      std::to_string(offsets.high_watermark)};
    } else {
      moved = impl_->move_log_start(LogKind::kData, before);
    }
  }
  done(moved);
}

}  // namespace orloj::log
