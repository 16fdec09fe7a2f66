// From offsets to byte positions in one segment: Kafka's .index file. Threads and errors: see
// log/index_file.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "log/index_file.h"
#include "log/types.h"

namespace orloj::log {

struct OffsetIndexEntry {
  Offset last_offset = 0;     // of the batch at `position`
  std::int64_t position = 0;  // below 2^31
};

class OffsetIndex {
 public:
  static Result<std::unique_ptr<OffsetIndex>> create(FileSystem& files, const std::string& path,
                                                     Offset base_offset);
  static Result<std::unique_ptr<OffsetIndex>> open(FileSystem& files, const std::string& path,
                                                   Offset base_offset, IndexUse use);

  void append(const OffsetIndexEntry& entry);  // above all earlier ones
  // The last entry at or below an offset, or at or below a position; nullopt when there is none.
  Result<std::optional<OffsetIndexEntry>> find_offset(Offset at_most) const;
  Result<std::optional<OffsetIndexEntry>> find_position(std::int64_t at_most) const;
  Result<std::optional<OffsetIndexEntry>> last() const;
  // Whether the entries rise, as those of an undamaged index do.
  bool rises() const;
  // Drops the entries at and above `end`.
  Status truncate(Offset end);
  std::size_t count() const { return storage_->count(); }
  Status seal() { return storage_->seal(); }
  Status sync() { return storage_->sync(); }

 private:
  OffsetIndex(std::unique_ptr<IndexFile> storage, Offset base_offset)
      : storage_(std::move(storage)), base_offset_(base_offset) {}
  OffsetIndexEntry decode(const IndexFile::Entry& entry) const;
  Result<std::optional<OffsetIndexEntry>> decode(
      const Result<std::optional<IndexFile::Entry>>& found) const;

  std::unique_ptr<IndexFile> storage_;
  Offset base_offset_;
};

}  // namespace orloj::log
