// The data file of a segment, which remembers what of it needs no check: bytes that this process
// wrote, or found intact, while nobody else changed the file and the page cache held them. Rot
// lives on the disk, so it can come in only with a page that is read from there.
//
// A page that was dropped comes back by a read of ours: each is tried without the disk first, and
// one that has to wait forgets its range and all that the kernel may read ahead behind it. Not seen
// is what sendfile itself brings back (who sends has verified, or appended, just before), and a
// change by somebody else between two writes of ours.
//
// Any thread; writes are the owner's to order.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "log/env/env.h"
#include "log/verified_ranges.h"

namespace orloj::log {

class SegmentFile final : public File {
 public:
  // More than any kernel reads ahead of what was asked for.
  static constexpr std::int64_t kReadAheadMaxBytes = 32LL << 20;

  explicit SegmentFile(std::unique_ptr<File> file) : file_(std::move(file)) {}

  // Every byte was intact when it was last read from the disk, and is in the page cache now.
  bool is_known_intact(ByteRange range) const;
  // The range was read and found intact; `version` is content_version() from before the reading.
  // Says nothing of a file that changed meanwhile.
  void found_intact(ByteRange range, std::int64_t version) const;

  // Our writes are done for now: a change that is found later is somebody else's.
  void settle() const { static_cast<void>(is_up_to_date()); }

  using File::pwrite;
  Status pwrite(std::span<const ByteView> parts, std::uint64_t offset) override;
  Result<std::size_t> pread(MutableBytes out, std::uint64_t offset) const override;
  Result<std::size_t> pread_cached(MutableBytes out, std::uint64_t offset) const override {
    return file_->pread_cached(out, offset);
  }
  bool is_cached(std::uint64_t offset, std::uint64_t length) const override {
    return file_->is_cached(offset, length);
  }
  Result<std::uint64_t> size() const override { return file_->size(); }
  Result<std::int64_t> content_version() const override { return file_->content_version(); }
  Status truncate(std::uint64_t size) override;
  Status allocate(std::uint64_t bytes) override { return file_->allocate(bytes); }
  Status sync_data() override { return file_->sync_data(); }
  Status sync_range_start(std::uint64_t offset, std::uint64_t length) override {
    return file_->sync_range_start(offset, length);
  }
  int native_handle() const override { return file_->native_handle(); }
  const std::string& path() const override { return file_->path(); }

 private:
  static constexpr std::int64_t kNoVersion = -1;

  bool is_up_to_date() const;

  const std::unique_ptr<File> file_;
  mutable VerifiedRanges intact_;
  mutable std::atomic<std::int64_t> intact_version_{kNoVersion};  // of the content it speaks of
  mutable std::atomic<bool> written_{true};  // by us, since intact_version_ was looked at
};

}  // namespace orloj::log
