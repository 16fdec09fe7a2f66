#include "log/segment.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <utility>

#include "log/batch_format.h"
#include "log/format.h"

namespace orloj::log {
namespace {

constexpr std::array<std::byte, batch_format::kHeaderBytes> kEndMarker{};
constexpr std::int64_t kPositionMax = std::numeric_limits<std::int32_t>::max();

constexpr std::array kFileKinds = {format::kDataSuffix, format::kOffsetIndexSuffix,
                                   format::kTimeIndexSuffix};

}  // namespace

Result<std::shared_ptr<Segment>> Segment::create(FileSystem& files, const SegmentSpec& spec) {
  std::shared_ptr<Segment> segment(new Segment(files, spec));
  auto file = files.open(segment->path(format::kDataSuffix), OpenMode::kReadWriteCreate);
  if (!file) {
    return file.error();
  }
  segment->file_ = std::make_shared<SegmentFile>(*std::move(file));
  segment->next_offset_ = spec.base_offset;
  if (Status done = segment->file_->truncate(0); !done) {
    return done.error();
  }
  if (Status done = segment->create_indexes(); !done) {
    return done.error();
  }
  return segment;
}

std::string Segment::path(std::string_view kind) const {
  return join_path(spec_.directory, format::segment_file_name(spec_.base_offset, kind)) +
         spec_.suffix;
}

Status Segment::create_indexes() {
  auto offsets = OffsetIndex::create(files_, path(format::kOffsetIndexSuffix), spec_.base_offset);
  if (!offsets) {
    return offsets.error();
  }
  auto times = TimeIndex::create(files_, path(format::kTimeIndexSuffix), spec_.base_offset);
  if (!times) {
    return times.error();
  }
  offset_index_ = *std::move(offsets);
  time_index_ = *std::move(times);
  bytes_since_index_entry_ = 0;
  return {};
}

Offset Segment::offsets_end() const {
  constexpr Offset kOffsets = Offset{1} << 31;
  constexpr Offset kOffsetMax = std::numeric_limits<Offset>::max();
  return spec_.base_offset > kOffsetMax - kOffsets ? kOffsetMax : spec_.base_offset + kOffsets;
}

bool Segment::fits(Offset last_offset, std::int64_t batch_bytes) const {
  return last_offset < offsets_end() &&
         batch_bytes <= kPositionMax - static_cast<std::int64_t>(kEndMarker.size()) - size_bytes();
}

Result<std::int64_t> Segment::append(const RecordBatchView& batch) {
  assert(!sealed_ && batch.base_offset() >= next_offset());
  assert(fits(batch.last_offset(), static_cast<std::int64_t>(batch.size())));
  const std::int64_t position = size_bytes();
  const std::array<ByteView, 2> parts = {batch.bytes(), kEndMarker};
  if (Status done = file_->pwrite(parts, static_cast<std::uint64_t>(position)); !done) {
    return done.error();
  }
  BatchHeader header;
  header.position = position;
  header.size_bytes = static_cast<std::int64_t>(batch.size());
  header.base_offset = batch.base_offset();
  header.last_offset = batch.last_offset();
  header.max_timestamp_ms = batch.max_timestamp();
  header.leader_epoch = batch.leader_epoch();
  index(header);
  take(header);
  return position;
}

void Segment::index(const BatchHeader& header) {
  if (header.max_timestamp_ms > max_timestamp()) {
    max_timestamp_offset_ = header.last_offset;
    max_timestamp_.store(header.max_timestamp_ms, std::memory_order_release);
  }
  if (bytes_since_index_entry_ > spec_.index_interval_bytes) {
    offset_index_->append({header.last_offset, header.position});
    time_index_->append(max_timestamp_entry());
    bytes_since_index_entry_ = 0;
  }
  bytes_since_index_entry_ += header.size_bytes;
}

void Segment::take(const BatchHeader& header) {
  if (header.position == 0) {
    first_timestamp_.store(header.max_timestamp_ms, std::memory_order_release);
  }
  next_offset_.store(header.last_offset + 1, std::memory_order_release);
  size_.store(header.end(), std::memory_order_release);
}

Status Segment::truncate(Offset end) {
  const auto first_cut = find_batch(end);
  if (!first_cut) {
    return first_cut.error();
  }
  if (!first_cut->has_value()) {
    return discard_tail();
  }
  const Offset cut_offset = std::min(end, (*first_cut)->base_offset);
  if (Status done = offset_index_->truncate((*first_cut)->base_offset); !done) {
    return done;
  }
  if (Status done = time_index_->truncate((*first_cut)->base_offset); !done) {
    return done;
  }
  size_.store((*first_cut)->position, std::memory_order_release);
  sealed_ = false;
  if (Status done = walk_tail(); !done) {
    return done;
  }
  next_offset_.store(cut_offset, std::memory_order_release);
  return discard_tail();
}

Status Segment::discard_tail() {
  return file_->truncate(static_cast<std::uint64_t>(size_bytes()));
}

Status Segment::seal() {
  if (sealed_) {
    return {};
  }
  if (Status done = discard_tail(); !done) {
    return done;
  }
  time_index_->append(max_timestamp_entry());
  if (Status done = offset_index_->seal(); !done) {
    return done;
  }
  if (Status done = time_index_->seal(); !done) {
    return done;
  }
  sealed_ = true;
  file_->settle();
  return {};
}

Result<Offset> Segment::sync() {
  const bool sealed = sealed_;
  const bool names_durable = names_durable_;
  const Offset covered = next_offset();
  if (Status done = file_->sync_data(); !done) {
    return done.error();
  }
  if (sealed) {
    if (Status done = offset_index_->sync(); !done) {
      return done.error();
    }
    if (Status done = time_index_->sync(); !done) {
      return done.error();
    }
  }
  if (!names_durable) {
    if (Status done = files_.sync_directory(spec_.directory); !done) {
      return done.error();
    }
    names_durable_ = true;
  }
  return covered;
}

Status Segment::change_suffix(const std::string& suffix) {
  std::array<std::string, kFileKinds.size()> old_paths;
  std::transform(kFileKinds.begin(), kFileKinds.end(), old_paths.begin(),
                 [this](std::string_view kind) { return path(kind); });
  spec_.suffix = suffix;
  for (std::size_t i = 0; i < kFileKinds.size(); ++i) {
    if (Status done = files_.rename(old_paths[i], path(kFileKinds[i])); !done) {
      return done;
    }
  }
  return {};
}

Status Segment::remove_files() {
  for (const std::string_view kind : kFileKinds) {
    Status done = files_.remove(path(kind));
    if (!done && done.error().code != ErrorCode::kNotFound) {
      return done;
    }
  }
  return {};
}

}  // namespace orloj::log
