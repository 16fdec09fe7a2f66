// The read side of SegmentedLog: any thread, over one snapshot of the segments.
#include <algorithm>
#include <utility>

#include "log/record_reader.h"
#include "log/segmented_log.h"
#include "log/segmented_log_state.h"

namespace orloj::log {
namespace {

// The segment that holds `offset` or, when there is a hole, the one before the hole.
SegmentList::const_iterator segment_of(const SegmentList& segments, Offset offset) {
  const auto above = std::upper_bound(
      segments.begin(), segments.end(), offset,
      [](Offset wanted, const auto& segment) { return wanted < segment->base_offset(); });
  return above == segments.begin() ? segments.end() : std::prev(above);
}

TimestampMs time_of(const RecordBatchView& batch, const RecordView& record) {
  return batch.timestamp_type() == TimestampType::kLogAppendTime ? batch.max_timestamp()
                                                                 : record.timestamp_ms;
}

// Calls for the records of a segment in [from, below), in order, until `visit` returns false.
template <class Visit>
Status walk_records(const Segment& segment, Offset from, Offset below, Visit visit) {
  const auto first = segment.find_batch(from);
  if (first.has_error()) {
    return first.error();
  }
  if (!first->has_value()) {
    return {};
  }
  BatchWalk walk(*segment.file(), {(*first)->position, segment.size_bytes()}, CrcCheck::kVerify);
  ScratchBuffer scratch;
  for (;;) {
    const auto batch = walk.next();
    if (batch.has_error()) {
      return Error{ErrorCode::kCorrupt, batch.error().message};
    }
    if (!batch->has_value() || (*batch)->base_offset() >= below) {
      return {};
    }
    auto reader = RecordReader::open(**batch, scratch, kLookupLimits);
    if (reader.has_error() && reader.error().code == ErrorCode::kTooLarge) {
      TimestampedOffset at = too_large_to_open(**batch);
      at.offset = std::max(at.offset, from);
      if (!visit(at)) {
        return {};
      }
      continue;
    }
    if (reader.has_error()) {
      return Error{ErrorCode::kCorrupt, reader.error().message};
    }
    RecordView record;
    while (reader->next(record)) {
      const Offset offset = (*batch)->base_offset() + record.offset_delta;
      if (offset >= from && offset < below &&
          !visit(TimestampedOffset{time_of(**batch, record), offset, (*batch)->leader_epoch()})) {
        return {};
      }
    }
    if (Status walked = reader->status(); !walked) {
      return Error{ErrorCode::kCorrupt, walked.error().message};
    }
  }
}

}  // namespace

// Where reading from `from` has to stop before lost offsets; kCorrupt when it is lost itself.
Result<Offset> SegmentedLog::State::sound_below(const SegmentView& view, Offset from,
                                                Offset below) const {
  for (const DamagedRange& range : view.damaged) {
    if (from >= range.from && from < range.to) {
      return Error{ErrorCode::kCorrupt, spec.directory + " has lost the offsets " +
                                            std::to_string(range.from) + " to " +
                                            std::to_string(range.to - 1) +
                                            "; restore them from a copy or read on behind them"};
    }
    if (range.from > from) {
      below = std::min(below, range.from);
    }
  }
  return below;
}

Result<std::vector<FileSlice>> SegmentedLog::read(Offset from, Offset below, std::int64_t max_bytes,
                                                  CrcCheck check) const {
  const auto view = state_->view();
  const Offset start = start_offset();
  if (from < start || from > below) {
    return Error{ErrorCode::kOffsetOutOfRange, "offset " + std::to_string(from) + " is outside " +
                                                   std::to_string(start) + " to " +
                                                   std::to_string(below)};
  }
  const auto sound_below = state_->sound_below(*view, from, below);
  if (!sound_below) {
    return sound_below.error();
  }
  std::vector<FileSlice> slices;
  if (from == *sound_below) {
    return slices;
  }
  auto segment = segment_of(view->segments, from);
  if (segment == view->segments.end()) {
    return Error{ErrorCode::kOffsetOutOfRange, "offset " + std::to_string(from) + " was deleted"};
  }
  std::int64_t left = max_bytes;
  for (; segment != view->segments.end(); ++segment) {
    auto slice = (*segment)->read({from, *sound_below, left});
    if (slice.has_error()) {
      return slice.error();
    }
    if (!slice->has_value()) {
      continue;
    }
    if (!slices.empty() && (*slice)->length > left) {
      break;
    }
    const auto intact = check == CrcCheck::kVerify ? (*segment)->verify(**slice)
                                                   : Result<std::int64_t>((*slice)->length);
    if (!intact && slices.empty()) {
      return Error{ErrorCode::kCorrupt, intact.error().message};
    }
    if (!intact) {
      break;
    }
    (*slice)->length = *intact;
    left -= *intact;
    const bool to_its_end = (*slice)->position + *intact == (*segment)->size_bytes();
    slices.push_back(**slice);
    if (left <= 0 || !to_its_end) {
      break;
    }
  }
  return slices;
}

Result<std::optional<TimestampedOffset>> SegmentedLog::find_by_timestamp(TimestampMs t,
                                                                         Offset below) const {
  const auto view = state_->view();
  const Offset start = start_offset();
  for (const auto& segment : view->segments) {
    if (segment->max_timestamp() < t || segment->next_offset() <= start) {
      continue;
    }
    if (segment->base_offset() >= below) {
      break;
    }
    auto found = segment->find_by_timestamp(t, below);
    if (found.has_error()) {
      return found;
    }
    if (found->has_value() && (*found)->offset < start) {
      found = std::optional<TimestampedOffset>();
      const Status walked = walk_records(*segment, start, below, [&](const TimestampedOffset& at) {
        if (at.timestamp_ms >= t) {
          found = std::optional(at);
        }
        return at.timestamp_ms < t;
      });
      if (!walked) {
        return walked.error();
      }
    }
    if (found->has_value()) {
      return found;
    }
  }
  return std::optional<TimestampedOffset>();
}

Result<std::optional<TimestampedOffset>> SegmentedLog::find_max_timestamp(Offset below) const {
  const auto view = state_->view();
  const Offset start = start_offset();
  std::optional<TimestampedOffset> best;
  const auto take = [&](const TimestampedOffset& at) {
    if (!best || at.timestamp_ms > best->timestamp_ms) {
      best = at;
    }
    return true;
  };
  for (const auto& segment : view->segments) {
    if (segment->next_offset() <= start || segment->base_offset() >= below ||
        (best && segment->max_timestamp() <= best->timestamp_ms)) {
      continue;
    }
    const auto found = segment->find_max_timestamp(below);
    if (found.has_error()) {
      return found;
    }
    if (found->has_value() && (*found)->offset >= start) {
      take(**found);
    } else if (found->has_value()) {
      if (const Status walked = walk_records(*segment, start, below, take); !walked) {
        return walked.error();
      }
    }
  }
  return best;
}

Offset SegmentedLog::start_offset() const {
  return state_->start_offset.load(std::memory_order_acquire);
}

Offset SegmentedLog::end_offset() const {
  return state_->active().next_offset();
}

std::int64_t SegmentedLog::size_bytes() const {
  const auto view = state_->view();
  std::int64_t total = 0;
  for (const auto& segment : view->segments) {
    total += segment->size_bytes();
  }
  return total;
}

SegmentList SegmentedLog::segments() const {
  return state_->view()->segments;
}

}  // namespace orloj::log
