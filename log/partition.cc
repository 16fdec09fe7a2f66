#include "log/partition.h"

#include <algorithm>
#include <utility>

#include "log/partition_impl.h"
#include "log/partition_spec.h"
#include "log/recovery.h"

namespace orloj::log {
namespace {

PartitionOffsets recovered_offsets(const SegmentedLog& log) {
  const Offset end = log.end_offset();  // recovery synced what it adopted
  return {.log_start = log.start_offset(),
          .last_stable = end,
          .high_watermark = end,
          .durable_end = end,
          .log_end = end};
}

}  // namespace

Partition::Partition() = default;
Partition::~Partition() = default;

Partition::Impl::Impl(const Env& environment, Journal& shared_journal, PartitionSpec partition_spec,
                      const LogOptions& log_options)
    : env(environment),
      journal(shared_journal),
      options(log_options),
      spec(std::move(partition_spec)),
      producer_file(environment, spec.directory),
      producers({.expiration_ms = log_options.producer_id_expiration_ms,
                 .producers_max = log_options.producers_per_partition_max}),
      config(spec.config) {
}

Status Partition::Impl::raise_leader_epoch(Parts& parts, bool clean_stop) {
  LeaderEpoch latest = parts.data->leader_epochs().latest();
  if (parts.schedule) {
    latest = std::max(latest, parts.schedule->leader_epochs().latest());
  }
  leader_epoch = latest < 0 ? 0 : clean_stop ? latest : latest + 1;
  for (SegmentedLog* const log : {parts.data.get(), parts.schedule.get()}) {
    if (log != nullptr) {
      const Status assigned = log->leader_epochs().assign(leader_epoch, log->end_offset());
      if (!assigned) {
        return assigned;
      }
    }
  }
  return {};
}

Status Partition::Impl::open(Parts parts, bool clean_stop) {
  if (const Status raised = raise_leader_epoch(parts, clean_stop); !raised) {
    return raised;
  }
  waiters =
      std::make_shared<PartitionWaiters>(recovered_offsets(*parts.data), spec.config.durability);
  data_in_journal = spec.config.durability == Durability::kSync;
  data = std::make_shared<AttachedLog>(std::move(parts.data), waiters);
  recent_from = recent_next = data->log().end_offset();
  if (parts.schedule) {
    waiters->start_schedule(recovered_offsets(*parts.schedule));
    schedule = std::make_shared<AttachedLog>(std::move(parts.schedule), waiters);
    schedule_view.store(schedule.get(), std::memory_order_release);
  }
  if (const Status restored = restore_producers(); !restored) {
    return restored;
  }
  journal.attach(data);
  if (schedule) {
    journal.attach(schedule);
  }
  return {};
}

Result<std::shared_ptr<Partition>> Partition::open(Env& env, Journal& journal, PartitionSpec spec,
                                                   Parts parts, const LogOptions& options,
                                                   bool clean_stop) {
  std::shared_ptr<Partition> partition(new Partition);
  partition->impl_ = std::make_unique<Impl>(env, journal, std::move(spec), options);
  if (const Status opened = partition->impl_->open(std::move(parts), clean_stop); !opened) {
    return opened.error();
  }
  return partition;
}

Status Partition::Impl::ensure_schedule_log() {
  const std::lock_guard creation(creation_mutex);
  if (schedule_view.load(std::memory_order_acquire) != nullptr) {
    return {};
  }
  {
    const std::lock_guard lock(mutex);
    if (refusal) {
      return *refusal;
    }
  }
  PartitionSpec now = spec;
  now.config = config;
  auto log = create_log(env, log_spec(options, now, LogKind::kSchedule), leader_epoch);
  if (!log) {
    return log.error();
  }
  waiters->start_schedule(recovered_offsets(**log));
  schedule = std::make_shared<AttachedLog>(std::move(*log), waiters);
  journal.attach(schedule);
  schedule_view.store(schedule.get(), std::memory_order_release);
  return {};
}

bool Partition::has_schedule_log() const {
  return impl_->attached(LogKind::kSchedule) != nullptr;
}

Status Partition::create_schedule_log() {
  return impl_->ensure_schedule_log();
}

TopicLogConfig Partition::config() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->config;
}

const PartitionSpec& Partition::spec() const {
  return impl_->spec;
}

PartitionStats Partition::stats() const {
  PartitionStats stats;
  const std::lock_guard lock(impl_->mutex);
  stats.data_bytes = impl_->data->log().size_bytes();
  stats.segments = static_cast<std::int64_t>(impl_->data->log().segments().size());
  stats.damaged_offsets = impl_->data->log().damaged_offsets();
  if (const AttachedLog* const schedule = impl_->attached(LogKind::kSchedule)) {
    stats.schedule_bytes = schedule->log().size_bytes();
    stats.damaged_offsets += schedule->log().damaged_offsets();
  }
  stats.appended_records_total = impl_->appended_records_total;
  stats.appended_bytes_total = impl_->appended_bytes_total;
  stats.duplicate_batches_total = impl_->duplicate_batches_total;
  stats.producers = static_cast<std::int64_t>(impl_->producers.size());
  stats.producer_state_damaged = impl_->producers_damaged;
  stats.compaction_halted = impl_->compaction_halted;
  return stats;
}

void Partition::Impl::refuse_everything() {
  closed.store(true, std::memory_order_release);
  const std::lock_guard lock(mutex);
  refusal = closed_error();
}

void Partition::close() {
  impl_->refuse_everything();
  {
    // What has begun ends first; whoever takes one of these later finds the partition closed.
    const std::scoped_lock under_way(impl_->compaction_mutex, impl_->trim_mutex,
                                     impl_->durability_mutex);
  }
  {
    const std::lock_guard creation(impl_->creation_mutex);
    impl_->journal.detach(impl_->data->log_id());
    if (impl_->schedule) {
      impl_->journal.detach(impl_->schedule->log_id());
    }
  }
  impl_->waiters->close(impl_->closed_error()).run();
}

}  // namespace orloj::log
