// One segment of a log: a data file of v2 batches, an offset index and a time index (names and
// layout: log/format.h).
//
// Writes (append, truncate, seal, rename) come from one thread at a time, the owner's mutex. Reads
// may come from any thread at any time and never wait for a writer's file call: they look only
// below the published size. Behind the published size the file holds a zero batch header, written
// with each append, so that stale bytes are never taken for batches. A failed append or sync leaves
// the segment as it was for readers; what the file holds behind the published size is unknown.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "log/env/env.h"
#include "log/error.h"
#include "log/file_slice.h"
#include "log/offset_index.h"
#include "log/record_batch.h"
#include "log/segment_file.h"
#include "log/segment_walk.h"
#include "log/time_index.h"
#include "log/types.h"

namespace orloj::log {

struct SegmentSpec {
  std::string directory;
  Offset base_offset = 0;
  std::int64_t index_interval_bytes = 4096;  // of data between two index entries
  std::string suffix = {};  // behind each file name; format::kCleanedSuffix for the cleaner
};

enum class SegmentUse : std::uint8_t { kAppend, kReadOnly };

// What recovery knows before it looks into a segment.
struct SegmentBounds {
  Offset durable_end = 0;    // everything below was on stable storage
  Offset below = INT64_MAX;  // where the next segment starts, when that is durable
  Offset synced_end = 0;     // everything below was synced: its batches need no check

  Offset end() const { return durable_end < below ? durable_end : below; }
};

// What recovery found behind the last good batch.
struct SegmentTail {
  std::int64_t physical_bytes = 0;  // size of the file as it was found
  std::string
      break_reason;  // why the batch behind the last good one is none; empty at the end of the file
};

// A range of whole batches to be read.
struct SegmentReadRequest {
  Offset from = 0;             // the first batch holds this offset or the next one that exists
  Offset below = 0;            // batches that reach this offset are left out
  std::int64_t max_bytes = 0;  // the first batch is returned all the same
};

class Segment {
 public:
  // Makes the three files, or empties them. Their names are durable after sync().
  static Result<std::shared_ptr<Segment>> create(FileSystem& files, const SegmentSpec& spec);

  // After a clean stop: the file ends where the last batch ends. Indexes that are absent or damaged
  // are rebuilt, header by header. kCorrupt when the file does not end with a whole batch.
  static Result<std::shared_ptr<Segment>> open(FileSystem& files, const SegmentSpec& spec,
                                               SegmentUse use);

  // After a crash: walks the batches with CRC, contiguous offsets (between batches below the
  // durable end compaction may have left holes) and non-decreasing epochs, up to the first break,
  // and rebuilds the indexes. Begins behind the last index entry below the synced end, when the
  // indexes fit the data up to there. The file is not cut: see discard_tail(). A batch below the
  // durable end that fails its checks is rot: it stays, as long as the chain of headers goes on
  // behind it. Open for appends.
  static Result<std::shared_ptr<Segment>> recover(FileSystem& files, const SegmentSpec& spec,
                                                  const SegmentBounds& bounds, SegmentTail& tail);

  Offset base_offset() const { return spec_.base_offset; }
  Offset next_offset() const { return next_offset_.load(std::memory_order_acquire); }
  std::int64_t size_bytes() const { return size_.load(std::memory_order_acquire); }
  TimestampMs max_timestamp() const { return max_timestamp_.load(std::memory_order_acquire); }
  // Max timestamp of the first batch, by which roll.ms counts; kNoTimestamp while empty.
  TimestampMs first_timestamp() const { return first_timestamp_.load(std::memory_order_acquire); }
  std::shared_ptr<const File> file() const { return file_; }

  // Relative offsets and positions are 32 bits wide: a batch that does not fit goes to the next
  // segment.
  bool fits(Offset last_offset, std::int64_t batch_bytes) const;

  // Writes one batch whose base offset and epoch are patched in; returns its byte position.
  Result<std::int64_t> append(const RecordBatchView& batch);

  // Nullopt when no batch at or behind `from` ends below `below`.
  Result<std::optional<FileSlice>> read(const SegmentReadRequest& request) const;

  // How many of the slice's bytes, from its start, are whole intact batches (CRC and structure);
  // reads them unless that is known and they did not leave the page cache since. kCorrupt or
  // kInvalidBatch when not even the first batch is intact. Blocking.
  Result<std::int64_t> verify(const FileSlice& slice) const;

