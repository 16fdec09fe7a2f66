// One log on disk: an ordered list of segments, append at the tail, read anywhere. Data log and
// schedule log are both this.
//
// Writes (append, truncate, roll, drop_head, replace) are made by one thread at a time: the owner's
// mutex (see Partition) serialises them. Reads take an immutable snapshot of the segment list and
// never wait for a writer. A failed write seals the log (kSealed for everything that follows): its
// state is unknown and is never appended to.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "log/damaged_ranges.h"
#include "log/env/env.h"
#include "log/error.h"
#include "log/file_slice.h"
#include "log/leader_epoch_checkpoint.h"
#include "log/options.h"
#include "log/record_batch.h"
#include "log/types.h"

namespace orloj::log {

class Segment;

struct SegmentPosition {
  Offset segment_base_offset = 0;
  std::int64_t position = 0;  // byte position of the batch in that segment
};

using SegmentList = std::vector<std::shared_ptr<Segment>>;

class SegmentedLog {
 public:
  struct Spec {
    LogId id;
    std::string directory;
    TopicLogConfig config;
    std::int64_t write_back_bytes = std::int64_t{8} << 20;  // LogOptions::write_back_bytes
  };

  // `segments` are open, in order, at least one; the last is the active one. Made by recovery.h
  // only.
  SegmentedLog(Env& env, Spec spec, SegmentList segments, LeaderEpochCheckpoint epochs);

  // Appends one batch whose base offset (== end_offset()) and leader epoch are patched in already.
  // Rolls first when the active segment is full or old. kNoSpace leaves the log as it was.
  Result<SegmentPosition> append(std::span<const std::byte> batch, TimestampMs now_ms);

  // Whole batches from the one that holds `from` up to the last one wholly below `below`, at most
  // max_bytes but at least one batch. Empty when from == below. kOffsetOutOfRange outside
  // [start_offset, below]. With CrcCheck::kVerify what follows an intact batch and is not intact
  // itself is left out; kCorrupt when the first one is damaged. Blocking then.
  Result<std::vector<FileSlice>> read(Offset from, Offset below, std::int64_t max_bytes,
                                      CrcCheck check = CrcCheck::kSkip) const;

  // First record with timestamp >= t below `below`; exact (walks the records of one batch); nullopt
  // when there is none.
  Result<std::optional<TimestampedOffset>> find_by_timestamp(TimestampMs t, Offset below) const;
  // The record with the largest timestamp (the first of equals) below `below`.
  Result<std::optional<TimestampedOffset>> find_max_timestamp(Offset below) const;

  Offset start_offset() const;  // first offset that can be read; never moves back
  Offset end_offset() const;    // offset that the next batch gets
  std::int64_t size_bytes() const;
  SegmentList segments() const;  // snapshot

  // Moves start_offset; whole segments below `to` that are also below `keep_from` are renamed to
  // *.deleted and returned, to be unlinked after file.delete.delay.ms.
  Result<SegmentList> drop_head(Offset to, Offset keep_from);
  // Cuts everything at and above `end`.
  Status truncate(Offset end);
  // The compactor's swap: `old_segments` (consecutive, none active) become `cleaned`.
  Status replace(const SegmentList& old_segments, SegmentList cleaned);
  Status roll(TimestampMs now_ms);
  // Syncs every segment with unsynced bytes; returns the end offset that is covered. Any thread;
  // never under the owner's mutex. After a failure it fails for ever.
  Result<Offset> sync();
  // Truncates preallocation, writes indexes, syncs: the log of a clean stop.
  Status close();

  // Recovery: these offsets, in normal() form and stored, lie below the durable end and can't be
  // read. Reads there give kCorrupt. The log starts at them when no segment lies before.
  void set_damaged(std::vector<DamagedRange> ranges);
  bool has_damage() const;               // any range that was set and is not dropped yet
  std::int64_t damaged_offsets() const;  // how many of them can still be asked for
  // Brings the file up to date after drop_head or truncate. Blocking; one thread at a time.
  Status store_damage();

  void set_config(const TopicLogConfig& config);
  LeaderEpochCheckpoint& leader_epochs();
  const LeaderEpochCheckpoint& leader_epochs() const;
  const Spec& spec() const;

 private:
  struct State;
  std::unique_ptr<State> state_;

 public:
  ~SegmentedLog();
};

}  // namespace orloj::log
