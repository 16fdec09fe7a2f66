#include "log/recovery.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "log/batch_format.h"
#include "log/compaction.h"
#include "log/crash_point.h"
#include "log/format.h"
#include "log/recovery_damage.h"
#include "log/segment.h"
#include "log/segment_walk.h"

namespace orloj::log {
namespace {

// One run over the directory of a log.
class Recoverer {
 public:
  Recoverer(Env& env, const LogRecovery& recovery)
      : env_(env),
        recovery_(recovery),
        damage_(env.files(), recovery, [this](std::string line) { say(std::move(line)); }) {}

  Result<RecoveredLog> run();

 private:
  const std::string& directory() const { return recovery_.spec.directory; }
  SegmentSpec segment_spec(Offset base_offset) const {
    return {directory(), base_offset, recovery_.spec.config.index_interval_bytes};
  }
  void say(std::string message) {
    out_.messages.push_back(directory() + ": " + std::move(message));
  }

  Status list_segments();
  Status finish_swaps(const std::vector<Offset>& swaps);
  Status remove_segment(Offset base_offset, std::string_view suffix);
  Status drop_below_log_start();
  Status open_segments();
  Result<std::shared_ptr<Segment>> open_segment(std::size_t index);
  SegmentBounds bounds_of(std::size_t index) const;
  Result<std::shared_ptr<Segment>> recover_segment(std::size_t index);
  Status settle_tail(Segment& segment, const SegmentTail& tail, std::size_t index);
  Status remove_from(std::size_t index, const std::string& reason);
  Status add_segment(Offset base_offset);
  void note_gap(Offset previous_end, Offset base_offset);
  Status find_lost_end();
  // On stable storage before a new segment behind a lost end could make the place of what is gone
  // look like the cleaner's.
  Status remember_damage() { return damage_.remember(segments_); }
  Status ensure_active();
  Status make_durable();
  Result<LeaderEpochCheckpoint> load_epochs();
  Result<std::optional<LeaderEpochCheckpoint>> stored_epochs() const;
  Result<std::vector<EpochStart>> epochs_of_batches() const;

  Env& env_;
  const LogRecovery& recovery_;
  RecoveredLog out_;
  std::vector<Offset> bases_;  // of the segments on disk, ascending
  SegmentList segments_;
  RecoveryDamage damage_;
  bool was_compacted_ = false;  // the cleaner may have left holes between segments
  bool cut_ = false;            // the chain has ended: nothing behind it counts
  bool lost_end_ = false;       // no segment reaches the durable end
};

Status Recoverer::remove_segment(Offset base_offset, std::string_view suffix) {
  for (const std::string_view kind :
       {format::kDataSuffix, format::kOffsetIndexSuffix, format::kTimeIndexSuffix}) {
    const std::string path =
        join_path(directory(), format::segment_file_name(base_offset, kind)) + std::string(suffix);
    const Status removed = env_.files().remove(path);
    if (removed.has_error() && removed.error().code != ErrorCode::kNotFound) {
      return removed;
    }
  }
  return {};
}

// Finds the segments, removes what was on its way out, and finishes a swap of the cleaner that had
// begun.
Status Recoverer::list_segments() {
  const auto entries = env_.files().list(directory());
  if (entries.has_error()) {
    return entries.error();
  }
  std::vector<Offset> swaps;
  was_compacted_ = recovery_.spec.config.cleanup_compact;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.name == kDamagedOffsetsFile) {
      damage_.expect_file();
    }
    was_compacted_ |= entry.name == kCleanEndFile;
    const auto name = format::parse_segment_file_name(entry.name);
    if (!name) {
      continue;
    }
    const std::string_view suffix = name->suffix;
    if (suffix == format::kDataSuffix) {
      bases_.push_back(name->base_offset);
    } else if (suffix == std::string(format::kDataSuffix) + std::string(format::kSwapSuffix)) {
      swaps.push_back(name->base_offset);
    } else if (suffix.ends_with(format::kDeletedSuffix) ||
               suffix.ends_with(format::kCleanedSuffix)) {
      if (Status removed = env_.files().remove(join_path(directory(), entry.name)); !removed) {
        return removed;
      }
    }
  }
  std::sort(bases_.begin(), bases_.end());
  return finish_swaps(swaps);
}