  // The first batch that reaches `offset` or lies behind it; nullopt behind the last one.
  Result<std::optional<BatchHeader>> find_batch(Offset offset) const;

  // The first record with timestamp >= t among offsets below `below`; walks the records of the
  // batch, inflating when needed.
  Result<std::optional<TimestampedOffset>> find_by_timestamp(TimestampMs t, Offset below) const;
  // The record with the largest timestamp, the first of equals, among the batches wholly below
  // `below`.
  Result<std::optional<TimestampedOffset>> find_max_timestamp(Offset below) const;

  // Cuts every batch that reaches `end`; open for appends again.
  Status truncate(Offset end);
  // Cuts what lies behind the published size.
  Status discard_tail();
  // Recovery: writes the batches from `from` on again, before the sync that is to make them durable
  // (log/env/write_again.h).
  Status write_again(Offset from);
  // Cuts the tail, completes the indexes on file and gives their memory back. Still readable;
  // appends need open() again.
  Status seal();
  // Makes everything appended so far durable, and the file names. Any thread. Returns the end
  // offset that is covered.
  Result<Offset> sync();
  // Starts write-back of the bytes between two positions.
  Status start_write_back(std::int64_t from, std::int64_t to) {
    return file_->sync_range_start(static_cast<std::uint64_t>(from),
                                   static_cast<std::uint64_t>(to - from));
  }

  // Renames the three files to end with `suffix` instead of the present one
  // (format::kDeletedSuffix; "" to take its place).
  Status change_suffix(const std::string& suffix);
  // Unlinks the three files; open readers keep theirs.
  Status remove_files();

 private:
  Segment(FileSystem& files, SegmentSpec spec) : files_(files), spec_(std::move(spec)) {}

  std::string path(std::string_view kind) const;
  Status create_indexes();
  Status open_indexes(SegmentUse use);
  Result<bool> indexes_are_sane() const;
  Status rebuild_indexes(SegmentUse use);
  Status walk_tail();
  Result<std::optional<BatchHeader>> resume_from_index(Offset synced_end);
  Status take_up_to(const BatchHeader& last);
  Status recover_batches(const SegmentBounds& bounds, const BatchHeader& good, SegmentTail& tail);
  std::optional<BatchHeader> rotten_batch(std::int64_t position, const SegmentBounds& bounds,
                                          std::int64_t physical_bytes) const;
  std::string chain_fault(const RecordBatchView& batch, LeaderEpoch latest_epoch,
                          const SegmentBounds& bounds) const;
  // Offsets are 32 bits wide beside the segment's base offset: none lies at or behind this one.
  Offset offsets_end() const;
  void take(const BatchHeader& header);
  void index(const BatchHeader& header);
  HeaderWalk headers_from(std::int64_t position) const {
    return HeaderWalk(*file_, {position, size_bytes()});
  }
  Result<std::optional<BatchHeader>> walk_until(std::int64_t position, Offset offset) const;
  Result<std::int64_t> end_of_read(const BatchHeader& first,
                                   const SegmentReadRequest& request) const;
  Result<std::optional<TimestampedOffset>> find_record(const BatchHeader& header, TimestampMs t,
                                                       Offset below) const;
  TimeIndexEntry max_timestamp_entry() const {
    return {max_timestamp_.load(std::memory_order_relaxed), max_timestamp_offset_};
  }

  FileSystem& files_;
  SegmentSpec spec_;  // the suffix changes; writer only
  std::shared_ptr<SegmentFile> file_;
  std::unique_ptr<OffsetIndex> offset_index_;
  std::unique_ptr<TimeIndex> time_index_;
  std::atomic<std::int64_t> size_{0};
  std::atomic<Offset> next_offset_{0};
  std::atomic<TimestampMs> max_timestamp_{kNoTimestamp};
  std::atomic<TimestampMs> first_timestamp_{kNoTimestamp};
  Offset max_timestamp_offset_ = 0;           // writer only: last offset of the batch that holds it
  std::int64_t bytes_since_index_entry_ = 0;  // writer only
  std::atomic<bool> sealed_{false};
  std::atomic<bool> names_durable_{false};
};

}  // namespace orloj::log
