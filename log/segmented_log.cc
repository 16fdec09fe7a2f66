// The write side of SegmentedLog; reads are in segmented_log_read.cc.
#include "log/segmented_log.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "log/crash_point.h"
#include "log/format.h"
#include "log/record_batch.h"
#include "log/segmented_log_state.h"

namespace orloj::log {

SegmentedLog::SegmentedLog(Env& env, Spec spec, SegmentList segments, LeaderEpochCheckpoint epochs)
    : state_(std::make_unique<State>(env, std::move(spec), std::move(epochs))) {
  assert(!segments.empty());
  state_->start_offset = segments.front()->base_offset();
  state_->synced_end = segments.front()->base_offset();
  state_->write_back_from = segments.back()->size_bytes();
  state_->publish({std::move(segments), {}});
}

SegmentedLog::~SegmentedLog() = default;

namespace {

// Kafka's rule: by the records' own time where there is one, else by the time of the first append.
bool is_old(const Segment& active, const RecordBatchView& batch, TimestampMs now_ms,
            TimestampMs active_since_ms, std::int64_t segment_ms) {
  if (active.size_bytes() == 0) {
    return false;
  }
  const TimestampMs first = active.first_timestamp();
  if (first >= 0 && batch.max_timestamp() >= 0) {
    return batch.max_timestamp() - first > segment_ms;
  }
  return active_since_ms >= 0 && now_ms - active_since_ms > segment_ms;
}

}  // namespace

Result<SegmentPosition> SegmentedLog::append(ByteView batch, TimestampMs now_ms) {
  State& state = *state_;
  if (state.sealed.load(std::memory_order_acquire)) {
    return Error{ErrorCode::kSealed, state.spec.directory +
                                         " takes no appends after a failed write; restart the "
                                         "broker once the disk is well"};
  }
  const auto parsed = RecordBatchView::parse(batch, CrcCheck::kSkip);
  if (parsed.has_error()) {
    return parsed.error();
  }
  if (parsed->base_offset() != end_offset() || parsed->size() != batch.size()) {
    return Error{ErrorCode::kInvalidBatch, state.spec.directory + ": a batch for offset " +
                                               std::to_string(parsed->base_offset()) +
                                               " was to be appended at " +
                                               std::to_string(end_offset())};
  }
  const auto size = static_cast<std::int64_t>(batch.size());
  const TopicLogConfig& config = state.spec.config;
  const Segment& before = state.active();
  const bool full = before.size_bytes() > 0 && before.size_bytes() + size > config.segment_bytes;
  if (full || !before.fits(parsed->last_offset(), size) ||
      is_old(before, *parsed, now_ms, state.active_since_ms, config.segment_ms)) {
    if (const Status rolled = roll(now_ms); !rolled) {
      return rolled.error();
    }
  }
  Segment& active = state.active();
  const auto position = active.append(*parsed);
  if (position.has_error()) {
    const bool undone =
        position.error().code == ErrorCode::kNoSpace && active.discard_tail().has_value();
    return undone ? position.error() : state.seal(position.error());
  }
  if (*position == 0) {
    state.active_since_ms = now_ms;
  }
  const std::int64_t end = *position + size;
  if (end - state.write_back_from >= state.spec.write_back_bytes) {
    if (const Status started = active.start_write_back(state.write_back_from, end); !started) {
      return state.seal(started.error());
    }
    state.write_back_from = end;
  }
  return SegmentPosition{active.base_offset(), *position};
}

Status SegmentedLog::roll(TimestampMs now_ms) {
  State& state = *state_;
  const auto view = state.view();
  Segment& active = *view->segments.back();
  if (active.size_bytes() == 0) {
    return {};
  }
  const auto created = Segment::create(state.env.files(), state.segment_spec(active.next_offset()));
  Status rolled = created.has_error() ? Status(created.error()) : active.seal();
  if (!rolled) {
    if (created.has_value()) {
      (void)(*created)->remove_files();
    }
    return rolled.error().code == ErrorCode::kNoSpace ? rolled : state.seal(rolled.error());
  }
  state.env.reached(crash_point::kRollAfterNewSegment);
  // The rest of the old segment goes to the disk now, rather than all at once when it is synced.
  (void)active.start_write_back(std::min(state.write_back_from, active.size_bytes()),
                                active.size_bytes());
  SegmentView next = *view;
  next.segments.push_back(*created);
  state.publish(std::move(next));
  state.write_back_from = 0;
  state.active_since_ms = now_ms;
  return {};
}

Result<SegmentList> SegmentedLog::drop_head(Offset to, Offset keep_from) {
  State& state = *state_;
  to = std::min(to, end_offset());
  if (to > state.start_offset.load(std::memory_order_relaxed)) {
    state.start_offset.store(to, std::memory_order_release);
  }
  const Offset below = std::min(start_offset(), keep_from);
  if (state.active().next_offset() <= below) {
    if (const Status rolled = roll(state.env.clock().wall_ms()); !rolled) {
      return rolled.error();
    }
  }
  SegmentView next = *state.view();
  const auto passed = std::erase_if(
      next.damaged, [&](const DamagedRange& range) { return range.to <= start_offset(); });
  if (passed > 0) {
    state.damage_changed = true;
  }
  SegmentList dropped;
  while (next.segments.size() > 1 && next.segments[1]->base_offset() <= below) {
    dropped.push_back(next.segments.front());
    next.segments.erase(next.segments.begin());
  }
  if (dropped.empty() && passed == 0) {
    return dropped;
  }
  state.publish(std::move(next));
  for (const auto& segment : dropped) {
    if (Status renamed = segment->change_suffix(std::string(format::kDeletedSuffix)); !renamed) {
      return state.seal(renamed.error());
    }
  }
  state.env.reached(crash_point::kHeadRenamedBeforeUnlink);
  return dropped;
}

Status SegmentedLog::truncate(Offset end) {
  State& state = *state_;
  if (end >= end_offset()) {
    return {};
  }
  {
    const std::lock_guard lock(state.synced_mutex);
    state.synced_end = std::min(state.synced_end, end);
    ++state.truncations;
  }
  SegmentView next = *state.view();
  SegmentList dropped;
  while (next.segments.size() > 1 && next.segments.back()->base_offset() > end) {
    dropped.push_back(next.segments.back());
    next.segments.pop_back();
  }
  next.damaged = normal(std::move(next.damaged), {0, end});
  state.damage_changed = next.damaged != state.view()->damaged;
  const auto active = next.segments.back();
  if (Status cut = active->truncate(end); !cut) {
    return state.seal(cut.error());
  }
  state.publish(std::move(next));
  for (const auto& segment : dropped) {
    if (Status removed = segment->remove_files(); !removed) {
      return state.seal(removed.error());
    }
  }
  state.env.reached(crash_point::kTruncateAfterCut);
  state.write_back_from = std::min(state.write_back_from, active->size_bytes());
  if (Status stored = store_damage(); !stored) {
    return state.seal(stored.error());
  }
  return state.epochs.truncate_from_end(end);
}

// The cleaned files wait under ".swap" until the old ones are out of the way: a start that finds
// such files goes on from there, since they hold all that is to stay of the old ones.
Status SegmentedLog::replace(const SegmentList& old_segments, SegmentList cleaned) {
  State& state = *state_;
  SegmentView next = *state.view();
  const auto first = std::find(next.segments.begin(), next.segments.end(), old_segments.front());
  const auto count = static_cast<std::ptrdiff_t>(old_segments.size());
  if (next.segments.end() - first <= count ||
      !std::equal(old_segments.begin(), old_segments.end(), first)) {
    return Error{ErrorCode::kNotFound,
                 state.spec.directory + " has other segments than the cleaner started from"};
  }
  for (const auto& segment : cleaned) {
    if (const auto synced = segment->sync(); synced.has_error()) {
      return state.seal(synced.error());
    }
    if (Status renamed = segment->change_suffix(std::string(format::kSwapSuffix)); !renamed) {
      return state.seal(renamed.error());
    }
  }
  if (Status synced = state.env.files().sync_directory(state.spec.directory); !synced) {
    return state.seal(synced.error());
  }
  state.env.reached(crash_point::kReplaceBeforeSwap);
  for (const auto& segment : old_segments) {
    if (Status renamed = segment->change_suffix(std::string(format::kDeletedSuffix)); !renamed) {
      return state.seal(renamed.error());
    }
  }
  for (const auto& segment : cleaned) {
    if (Status renamed = segment->change_suffix(""); !renamed) {
      return state.seal(renamed.error());
    }
  }
  if (Status synced = state.env.files().sync_directory(state.spec.directory); !synced) {
    return state.seal(synced.error());
  }
  state.env.reached(crash_point::kReplaceAfterSwap);
  const auto at = next.segments.erase(first, first + count);
  next.segments.insert(at, cleaned.begin(), cleaned.end());
  state.publish(std::move(next));
  for (const auto& segment : old_segments) {
    if (Status removed = segment->remove_files(); !removed) {
      return state.seal(removed.error());
    }
  }
  return {};
}

Result<Offset> SegmentedLog::sync() {
  State& state = *state_;
  const std::lock_guard one_at_a_time(state.sync_mutex);
  if (state.sync_failure) {
    return *state.sync_failure;
  }
  Offset synced_end = 0;
  std::uint64_t truncations = 0;
  {
    const std::lock_guard lock(state.synced_mutex);
    synced_end = state.synced_end;
    truncations = state.truncations;
  }
  const auto view = state.view();
  Offset covered = synced_end;
  for (const auto& segment : view->segments) {
    const bool is_active = segment == view->segments.back();
    if (segment->next_offset() <= synced_end && !is_active) {
      continue;
    }
    const auto synced = segment->sync();
    if (synced.has_error()) {
      state.sync_failure = synced.error();
      return state.seal(synced.error());
    }
    covered = *synced;
  }
  const std::lock_guard lock(state.synced_mutex);
  if (state.truncations == truncations) {
    state.synced_end = std::max(state.synced_end, covered);
  }
  return covered;
}

Status SegmentedLog::close() {
  State& state = *state_;
  if (state.sealed.load(std::memory_order_acquire)) {
    return Error{ErrorCode::kSealed, state.spec.directory + " had a failed write before"};
  }
  if (Status sealed = state.active().seal(); !sealed) {
    return sealed;
  }
  const auto synced = sync();
  return synced.has_error() ? Status(synced.error()) : Status{};
}

void SegmentedLog::set_damaged(std::vector<DamagedRange> ranges) {
  State& state = *state_;
  if (!ranges.empty() && ranges.front().from < start_offset()) {
    state.start_offset.store(ranges.front().from, std::memory_order_release);
  }
  SegmentView next = *state.view();
  next.damaged = std::move(ranges);
  state.publish(std::move(next));
}

bool SegmentedLog::has_damage() const {
  return !state_->view()->damaged.empty();
}

std::int64_t SegmentedLog::damaged_offsets() const {
  const Offset start = start_offset();
  std::int64_t total = 0;
  for (const DamagedRange& range : state_->view()->damaged) {
    total += std::max<std::int64_t>(range.to - std::max(range.from, start), 0);
  }
  return total;
}

Status SegmentedLog::store_damage() {
  State& state = *state_;
  if (!state.damage_changed.exchange(false)) {
    return {};
  }
  Status stored =
      store_damaged_ranges(state.env.files(), state.spec.directory, state.view()->damaged);
  if (!stored) {
    state.damage_changed = true;
  }
  return stored;
}

void SegmentedLog::set_config(const TopicLogConfig& config) {
  state_->spec.config = config;
}

LeaderEpochCheckpoint& SegmentedLog::leader_epochs() {
  return state_->epochs;
}

const LeaderEpochCheckpoint& SegmentedLog::leader_epochs() const {
  return state_->epochs;
}

const SegmentedLog::Spec& SegmentedLog::spec() const {
  return state_->spec;
}

}  // namespace orloj::log
