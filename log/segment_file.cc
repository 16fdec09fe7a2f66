#include "log/segment_file.h"

#include <limits>

namespace orloj::log {
namespace {

constexpr std::int64_t kFileEnd = std::numeric_limits<std::int64_t>::max();

}  // namespace

// Whether what is known still speaks of the content; forgets it when somebody else has changed
// that.
bool SegmentFile::is_up_to_date() const {
  const auto version = file_->content_version();
  if (!version) {
    return false;
  }
  const bool ours = written_.exchange(false);
  if (intact_version_.exchange(*version) != *version && !ours) {
    intact_.forget({0, kFileEnd});
  }
  return true;
}

bool SegmentFile::is_known_intact(ByteRange range) const {
  return intact_.covers(range) && is_up_to_date() && intact_.covers(range) &&
         file_->is_cached(static_cast<std::uint64_t>(range.from),
                          static_cast<std::uint64_t>(range.to - range.from));
}

void SegmentFile::found_intact(ByteRange range, std::int64_t version) const {
  const auto now = file_->content_version();
  if (now && *now == version && is_up_to_date()) {
    intact_.add(range);
  }
}

Status SegmentFile::pwrite(std::span<const ByteView> parts, std::uint64_t offset) {
  written_ = true;  // also before: the version changes during the call
  Status done = file_->pwrite(parts, offset);
  written_ = true;
  if (done) {
    std::size_t bytes = 0;
    for (const ByteView part : parts) {
      bytes += part.size();
    }
    const auto from = static_cast<std::int64_t>(offset);
    intact_.add({from, from + static_cast<std::int64_t>(bytes)});
  }
  return done;
}

Result<std::size_t> SegmentFile::pread(MutableBytes out, std::uint64_t offset) const {
  const auto cached = file_->pread_cached(out, offset);
  if (!cached || *cached == out.size()) {
    return cached;
  }
  const auto from = static_cast<std::int64_t>(offset + *cached);
  const auto missing = static_cast<std::int64_t>(out.size() - *cached);
  intact_.forget({from, from + missing + kReadAheadMaxBytes});
  const auto rest = file_->pread(out.subspan(*cached), offset + *cached);
  if (!rest) {
    return rest;
  }
  return *cached + *rest;
}

Status SegmentFile::truncate(std::uint64_t size) {
  intact_.forget({static_cast<std::int64_t>(size), kFileEnd});
  written_ = true;
  Status done = file_->truncate(size);
  written_ = true;
  return done;
}

}  // namespace orloj::log
