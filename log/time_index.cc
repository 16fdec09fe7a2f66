#include "log/time_index.h"

#include <cassert>
#include <utility>

#include "log/format.h"

namespace orloj::log {

Result<std::unique_ptr<TimeIndex>> TimeIndex::create(FileSystem& files, const std::string& path,
                                                     Offset base_offset) {
  auto storage = IndexFile::create(files, path, format::kTimeIndexEntryBytes);
  if (!storage) {
    return storage.error();
  }
  return std::unique_ptr<TimeIndex>(new TimeIndex(*std::move(storage), base_offset));
}

Result<std::unique_ptr<TimeIndex>> TimeIndex::open(FileSystem& files, const std::string& path,
                                                   Offset base_offset, IndexUse use) {
  auto storage = IndexFile::open(files, path, format::kTimeIndexEntryBytes, use);
  if (!storage) {
    return storage.error();
  }
  return std::unique_ptr<TimeIndex>(new TimeIndex(*std::move(storage), base_offset));
}

void TimeIndex::append(const TimeIndexEntry& entry) {
  const auto latest = last();  // in memory while appends go on: cannot fail
  const TimestampMs floor =
      latest.has_value() && latest->has_value() ? (*latest)->timestamp_ms : kNoTimestamp;
  if (entry.timestamp_ms <= floor) {
    return;
  }
  const Offset relative = entry.last_offset - base_offset_;
  assert(relative >= 0 && relative <= INT32_MAX);
  IndexFile::Entry bytes{};
  store_big<std::int64_t>(bytes.data(), entry.timestamp_ms);
  store_big<std::int32_t>(bytes.data() + 8, static_cast<std::int32_t>(relative));
  storage_->append(bytes);
}

Result<std::optional<TimeIndexEntry>> TimeIndex::find_timestamp(TimestampMs at_most) const {
  return decode(storage_->last_where(
      [&](const IndexFile::Entry& entry) { return decode(entry).timestamp_ms <= at_most; }));
}

Result<std::optional<TimeIndexEntry>> TimeIndex::find_below(Offset end) const {
  return decode(storage_->last_where(
      [&](const IndexFile::Entry& entry) { return decode(entry).last_offset < end; }));
}

Result<std::optional<TimeIndexEntry>> TimeIndex::last() const {
  return decode(storage_->last());
}

bool TimeIndex::rises() const {
  const auto rising = storage_->rises([&](const auto& entry, const auto& next) {
    return decode(entry).timestamp_ms < decode(next).timestamp_ms &&
           decode(entry).last_offset < decode(next).last_offset;
  });
  return rising && *rising;
}

Status TimeIndex::truncate(Offset end) {
  return storage_->truncate_where(
      [&](const IndexFile::Entry& entry) { return decode(entry).last_offset < end; });
}

TimeIndexEntry TimeIndex::decode(const IndexFile::Entry& entry) const {
  return {load_big<std::int64_t>(entry.data()),
          base_offset_ + load_big<std::int32_t>(entry.data() + 8)};
}

Result<std::optional<TimeIndexEntry>> TimeIndex::decode(
    const Result<std::optional<IndexFile::Entry>>& found) const {
  if (!found) {
    return found.error();
  }
  return found->has_value() ? std::optional(decode(**found)) : std::nullopt;
}

}  // namespace orloj::log
