// Finding batches and records in a segment. Any thread; nothing here takes the owner's mutex.
#include <algorithm>
#include <limits>

#include "log/record_reader.h"
#include "log/segment.h"

namespace orloj::log {

Result<std::optional<BatchHeader>> Segment::find_batch(Offset offset) const {
  const auto entry = offset_index_->find_offset(offset);
  if (entry && entry->has_value()) {
    const auto found = walk_until((*entry)->position, offset);
    // A position that is no batch's comes from a damaged index: believe the data file alone then.
    if (found && (!found->has_value() || (*found)->position > (*entry)->position ||
                  (*found)->last_offset == (*entry)->last_offset)) {
      return found;
    }
  }
  return walk_until(0, offset);
}

Result<std::optional<BatchHeader>> Segment::walk_until(std::int64_t position, Offset offset) const {
  HeaderWalk walk = headers_from(position);
  for (;;) {
    auto header = walk.next();
    if (!header || !header->has_value() || (*header)->last_offset >= offset) {
      return header;
    }
  }
}

Result<std::optional<FileSlice>> Segment::read(const SegmentReadRequest& request) const {
  const auto first = find_batch(request.from);
  if (!first) {
    return first.error();
  }
  if (!first->has_value() || (*first)->last_offset >= request.below) {
    return std::optional<FileSlice>();
  }
  const auto end = end_of_read(**first, request);
  if (!end) {
    return end.error();
  }
  return std::optional(FileSlice{file_, (*first)->position, *end - (*first)->position});
}

Result<std::int64_t> Segment::verify(const FileSlice& slice) const {
  const ByteRange whole{slice.position, slice.position + slice.length};
  if (file_->is_known_intact(whole)) {
    return slice.length;
  }
  const auto version = file_->content_version();
  if (!version) {
    return version.error();
  }
  BatchWalk walk(*file_, {whole.from, whole.to}, CrcCheck::kVerify);
  auto batch = walk.next();
  while (batch && batch->has_value()) {
    batch = walk.next();
  }
  if (!batch && walk.position() == whole.from) {
    return batch.error();
  }
  file_->found_intact({whole.from, walk.position()}, *version);
  return walk.position() - whole.from;
}

Result<std::int64_t> Segment::end_of_read(const BatchHeader& first,
                                          const SegmentReadRequest& request) const {
  const std::int64_t size = size_bytes();  // before next_offset(): it must not cover more than that
  const std::int64_t room = std::max<std::int64_t>(request.max_bytes, 0);
  const std::int64_t limit = room < size - first.position ? first.position + room : size;
  if (limit <= first.end()) {
    return first.end();
  }
  if (limit == size && next_offset() <= request.below) {
    return size;
  }
  const auto by_position = offset_index_->find_position(limit);
  const auto by_offset = offset_index_->find_offset(request.below - 1);
  if (!by_position || !by_offset) {
    return by_position ? by_offset.error() : by_position.error();
  }
  std::int64_t end = first.end();
  if (by_position->has_value() && by_offset->has_value()) {
    end = std::max(end, std::min((*by_position)->position, (*by_offset)->position));
  }
  HeaderWalk walk(*file_, {end, size});
  for (;;) {
    const auto header = walk.next();
    if (!header || !header->has_value() || (*header)->end() > limit ||
        (*header)->last_offset >= request.below) {
      return end;
    }
    end = (*header)->end();
  }
}

Result<std::optional<TimestampedOffset>> Segment::find_by_timestamp(TimestampMs t,
                                                                    Offset below) const {
  if (max_timestamp() < t) {
    return std::optional<TimestampedOffset>();
  }
  const auto entry = time_index_->find_timestamp(t);
  if (!entry) {
    return entry.error();
  }
  std::int64_t start = 0;
  if (entry->has_value()) {
    const auto batch = find_batch((*entry)->last_offset);
    if (!batch) {
      return batch.error();
    }
    start = batch->has_value() ? (*batch)->position : 0;
  }
  HeaderWalk walk = headers_from(start);
  for (;;) {
    const auto header = walk.next();
    if (!header) {
      return header.error();
    }
    if (!header->has_value() || (*header)->base_offset >= below) {
      return std::optional<TimestampedOffset>();
    }
    if ((*header)->max_timestamp_ms >= t) {
      auto found = find_record(**header, t, below);
      if (!found || found->has_value()) {
        return found;
      }
    }
  }
}

Result<std::optional<TimestampedOffset>> Segment::find_max_timestamp(Offset below) const {
  // Both indexes get their entries together: the time entry at the last offset entry covers all
  // before it.
  const auto indexed = offset_index_->find_offset(below - 1);
  if (!indexed) {
    return indexed.error();
  }
  std::optional<BatchHeader> best;
  std::int64_t start = 0;
  if (indexed->has_value()) {
    start = (*indexed)->position;
    const auto covered = time_index_->find_below((*indexed)->last_offset + 1);
    if (!covered) {
      return covered.error();
    }
    if (covered->has_value()) {
      const auto batch = find_batch((*covered)->last_offset);
      if (!batch) {
        return batch.error();
      }
      best = *batch;
    }
  }
  HeaderWalk walk = headers_from(start);
  for (;;) {
    const auto header = walk.next();
    if (!header) {
      return header.error();
    }
    if (!header->has_value() || (*header)->last_offset >= below) {
      break;
    }
    if ((*header)->max_timestamp_ms > (best ? best->max_timestamp_ms : kNoTimestamp)) {
      best = **header;
    }
  }
  if (!best) {
    return std::optional<TimestampedOffset>();
  }
  return find_record(*best, best->max_timestamp_ms, below);
}

Result<std::optional<TimestampedOffset>> Segment::find_record(const BatchHeader& header,
                                                              TimestampMs t, Offset below) const {
  BatchWalk walk(*file_, {header.position, header.end()}, CrcCheck::kVerify);
  const auto batch = walk.next();
  if (!batch || !batch->has_value()) {
    return Error{ErrorCode::kCorrupt,
                 batch ? file_->path() + " has lost a batch" : batch.error().message};
  }
  const RecordBatchView& view = **batch;
  ScratchBuffer scratch;
  auto reader = RecordReader::open(view, scratch, kLookupLimits);
  if (!reader && reader.error().code == ErrorCode::kTooLarge) {
    return view.base_offset() < below ? std::optional(too_large_to_open(view)) : std::nullopt;
  }
  if (!reader) {
    return Error{ErrorCode::kCorrupt, file_->path() + ": " + reader.error().message};
  }
  RecordView record;
  while (reader->next(record)) {
    const TimestampMs timestamp = view.timestamp_type() == TimestampType::kLogAppendTime
                                      ? view.max_timestamp()
                                      : record.timestamp_ms;
    const Offset offset = view.base_offset() + record.offset_delta;
    if (offset >= below) {
      break;
    }
    if (timestamp >= t) {
      return std::optional(TimestampedOffset{timestamp, offset, view.leader_epoch()});
    }
  }
  if (Status walked = reader->status(); !walked) {
    return Error{ErrorCode::kCorrupt, file_->path() + ": " + walked.error().message};
  }
  return std::optional<TimestampedOffset>();
}

}  // namespace orloj::log
