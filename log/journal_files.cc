#include "log/journal_files.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "log/crash_point.h"

namespace orloj::log {
namespace {

constexpr std::size_t kZeroChunkBytes = std::size_t{1} << 20;
constexpr std::string_view kSpareName = "spare.journal";
constexpr std::string_view kHalfMadeName = "half-made.journal";
constexpr std::string_view kHalfMadeSpareName = "half-made-spare.journal";

}  // namespace

std::byte* AlignedBuffer::reserve(std::size_t bytes) {
  if (bytes > capacity_) {
    const std::size_t capacity = round_up_to_block(bytes);
    memory_.reset(static_cast<std::byte*>(std::aligned_alloc(kDirectAlignment, capacity)));
    if (!memory_) {
      throw std::bad_alloc();
    }
    capacity_ = capacity;
  }
  return memory_.get();
}

std::string JournalFiles::path_of(std::uint64_t lap) const {
  return join_path(spec_.directory, journal_file_name(lap));
}

std::string JournalFiles::spare_path() const {
  return join_path(spec_.directory, kSpareName);
}

Status JournalFiles::start(const Found& found) {
  FileSystem& files = env_.files();
  for (const std::string_view leftover : {kSpareName, kHalfMadeName, kHalfMadeSpareName}) {
    const Status removed = files.remove(join_path(spec_.directory, leftover));
    if (removed.has_error() && removed.error().code != ErrorCode::kNotFound) {
      return removed;
    }
  }
  for (const std::uint64_t lap : found.laps) {
    if (lap < found.replay_lap) {
      free_.push_back(path_of(lap));
    } else {
      in_use_.push_back(lap);
    }
  }
  const std::uint64_t last = found.laps.empty() ? 0 : found.laps.back();
  const auto acquired = acquire(path_of(last + 1));
  if (acquired.has_error()) {
    return acquired.error();
  }
  return open_lap(last + 1, found.last_end);
}

Status JournalFiles::write_zeros(const std::string& path) const {
  auto opened = env_.files().open(path, OpenMode::kReadWriteCreate);
  if (opened.has_error()) {
    return opened.error();
  }
  File& file = **opened;
  const std::vector<std::byte> zeros(kZeroChunkBytes);
  for (std::uint64_t at = 0; at < spec_.file_bytes; at += kZeroChunkBytes) {
    const std::size_t bytes = std::min<std::uint64_t>(kZeroChunkBytes, spec_.file_bytes - at);
    if (const Status written = file.pwrite(ByteView(zeros).first(bytes), at); !written) {
      return written;
    }
  }
  return file.sync_data();
}

Result<bool> JournalFiles::has_right_size(const std::string& path) const {
  auto opened = env_.files().open(path, OpenMode::kRead);
  if (opened.has_error()) {
    return opened.error();
  }
  const auto size = (*opened)->size();
  if (size.has_error()) {
    return size.error();
  }
  return *size == spec_.file_bytes;
}

// Puts a pre-written file at `target`: a released one, the spare, or a new one. The current file
// does not count as one that may be had, and at start one file more than the limit is made: what
// was found must stay until recovery is done.
Result<bool> JournalFiles::acquire(const std::string& target) {
  FileSystem& files = env_.files();
  std::string source;
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      source = free_.front();
      free_.erase(free_.begin());
    } else if (spare_ready_) {
      source = spare_path();
      spare_ready_ = false;
    } else if (file_ && in_use_.size() >= spec_.files_max) {
      return false;
    }
  }
  if (!source.empty()) {
    const auto fits = has_right_size(source);
    if (fits.has_error()) {
      return fits.error();
    }
    if (!*fits) {
      if (const Status removed = files.remove(source); !removed) {
        return removed.error();
      }
      source.clear();
    }
  }
  if (source.empty()) {
    source = join_path(spec_.directory, kHalfMadeName);
    if (const Status made = write_zeros(source); !made) {
      return made.error();
    }
  }
  if (const Status renamed = files.rename(source, target); !renamed) {
    return renamed.error();
  }
  if (const Status synced = files.sync_directory(spec_.directory); !synced) {
    return synced.error();
  }
  return true;
}

Status JournalFiles::open_lap(std::uint64_t lap, std::uint64_t previous_end) {
  env_.reached(crash_point::kJournalFileRenamed);
  auto opened = env_.files().open_write_through(path_of(lap));
  if (opened.has_error()) {
    return opened.error();
  }
  const std::uint64_t salt = env_.random().next_u64();
  const auto block = encode_file_header({lap, salt, previous_end});
  std::byte* aligned = header_.reserve(block.size());
  std::memcpy(aligned, block.data(), block.size());
  if (const Status written = opened->file->pwrite(ByteView(aligned, block.size()), 0); !written) {
    return written;
  }
  file_ = std::move(opened->file);
  mode_ = opened->mode;
  lap_ = lap;
  salt_ = salt;
  position_ = kJournalBlockBytes;
  last_frame_end_ = kJournalBlockBytes;
  const std::lock_guard lock(mutex_);
  in_use_.push_back(lap);
  return {};
}

Status JournalFiles::write_group(ByteView blocks, std::size_t frames_bytes) {
  if (const Status written = file_->pwrite(blocks, position_); !written) {
    return written;
  }
  last_frame_end_ = position_ + frames_bytes;
  position_ += blocks.size();
  return {};
}

Result<JournalFiles::Advance> JournalFiles::advance() {
  const auto acquired = acquire(path_of(lap_ + 1));
  if (acquired.has_error()) {
    const std::lock_guard lock(mutex_);
    if (acquired.error().code == ErrorCode::kNoSpace && in_use_.size() > 1) {
      return Advance::kNoFile;
    }
    return acquired.error();
  }
  if (!*acquired) {
    return Advance::kNoFile;
  }
  if (const Status opened = open_lap(lap_ + 1, last_frame_end_); !opened) {
    return opened.error();
  }
  return Advance::kDone;
}

bool JournalFiles::short_of_files() const {
  const std::lock_guard lock(mutex_);
  return free_.empty() && in_use_.size() + 1 >= spec_.files_max && in_use_.size() > 1;
}

Status JournalFiles::release_below(std::uint64_t lap) {
  std::vector<std::string> surplus;
  {
    const std::lock_guard lock(mutex_);
    while (in_use_.size() > 1 && in_use_.front() < lap) {
      const std::size_t at_hand = in_use_.size() + free_.size() + (spare_ready_ ? 1 : 0);
      (at_hand > spec_.files_max ? surplus : free_).push_back(path_of(in_use_.front()));
      in_use_.pop_front();
    }
  }
  for (const std::string& path : surplus) {
    if (const Status removed = env_.files().remove(path); !removed) {
      return removed;
    }
  }
  return {};
}

Status JournalFiles::prepare_spare() {
  {
    const std::lock_guard lock(mutex_);
    if (spare_ready_ || !free_.empty() || in_use_.size() >= spec_.files_max) {
      return {};
    }
  }
  const std::string half_made = join_path(spec_.directory, kHalfMadeSpareName);
  Status made = write_zeros(half_made);
  if (made) {
    made = env_.files().rename(half_made, spare_path());
  }
  if (!made) {
    if (made.error().code != ErrorCode::kNoSpace) {
      return made;
    }
    return env_.files().remove(half_made);
  }
  const std::lock_guard lock(mutex_);
  spare_ready_ = true;
  return {};
}

}  // namespace orloj::log
