// When and what the cleaner works on, and the swap.
#include <algorithm>
#include <utility>

#include "log/compaction.h"
#include "log/partition_impl.h"

namespace orloj::log {

Offset Partition::Impl::uncleanable_from() const {
  const PartitionOffsets offsets = waiters->offsets(LogKind::kData);
  Offset limit =
      std::min({offsets.last_stable, offsets.durable_end, journal.replay_floor(data->log_id())});
  const Offset pin = retention_pin.load();
  return pin == kNoOffset ? limit : std::min(limit, pin);
}

Result<Offset> Partition::Impl::swap_in(CompactionResult cleaned) {
  // In order: a tombstone may go only after the older records of its key went.
  for (std::size_t i = 0; i < cleaned.groups.size(); ++i) {
    CleanedGroup& group = cleaned.groups[i];
    const std::lock_guard trim(trim_mutex);
    // The old batches go for good: what they say about their producers must be on disk before.
    const Status covered = cover_by_producer_file({.data = group.old.back()->next_offset()});
    if (!covered) {
      return covered.error();
    }
    // The renames and the sync of the directory are the one exception to the rule of this mutex: an
    // append that rolled meanwhile would publish a list without the swap.
    const std::lock_guard lock(mutex);
    const Status swapped = data->log().replace(group.old, {group.cleaned});
    if (!swapped && swapped.error().code == ErrorCode::kNotFound) {
      // Retention was quicker; the next run starts from what is left.
      for (std::size_t k = i; k < cleaned.groups.size(); ++k) {
        (void)cleaned.groups[k].cleaned->remove_files();
      }
      return group.old.front()->base_offset();
    }
    if (!swapped) {
      return swapped.error();
    }
  }
  return cleaned.clean_end;
}

Status Partition::run_compaction() {
  const std::lock_guard compaction(impl_->compaction_mutex);
  if (impl_->is_closed() || impl_->compaction_halted) {
    return {};
  }
  CompactionRules rules;
  double dirty_ratio_min = 0;
  {
    const TopicLogConfig config = this->config();
    if (!config.cleanup_compact) {
      return {};
    }
    dirty_ratio_min = config.min_cleanable_dirty_ratio;
    rules.delete_retention_ms = config.delete_retention_ms;
    rules.segment_bytes = config.segment_bytes;
    rules.index_interval_bytes = config.index_interval_bytes;
  }
  rules.directory = impl_->spec.directory;
  rules.now_ms = impl_->env.clock().wall_ms();
  rules.map_bytes = impl_->options.compaction_map_bytes;
  rules.cancelled = [this] { return impl_->is_closed(); };
  FileSystem& files = impl_->env.files();
  {
    const std::lock_guard durability(impl_->durability_mutex);  // only what is durable is cleaned
    if (const Status synced = impl_->sync_data(); !synced) {
      return synced;
    }
  }
  if (!impl_->clean_end) {
    impl_->clean_end = load_clean_end(files, rules.directory);
  }
  const CompactionPlan plan =
      plan_compaction(impl_->data->log().segments(), *impl_->clean_end, impl_->uncleanable_from());
  if (plan.dirty_bytes == 0 || plan.dirty_ratio() < dirty_ratio_min) {
    return {};
  }
  if (impl_->data->log().has_damage()) {
    // A segment is read up to its damage only: cleaned, it would look whole, and be gone.
    impl_->compaction_halted = true;
    return {};
  }
  if (*impl_->clean_end == 0) {
    // From now on a gap between segments is no sign of a file that is gone.
    if (const Status stored = store_clean_end(files, rules.directory, 0); !stored) {
      return stored;
    }
  }
  auto cleaned = compact(files, plan, rules);
  if (!cleaned && cleaned.error().code == ErrorCode::kCorrupt) {
    impl_->compaction_halted = true;
    return {};
  }
  if (!cleaned) {
    return cleaned.error();
  }
  const auto clean_end = impl_->swap_in(std::move(*cleaned));
  if (!clean_end) {
    return clean_end.error();
  }
  impl_->clean_end = *clean_end;
  return store_clean_end(files, rules.directory, *clean_end);
}

}  // namespace orloj::log