// A file under ".swap" was complete and synced. Whatever segment starts within its range is what it
// replaces.
Status Recoverer::finish_swaps(const std::vector<Offset>& swaps) {
  for (const Offset base : swaps) {
    SegmentSpec spec = segment_spec(base);
    spec.suffix = format::kSwapSuffix;
    const auto swap = Segment::open(env_.files(), spec, SegmentUse::kReadOnly);
    if (swap.has_error()) {
      return swap.error();
    }
    const Offset end = std::max((*swap)->next_offset(), base + 1);
    for (const Offset old : bases_) {
      if (old >= base && old < end) {
        if (Status removed = remove_segment(old, ""); !removed) {
          return removed;
        }
      }
    }
    std::erase_if(bases_, [&](Offset old) { return old >= base && old < end; });
    if (Status renamed = (*swap)->change_suffix(""); !renamed) {
      return renamed;
    }
    bases_.insert(std::lower_bound(bases_.begin(), bases_.end(), base), base);
  }
  return swaps.empty() ? Status{} : env_.files().sync_directory(directory());
}

Status Recoverer::drop_below_log_start() {
  while (bases_.size() > 1 && bases_[1] <= recovery_.log_start) {
    if (Status removed = remove_segment(bases_.front(), ""); !removed) {
      return removed;
    }
    bases_.erase(bases_.begin());
  }
  return {};
}

Status Recoverer::open_segments() {
  for (std::size_t i = 0; i < bases_.size() && !cut_; ++i) {
    const bool is_last = i + 1 == bases_.size();
    const Offset previous_end = segments_.empty() ? bases_[i] : segments_.back()->next_offset();
    if (bases_[i] < previous_end ||
        (bases_[i] > previous_end && previous_end >= recovery_.durable_end)) {
      return remove_from(i, "starts at offset " + std::to_string(bases_[i]) + " where " +
                                std::to_string(previous_end) + " was to follow");
    }
    note_gap(previous_end, bases_[i]);
    const bool trusted = recovery_.last_stop == LastStop::kClean ||
                         (!is_last && bases_[i + 1] <= recovery_.synced_end);
    auto segment = trusted ? open_segment(i) : recover_segment(i);
    if (segment.has_error()) {
      return segment.error();
    }
    if (*segment) {
      segments_.push_back(*std::move(segment));
    }
  }
  return {};
}

// A segment file that is gone leaves no other trace. The cleaner empties the ends of segments, too,
// but never the place where the log starts.
void Recoverer::note_gap(Offset previous_end, Offset base_offset) {
  const bool is_first = segments_.empty();
  const bool is_lost = is_first ? base_offset <= recovery_.durable_end : !was_compacted_;
  if (is_lost) {
    damage_.note({is_first ? recovery_.log_start : previous_end, base_offset},
                 "are in no segment file");
  }
}

Result<std::shared_ptr<Segment>> Recoverer::open_segment(std::size_t index) {
  const bool is_last = index + 1 == bases_.size();
  auto segment = Segment::open(env_.files(), segment_spec(bases_[index]),
                               is_last ? SegmentUse::kAppend : SegmentUse::kReadOnly);
  if (segment.has_error() && segment.error().code != ErrorCode::kCorrupt) {
    return segment;
  }
  const std::string fault = segment.has_error() ? segment.error().message
                            : (*segment)->next_offset() > bounds_of(index).below
                                ? "it reaches into the next one"
                                : "";
  if (!fault.empty()) {
    say("segment " + std::to_string(bases_[index]) + " is checked again: " + fault);
    return recover_segment(index);
  }
  return segment;
}

SegmentBounds Recoverer::bounds_of(std::size_t index) const {
  const bool is_last = index + 1 == bases_.size();
  const bool next_is_durable = !is_last && bases_[index + 1] <= recovery_.durable_end;
  return {recovery_.durable_end, next_is_durable ? bases_[index + 1] : INT64_MAX,
          recovery_.synced_end};
}

Result<std::shared_ptr<Segment>> Recoverer::recover_segment(std::size_t index) {
  SegmentTail tail;
  auto segment =
      Segment::recover(env_.files(), segment_spec(bases_[index]), bounds_of(index), tail);
  if (segment.has_error()) {
    return segment;
  }
  if (Status settled = settle_tail(**segment, tail, index); !settled) {
    return settled.error();
  }
  return segment;
}

