// Syncs of the data log, changes of durability, closing.
#include <algorithm>
#include <utility>

#include "log/partition_impl.h"
#include "log/partition_spec.h"
#include "log/producer_snapshot.h"

namespace orloj::log {
namespace {

// Rounds of syncing without the mutex before the rest is handed to the journal under it.
constexpr int kSyncRoundsMax = 3;

}  // namespace

Status Partition::Impl::seal_on_failure(const Status& status) {
  if (!status && status.error().code != ErrorCode::kClosed) {
    const std::lock_guard lock(mutex);
    if (!refusal) {
      seal(status.error());
    }
  }
  return status;
}

// The note is queued behind the frames of everything below `end`, as those are queued under the
// mutex. It is also what tells of a journal that has failed: its waiters are never called then.
Status Partition::Impl::sync_data() {
  Offset end = 0;
  {
    const std::lock_guard lock(mutex);
    end = data->log().end_offset();
    unsynced_records = 0;
    unsynced_since_boot_ms.reset();
    flush_requested = false;
  }
  if (waiters->offsets(LogKind::kData).durable_end >= end) {
    return {};
  }
  const auto covered = data->log().sync();
  if (!covered) {
    return seal_on_failure(covered.error());
  }
  end = std::min(end, *covered);
  StatusWait durable;
  journal.note(data->log_id(), end, durable.callback());
  if (const Status noted = durable.wait(); !noted) {
    return seal_on_failure(noted);
  }
  waiters->durable(LogKind::kData, end).run();
  return {};
}

Status Partition::sync_data() {
  const std::lock_guard durability(impl_->durability_mutex);
  return impl_->is_closed() ? impl_->closed_error() : impl_->sync_data();
}

Status Partition::run_flush() {
  const std::lock_guard durability(impl_->durability_mutex);
  {
    const Offset durable_end = impl_->waiters->offsets(LogKind::kData).durable_end;
    const std::lock_guard lock(impl_->mutex);
    const std::int64_t now_boot_ms = impl_->env.clock().boot_ms();
    const bool waited_for = impl_->waiters->sync_required(durable_end + 1);
    const bool long_ago = impl_->unsynced_since_boot_ms &&
                          now_boot_ms - *impl_->unsynced_since_boot_ms >= impl_->config.flush_ms;
    // What closed segments hold is not to be lost to damage in an earlier one at the next start.
    const bool rolled = impl_->data->log().segments().back()->base_offset() > durable_end;
    const bool nothing = !impl_->unsynced_since_boot_ms;
    if (impl_->refusal || nothing || !(waited_for || long_ago || rolled)) {
      return {};
    }
  }
  return impl_->sync_data();
}

void Partition::on_flush_due(std::function<void()> request) {
  const std::lock_guard lock(impl_->mutex);
  impl_->flush_due = std::move(request);
}

// Hands what lies between the durable end and the log end to the journal, so that no frame is
// missing when appends follow.
Status Partition::Impl::journal_tail(Released& released) {
  const Offset from = waiters->offsets(LogKind::kData).durable_end;
  const SegmentList segments = data->log().segments();
  std::vector<std::byte> bytes;
  for (const auto& segment : segments) {
    if (segment->next_offset() <= from) {
      continue;
    }
    const auto slice = segment->read(
        {.from = from, .below = segment->next_offset(), .max_bytes = segment->size_bytes()});
    if (!slice) {
      return slice.error();
    }
    if (!*slice) {
      continue;
    }
    bytes.resize(static_cast<std::size_t>((*slice)->length));
    const auto read = (*slice)->file->pread(bytes, static_cast<std::uint64_t>((*slice)->position));
    if (!read) {
      return read.error();
    }
    BatchCursor cursor(bytes, CrcCheck::kSkip);
    for (;;) {
      const auto position = (*slice)->position + static_cast<std::int64_t>(cursor.position());
      const auto batch = cursor.next();
      if (!batch) {
        return batch.error();
      }
      if (!*batch) {
        break;
      }
      const AppendFrame frame{.leader_epoch = (*batch)->leader_epoch(),
                              .base_offset = (*batch)->base_offset(),
                              .end_offset = (*batch)->next_offset(),
                              .segment_base_offset = segment->base_offset(),
                              .position = position};
      if (const Status queued = journal.append(data->log_id(), frame, (*batch)->bytes()); !queued) {
        return queued;
      }
    }
  }
  data_in_journal = true;
  released.add(waiters->set_durability(Durability::kSync));
  return {};
}

Status Partition::Impl::journal_from_now_on(Released& released) {
  for (int round = 0; round < kSyncRoundsMax; ++round) {
    if (const Status synced = sync_data(); !synced) {
      return synced;
    }
  }
  Status handed_over;
  {
    const std::lock_guard lock(mutex);
    handed_over = journal_tail(released);
  }
  return seal_on_failure(handed_over);
}

void Partition::set_config(const TopicLogConfig& config) {
  Released released;
  {
    const std::lock_guard durability(impl_->durability_mutex);
    if (impl_->is_closed()) {
      return;
    }
    bool becomes_sync = false;
    {
      const std::lock_guard lock(impl_->mutex);
      impl_->config = config;
      impl_->data->log().set_config(config);
      if (AttachedLog* const schedule = impl_->attached(LogKind::kSchedule)) {
        schedule->log().set_config(schedule_log_config(config));
      }
      becomes_sync = config.durability == Durability::kSync && !impl_->data_in_journal;
      if (config.durability == Durability::kAsync && impl_->data_in_journal) {
        impl_->data_in_journal = false;
        released.add(impl_->waiters->set_durability(Durability::kAsync));
      }
    }
    if (becomes_sync) {
      // A failure seals the partition: what follows is refused with its cause.
      (void)impl_->journal_from_now_on(released);
    }
  }
  released.run();
}

Status Partition::Impl::close_logs() {
  for (const LogKind kind : {LogKind::kData, LogKind::kSchedule}) {
    if (AttachedLog* const attached_log = attached(kind)) {
      if (const Status closed_log = attached_log->log().close(); !closed_log) {
        return closed_log;
      }
      const Offset end = attached_log->log().end_offset();
      if (kind == LogKind::kData && !data_in_journal) {
        // The checkpoint of a clean stop carries it; a journal that has failed tells so there.
        journal.note(attached_log->log_id(), end, [](const Status&) {});
      }
      waiters->durable(kind, end).run();
    }
  }
  ProducerFacts facts;
  {
    const std::lock_guard lock(mutex);
    facts = producer_facts();
  }
  if (!producer_file.is_current(facts.data_position, facts.schedule_position)) {
    if (const Status written = producer_file.write(facts); !written) {
      return written;
    }
  }
  return write_producer_snapshot(env.files(), spec.directory, facts);
}

Status Partition::close_clean() {
  impl_->refuse_everything();
  Status closed;
  {
    const std::scoped_lock all(impl_->compaction_mutex, impl_->trim_mutex, impl_->durability_mutex,
                               impl_->creation_mutex);
    impl_->unlink_due_trash(INT64_MAX);
    closed = impl_->close_logs();
  }
  impl_->waiters->close(impl_->closed_error()).run();
  return closed;
}

}  // namespace orloj::log
