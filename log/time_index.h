// From timestamps to offsets in one segment: Kafka's .timeindex file. Threads and errors: see
// log/index_file.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "log/index_file.h"
#include "log/types.h"

namespace orloj::log {

struct TimeIndexEntry {
  TimestampMs timestamp_ms = kNoTimestamp;  // no batch up to the one of last_offset has a later one
  Offset last_offset = 0;                   // of the first batch with this timestamp
};

class TimeIndex {
 public:
  static Result<std::unique_ptr<TimeIndex>> create(FileSystem& files, const std::string& path,
                                                   Offset base_offset);
  static Result<std::unique_ptr<TimeIndex>> open(FileSystem& files, const std::string& path,
                                                 Offset base_offset, IndexUse use);

  // Ignored unless its timestamp is later than all before it.
  void append(const TimeIndexEntry& entry);
  // The last entry at or before a timestamp, or below an offset; nullopt when there is none.
  Result<std::optional<TimeIndexEntry>> find_timestamp(TimestampMs at_most) const;
  Result<std::optional<TimeIndexEntry>> find_below(Offset end) const;
  Result<std::optional<TimeIndexEntry>> last() const;
  // Whether the entries rise, as those of an undamaged index do.
  bool rises() const;
  // Drops the entries at and above `end`.
  Status truncate(Offset end);
  std::size_t count() const { return storage_->count(); }
  Status seal() { return storage_->seal(); }
  Status sync() { return storage_->sync(); }

 private:
  TimeIndex(std::unique_ptr<IndexFile> storage, Offset base_offset)
      : storage_(std::move(storage)), base_offset_(base_offset) {}
  TimeIndexEntry decode(const IndexFile::Entry& entry) const;
  Result<std::optional<TimeIndexEntry>> decode(
      const Result<std::optional<IndexFile::Entry>>& found) const;

  std::unique_ptr<IndexFile> storage_;
  Offset base_offset_;
};

}  // namespace orloj::log