// Decides about the bytes behind the last good batch of a segment.
Status Recoverer::settle_tail(Segment& segment, const SegmentTail& tail, std::size_t index) {
  const bool is_last = index + 1 == bases_.size();
  const Offset end = segment.next_offset();
  const Offset must_reach =
      is_last ? recovery_.durable_end : std::min(bases_[index + 1], recovery_.durable_end);
  const bool broken = !tail.break_reason.empty();
  if (broken && end < must_reach) {
    damage_.note({end, must_reach}, "are damaged: " + tail.break_reason);
    return {};
  }
  if (tail.physical_bytes > segment.size_bytes()) {
    // A zero batch header behind the end is no torn write but what every append leaves.
    const std::int64_t behind = tail.physical_bytes - segment.size_bytes();
    out_.bytes_truncated +=
        std::max<std::int64_t>(behind - std::int64_t{batch_format::kHeaderBytes}, 0);
    if (Status cut = segment.discard_tail(); !cut) {
      return cut;
    }
  }
  if (!is_last) {
    return segment.seal();
  }
  return {};
}

// The chain ends before this segment: it and those behind it were never durable.
Status Recoverer::remove_from(std::size_t index, const std::string& reason) {
  cut_ = true;
  for (std::size_t i = index; i < bases_.size(); ++i) {
    const std::string path =
        join_path(directory(), format::segment_file_name(bases_[i], format::kDataSuffix));
    if (const auto file = env_.files().open(path, OpenMode::kRead); file.has_value()) {
      const auto size = (*file)->size();
      out_.bytes_truncated += size.has_value() ? static_cast<std::int64_t>(*size) : 0;
    }
    say("segment " + std::to_string(bases_[i]) + " is cut as a torn tail: " + reason);
    if (Status removed = remove_segment(bases_[i], ""); !removed) {
      return removed;
    }
  }
  bases_.resize(index);
  if (index == 0) {
    return {};
  }
  auto active = Segment::open(env_.files(), segment_spec(bases_.back()), SegmentUse::kAppend);
  if (active.has_error()) {
    return active.error();
  }
  segments_.back() = *std::move(active);
  return {};
}

Status Recoverer::add_segment(Offset base_offset) {
  const auto segment = Segment::create(env_.files(), segment_spec(base_offset));
  if (segment.has_error()) {
    return segment.error();
  }
  segments_.push_back(*segment);
  return {};
}

Status Recoverer::find_lost_end() {
  const Offset end = segments_.empty() ? recovery_.log_start : segments_.back()->next_offset();
  if (recovery_.durable_end <= recovery_.log_start && end < recovery_.log_start) {
    // The tail was lost that a log start had moved past already: nothing above it was durable.
    for (const auto& segment : segments_) {
      if (Status removed = segment->remove_files(); !removed) {
        return removed;
      }
    }
    segments_.clear();
    damage_.clear();
  } else if (end < recovery_.durable_end) {
    lost_end_ = true;
    damage_.note({end, recovery_.durable_end}, "were on stable storage and are gone");
  }
  return {};
}

// Sees to a segment that takes appends behind everything that was ever durable.
Status Recoverer::ensure_active() {
  if (segments_.empty()) {
    if (Status added = add_segment(recovery_.log_start); !added) {
      return added;
    }
  }
  return lost_end_ ? add_segment(recovery_.durable_end) : Status{};
}

// What was adopted may be in the page cache alone, after a sync that failed. What lies below the
// durable end was synced, or has just been written from the journal.
Status Recoverer::make_durable() {
  for (const auto& segment : segments_) {
    if (segment->next_offset() <= recovery_.durable_end) {
      continue;
    }
    if (Status written = segment->write_again(recovery_.durable_end); !written) {
      return written;
    }
  }
  if (const auto synced = out_.log->sync(); synced.has_error()) {
    return synced.error();
  }
  return env_.files().sync_directory(directory());
}

