// Opening a segment that exists: after a clean stop, and after a crash.
#include <algorithm>
#include <utility>

#include "log/env/write_again.h"
#include "log/format.h"
#include "log/segment.h"

namespace orloj::log {

Result<std::shared_ptr<Segment>> Segment::open(FileSystem& files, const SegmentSpec& spec,
                                               SegmentUse use) {
  std::shared_ptr<Segment> segment(new Segment(files, spec));
  auto file = files.open(segment->path(format::kDataSuffix), OpenMode::kReadWrite);
  if (!file) {
    return file.error();
  }
  segment->file_ = std::make_shared<SegmentFile>(*std::move(file));
  const auto size = segment->file_->size();
  if (!size) {
    return size.error();
  }
  segment->size_ = static_cast<std::int64_t>(*size);
  segment->sealed_ = use == SegmentUse::kReadOnly;
  segment->names_durable_ = true;
  if (segment->open_indexes(use) && segment->walk_tail()) {
    return segment;
  }
  if (Status done = segment->rebuild_indexes(use); !done) {
    return done.error();
  }
  return segment;
}

Status Segment::open_indexes(SegmentUse use) {
  const IndexUse index_use = use == SegmentUse::kAppend ? IndexUse::kAppend : IndexUse::kLookup;
  auto offsets =
      OffsetIndex::open(files_, path(format::kOffsetIndexSuffix), spec_.base_offset, index_use);
  if (!offsets) {
    return offsets.error();
  }
  auto times =
      TimeIndex::open(files_, path(format::kTimeIndexSuffix), spec_.base_offset, index_use);
  if (!times) {
    return times.error();
  }
  offset_index_ = *std::move(offsets);
  time_index_ = *std::move(times);
  const auto sane = indexes_are_sane();
  if (!sane) {
    return sane.error();
  }
  if (!*sane) {
    return Error{ErrorCode::kCorrupt, path(format::kOffsetIndexSuffix) + " does not fit its data"};
  }
  return {};
}

Result<bool> Segment::indexes_are_sane() const {
  const auto offset = offset_index_->last();
  const auto time = time_index_->last();
  if (!offset || !time) {
    return offset ? time.error() : offset.error();
  }
  if (!offset->has_value()) {
    return size_bytes() <= spec_.index_interval_bytes || time->has_value();
  }
  // A seal leaves a last time entry, so one without is an index that was lost. Zeros are what a
  // power cut leaves.
  return time->has_value() && (*offset)->position > 0 && (*offset)->position < size_bytes() &&
         (*offset)->last_offset > spec_.base_offset && (*time)->last_offset >= spec_.base_offset &&
         (*time)->timestamp_ms >= 0;
}

Status Segment::rebuild_indexes(SegmentUse use) {
  if (Status done = create_indexes(); !done) {
    return done;
  }
  const std::int64_t size = size_bytes();
  max_timestamp_ = kNoTimestamp;
  first_timestamp_ = kNoTimestamp;
  next_offset_ = spec_.base_offset;
  HeaderWalk walk(*file_, {0, size});
  for (;;) {
    const auto header = walk.next();
    if (!header) {
      return header.error();
    }
    if (!header->has_value()) {
      break;
    }
    if ((*header)->base_offset < next_offset()) {
      return Error{ErrorCode::kCorrupt, file_->path() + " goes back from offset " +
                                            std::to_string(next_offset()) + " to " +
                                            std::to_string((*header)->base_offset)};
    }
    if ((*header)->last_offset >= offsets_end()) {
      return Error{ErrorCode::kCorrupt, file_->path() + " holds offset " +
                                            std::to_string((*header)->last_offset) +
                                            ", too far behind its first"};
    }
    index(**header);
    take(**header);
  }
  if (use == SegmentUse::kReadOnly) {
    sealed_ = false;
    return seal();
  }
  return {};
}

// Sets what append goes on from, given good indexes: looks at the batches from the last indexed one
// on.
Status Segment::walk_tail() {
  const std::int64_t size = size_bytes();
  const auto indexed = offset_index_->last();
  const auto latest = time_index_->last();
  if (!indexed || !latest) {
    return indexed ? latest.error() : indexed.error();
  }
  max_timestamp_ = latest->has_value() ? (*latest)->timestamp_ms : kNoTimestamp;
  max_timestamp_offset_ = latest->has_value() ? (*latest)->last_offset : spec_.base_offset;
  first_timestamp_ = kNoTimestamp;
  next_offset_ = spec_.base_offset;
  bytes_since_index_entry_ = 0;
  const auto first = HeaderWalk(*file_, {0, size}).next();
  if (!first) {
    return first.error();
  }
  if (first->has_value()) {
    first_timestamp_ = (*first)->max_timestamp_ms;
  }
  HeaderWalk walk(*file_, {indexed->has_value() ? (*indexed)->position : 0, size});
  for (;;) {
    const auto header = walk.next();
    if (!header) {
      return header.error();
    }
    if (!header->has_value()) {
      return {};
    }
    if ((*header)->base_offset < next_offset() || (*header)->last_offset >= offsets_end()) {
      return Error{ErrorCode::kCorrupt, file_->path() + " has offsets that cannot be"};
    }
    if ((*header)->max_timestamp_ms > max_timestamp()) {
      max_timestamp_ = (*header)->max_timestamp_ms;
      max_timestamp_offset_ = (*header)->last_offset;
    }
    bytes_since_index_entry_ += (*header)->size_bytes;
    next_offset_ = (*header)->last_offset + 1;
  }
}

Result<std::shared_ptr<Segment>> Segment::recover(FileSystem& files, const SegmentSpec& spec,
                                                  const SegmentBounds& bounds, SegmentTail& tail) {
  std::shared_ptr<Segment> segment(new Segment(files, spec));
  auto file = files.open(segment->path(format::kDataSuffix), OpenMode::kReadWrite);
  if (!file) {
    return file.error();
  }
  segment->file_ = std::make_shared<SegmentFile>(*std::move(file));
  const auto physical = segment->file_->size();
  if (!physical) {
    return physical.error();
  }
  tail = {static_cast<std::int64_t>(*physical), ""};
  segment->size_ = tail.physical_bytes;
  const auto resumed = segment->resume_from_index(bounds.synced_end);
  if (!resumed && resumed.error().code == ErrorCode::kIo) {
    return resumed.error();
  }
  BatchHeader good;  // the last one that needs no check
  if (resumed && *resumed) {
    good = **resumed;
  } else {
    segment->size_ = 0;
    segment->next_offset_ = spec.base_offset;
    segment->max_timestamp_ = kNoTimestamp;
    segment->first_timestamp_ = kNoTimestamp;
    if (Status done = segment->create_indexes(); !done) {
      return done.error();
    }
  }
  const SegmentBounds within{bounds.durable_end, std::min(bounds.below, segment->offsets_end())};
  if (Status done = segment->recover_batches(within, good, tail); !done) {
    return done.error();
  }
  return segment;
}

// Takes the state behind the last indexed batch that was synced, and returns its header; nullopt or
// kCorrupt where there is none or the indexes do not fit the data.
Result<std::optional<BatchHeader>> Segment::resume_from_index(Offset synced_end) {
  if (synced_end <= spec_.base_offset) {
    return std::optional<BatchHeader>();
  }
  if (const Status opened = open_indexes(SegmentUse::kAppend); !opened) {
    return opened.error();
  }
  const auto entry = offset_index_->find_offset(synced_end - 1);
  if (!entry) {
    return entry.error();
  }
  if (!entry->has_value() || !offset_index_->rises() || !time_index_->rises()) {
    return std::optional<BatchHeader>();
  }
  auto last = headers_from((*entry)->position).next();
  if (!last || !last->has_value() || (*last)->last_offset != (*entry)->last_offset) {
    return last ? Result<std::optional<BatchHeader>>(std::nullopt) : last;
  }
  const Offset end = (*last)->last_offset + 1;
  if (const Status cut = offset_index_->truncate(end); !cut) {
    return cut.error();
  }
  if (const Status cut = time_index_->truncate(end); !cut) {
    return cut.error();
  }
  if (const Status taken = take_up_to(**last); !taken) {
    return taken.error();
  }
  return last;
}

// Everything up to a batch counts: its headers are believed. The time index may lack its last
// block.
Status Segment::take_up_to(const BatchHeader& last) {
  size_ = last.end();
  const auto latest = time_index_->last();
  if (!latest) {
    return latest.error();
  }
  max_timestamp_ = latest->has_value() ? (*latest)->timestamp_ms : kNoTimestamp;
  max_timestamp_offset_ = latest->has_value() ? (*latest)->last_offset : spec_.base_offset;
  const auto first = headers_from(0).next();
  const auto from = find_batch(max_timestamp_offset_);
  if (!first || !from) {
    return first ? from.error() : first.error();
  }
  first_timestamp_ = first->has_value() ? (*first)->max_timestamp_ms : kNoTimestamp;
  HeaderWalk walk = headers_from(from->has_value() ? (*from)->position : 0);
  for (;;) {
    const auto header = walk.next();
    if (!header) {
      return header.error();
    }
    if (!header->has_value()) {
      break;
    }
    if ((*header)->max_timestamp_ms > max_timestamp()) {
      max_timestamp_ = (*header)->max_timestamp_ms;
      max_timestamp_offset_ = (*header)->last_offset;
    }
  }
  time_index_->append(max_timestamp_entry());
  next_offset_ = last.last_offset + 1;
  bytes_since_index_entry_ = last.size_bytes;
  return {};
}

// Goes on behind the batch `good`.
Status Segment::recover_batches(const SegmentBounds& bounds, const BatchHeader& good,
                                SegmentTail& tail) {
  LeaderEpoch latest_epoch = good.leader_epoch;
  BatchWalk walk(*file_, {good.end(), tail.physical_bytes}, CrcCheck::kVerify);
  for (;;) {
    const std::int64_t position = walk.position();
    const auto batch = walk.next();
    if (!batch && batch.error().code == ErrorCode::kIo) {
      return batch.error();
    }
    if (batch && !batch->has_value()) {
      return {};
    }
    std::string fault =
        batch ? chain_fault(**batch, latest_epoch, bounds) : std::string(batch.error().message);
    BatchHeader header;
    if (fault.empty()) {
      const RecordBatchView& next = **batch;
      header = {position,
                static_cast<std::int64_t>(next.size()),
                next.base_offset(),
                next.last_offset(),
                next.max_timestamp(),
                next.leader_epoch()};
      latest_epoch = next.leader_epoch();
    } else {
      const auto rotten = rotten_batch(position, bounds, tail.physical_bytes);
      if (!rotten) {
        tail.break_reason = std::move(fault);
        return {};
      }
      header = *rotten;
      walk.skip_to(header.end());
    }
    index(header);
    take(header);
  }
}

// Compaction leaves holes between batches that were all durable. A base offset that passes a bound
// has rotted: it lies outside the CRC.
std::string Segment::chain_fault(const RecordBatchView& batch, LeaderEpoch latest_epoch,
                                 const SegmentBounds& bounds) const {
  const bool hole =
      batch.base_offset() > next_offset() && batch.last_offset() >= bounds.durable_end;
  if (batch.base_offset() < next_offset() || hole) {
    return "offset " + std::to_string(batch.base_offset()) + " where " +
           std::to_string(next_offset()) + " was to follow";
  }
  if (batch.last_offset() >= bounds.below) {
    return "offset " + std::to_string(batch.last_offset()) + " where the segment ends below " +
           std::to_string(bounds.below);
  }
  if (batch.leader_epoch() < latest_epoch) {
    return "leader epoch " + std::to_string(batch.leader_epoch()) + " behind " +
           std::to_string(latest_epoch);
  }
  return "";
}

// The batch at a position where the bytes fail their checks, when it lies below the durable end and
// the chain of headers goes on behind it; nullopt where it breaks.
std::optional<BatchHeader> Segment::rotten_batch(std::int64_t position, const SegmentBounds& bounds,
                                                 std::int64_t physical_bytes) const {
  HeaderWalk walk(*file_, {position, physical_bytes});
  const auto header = walk.next();
  if (!header || !header->has_value() || (*header)->base_offset < next_offset() ||
      (*header)->last_offset >= bounds.end()) {
    return std::nullopt;
  }
  if ((*header)->last_offset + 1 < bounds.end()) {
    const auto follower = walk.next();
    if (!follower || !follower->has_value() || (*follower)->base_offset <= (*header)->last_offset) {
      return std::nullopt;
    }
  }
  BatchHeader rotten = **header;
  rotten.max_timestamp_ms = kNoTimestamp;  // not to be believed
  return rotten;
}

Status Segment::write_again(Offset from) {
  const auto first = find_batch(from);
  if (!first) {
    return first.error();
  }
  if (!first->has_value()) {
    return {};
  }
  return log::write_again(*file_, static_cast<std::uint64_t>((*first)->position),
                          static_cast<std::uint64_t>(size_bytes()));
}

}  // namespace orloj::log
