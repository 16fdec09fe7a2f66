#include "log/offset_index.h"

#include <cassert>
#include <utility>

#include "log/format.h"

namespace orloj::log {

Result<std::unique_ptr<OffsetIndex>> OffsetIndex::create(FileSystem& files, const std::string& path,
                                                         Offset base_offset) {
  auto storage = IndexFile::create(files, path, format::kOffsetIndexEntryBytes);
  if (!storage) {
    return storage.error();
  }
  return std::unique_ptr<OffsetIndex>(new OffsetIndex(*std::move(storage), base_offset));
}

Result<std::unique_ptr<OffsetIndex>> OffsetIndex::open(FileSystem& files, const std::string& path,
                                                       Offset base_offset, IndexUse use) {
  auto storage = IndexFile::open(files, path, format::kOffsetIndexEntryBytes, use);
  if (!storage) {
    return storage.error();
  }
  return std::unique_ptr<OffsetIndex>(new OffsetIndex(*std::move(storage), base_offset));
}

void OffsetIndex::append(const OffsetIndexEntry& entry) {
  const Offset relative = entry.last_offset - base_offset_;
  assert(relative >= 0 && relative <= INT32_MAX);
  assert(entry.position >= 0 && entry.position <= INT32_MAX);
  IndexFile::Entry bytes{};
  store_big<std::int32_t>(bytes.data(), static_cast<std::int32_t>(relative));
  store_big<std::int32_t>(bytes.data() + 4, static_cast<std::int32_t>(entry.position));
  storage_->append(bytes);
}

Result<std::optional<OffsetIndexEntry>> OffsetIndex::find_offset(Offset at_most) const {
  return decode(storage_->last_where(
      [&](const IndexFile::Entry& entry) { return decode(entry).last_offset <= at_most; }));
}

Result<std::optional<OffsetIndexEntry>> OffsetIndex::find_position(std::int64_t at_most) const {
  return decode(storage_->last_where(
      [&](const IndexFile::Entry& entry) { return decode(entry).position <= at_most; }));
}

Result<std::optional<OffsetIndexEntry>> OffsetIndex::last() const {
  return decode(storage_->last());
}

bool OffsetIndex::rises() const {
  const auto rising = storage_->rises([&](const auto& entry, const auto& next) {
    return decode(entry).last_offset < decode(next).last_offset &&
           decode(entry).position < decode(next).position;
  });
  return rising && *rising;
}

Status OffsetIndex::truncate(Offset end) {
  return storage_->truncate_where(
      [&](const IndexFile::Entry& entry) { return decode(entry).last_offset < end; });
}

OffsetIndexEntry OffsetIndex::decode(const IndexFile::Entry& entry) const {
  return {base_offset_ + load_big<std::int32_t>(entry.data()),
          load_big<std::int32_t>(entry.data() + 4)};
}

Result<std::optional<OffsetIndexEntry>> OffsetIndex::decode(
    const Result<std::optional<IndexFile::Entry>>& found) const {
  if (!found) {
    return found.error();
  }
  return found->has_value() ? std::optional(decode(**found)) : std::nullopt;
}

}  // namespace orloj::log