Result<std::vector<EpochStart>> Recoverer::epochs_of_batches() const {
  std::vector<EpochStart> epochs;
  for (const auto& segment : segments_) {
    HeaderWalk walk(*segment->file(), {0, segment->size_bytes()});
    for (;;) {
      const auto header = walk.next();
      if (header.has_error()) {
        return header.error();
      }
      if (!header->has_value()) {
        break;
      }
      if (epochs.empty() || (*header)->leader_epoch > epochs.back().epoch) {
        epochs.push_back({(*header)->leader_epoch, (*header)->base_offset});
      }
    }
  }
  return epochs;
}

// Nullopt when the file is damaged or older than the batches.
Result<std::optional<LeaderEpochCheckpoint>> Recoverer::stored_epochs() const {
  auto loaded = LeaderEpochCheckpoint::load(env_, directory());
  if (loaded.has_error()) {
    if (loaded.error().code == ErrorCode::kCorrupt) {
      return std::optional<LeaderEpochCheckpoint>();
    }
    return loaded.error();
  }
  const Segment& active = *segments_.back();
  if (active.size_bytes() > 0) {
    const auto last = active.find_batch(active.next_offset() - 1);
    if (last.has_value() && last->has_value() && (*last)->leader_epoch > loaded->latest()) {
      return std::optional<LeaderEpochCheckpoint>();
    }
  }
  return std::optional<LeaderEpochCheckpoint>(*std::move(loaded));
}

Result<LeaderEpochCheckpoint> Recoverer::load_epochs() {
  auto stored = stored_epochs();
  if (stored.has_error()) {
    return stored.error();
  }
  std::optional<LeaderEpochCheckpoint> epochs = *std::move(stored);
  if (!epochs) {
    say("leader-epoch-checkpoint is rebuilt from the batches");
    auto entries = epochs_of_batches();
    if (entries.has_error()) {
      return entries.error();
    }
    epochs.emplace(LeaderEpochCheckpoint::rebuilt(env_, directory(), *std::move(entries)));
  }
  // An epoch may start at the end: nothing was appended in it yet.
  if (Status cut = epochs->truncate_from_end(segments_.back()->next_offset() + 1); !cut) {
    return cut.error();
  }
  return *std::move(epochs);
}

Result<RecoveredLog> Recoverer::run() {
  for (const auto step :
       {&Recoverer::list_segments, &Recoverer::drop_below_log_start, &Recoverer::open_segments,
        &Recoverer::find_lost_end, &Recoverer::remember_damage, &Recoverer::ensure_active}) {
    if (Status done = (this->*step)(); !done) {
      return done.error();
    }
  }
  env_.reached(crash_point::kRecoveryAfterCut);
  auto epochs = load_epochs();
  if (epochs.has_error()) {
    return epochs.error();
  }
  out_.log = std::make_unique<SegmentedLog>(env_, recovery_.spec, segments_, *std::move(epochs));
  out_.log->set_damaged(damage_.ranges());
  if (recovery_.last_stop == LastStop::kUnclean) {
    if (Status made = make_durable(); !made) {
      return made.error();
    }
  }
  if (const auto moved = out_.log->drop_head(recovery_.log_start, 0); moved.has_error()) {
    return moved.error();
  }
  return std::move(out_);
}

}  // namespace

Result<RecoveredLog> recover_log(Env& env, const LogRecovery& recovery) {
  return Recoverer(env, recovery).run();
}

Result<std::unique_ptr<SegmentedLog>> create_log(Env& env, SegmentedLog::Spec spec,
                                                 LeaderEpoch leader_epoch, Offset base_offset) {
  FileSystem& files = env.files();
  if (Status made = files.create_directories(spec.directory); !made) {
    return made.error();
  }
  const auto segment =
      Segment::create(files, {spec.directory, base_offset, spec.config.index_interval_bytes});
  if (segment.has_error()) {
    return segment.error();
  }
  auto epochs = LeaderEpochCheckpoint::rebuilt(env, spec.directory, {});
  if (Status assigned = epochs.assign(leader_epoch, base_offset); !assigned) {
    return assigned.error();
  }
  if (const auto synced = (*segment)->sync(); synced.has_error()) {
    return synced.error();
  }
  const std::string parent = parent_path(spec.directory);
  if (Status synced = files.sync_directory(parent); !synced) {
    return synced.error();
  }
  return std::make_unique<SegmentedLog>(env, std::move(spec), SegmentList{*segment},
                                        std::move(epochs));
}

}  // namespace orloj::log
