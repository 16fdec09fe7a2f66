// The write side of the journal's file sequence: where the next group goes, and which file follows.
//
// Files are pre-written once with zeros and reused under a higher lap. write_group, advance and the
// accessors belong to the journal thread; release_below and prepare_spare may be called from
// another one.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "log/env/env.h"
#include "log/error.h"
#include "log/journal_format.h"

namespace orloj::log {

// A point in the sequence.
struct JournalPosition {
  std::uint64_t lap = 0;
  std::uint64_t position = 0;
  auto operator<=>(const JournalPosition&) const = default;
};

// Memory that O_DIRECT takes. Grows, never shrinks below what one group needed.
class AlignedBuffer {
 public:
  // At least `bytes` bytes; the content is lost when it grows.
  std::byte* reserve(std::size_t bytes);

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::size_t capacity_ = 0;
};

class JournalFiles {
 public:
  struct Spec {
    std::string directory;
    std::uint64_t file_bytes = 0;  // a multiple of kJournalBlockBytes
    std::size_t files_max = 0;     // at least 2
  };
  // What the reader found: the files on disk, ascending, and where the last one ends.
  struct Found {
    std::vector<std::uint64_t> laps;
    std::uint64_t last_end = 0;
    std::uint64_t replay_lap = 0;  // files of earlier laps may be used again at once
  };

  JournalFiles(Env env, Spec spec) : env_(env), spec_(std::move(spec)) {}

  // Opens the file behind the last one found; what was found stays in use until it is released.
  Status start(const Found& found);

  // Where the next group starts.
  JournalPosition next() const { return {lap_, position_}; }
  std::uint64_t salt() const { return salt_; }
  std::uint64_t room() const { return spec_.file_bytes - position_; }
  WriteThrough mode() const { return mode_; }

  // Writes whole blocks at next(), durably; `frames_bytes` of them are frames, the rest is padding.
  Status write_group(ByteView blocks, std::size_t frames_bytes);

  enum class Advance : std::uint8_t { kDone, kNoFile };
  // Goes on to the next file; kNoFile when all are in use: a checkpoint has to free one first.
  Result<Advance> advance();

  // True when the files at hand run short and a checkpoint should free some.
  bool short_of_files() const;

  // Files of earlier laps hold nothing that may be replayed.
  Status release_below(std::uint64_t lap);
  // Makes one file ahead of its use, when the limit allows it. Running out of disk space is no
  // error here.
  Status prepare_spare();

 private:
  std::string path_of(std::uint64_t lap) const;
  std::string spare_path() const;
  Status write_zeros(const std::string& path) const;
  Result<bool> acquire(const std::string& target);
  Result<bool> has_right_size(const std::string& path) const;
  Status open_lap(std::uint64_t lap, std::uint64_t previous_end);

  Env env_;
  const Spec spec_;

  // Journal thread only.
  std::unique_ptr<File> file_;
  WriteThrough mode_ = WriteThrough::kBuffered;
  AlignedBuffer header_;
  std::uint64_t lap_ = 0;
  std::uint64_t salt_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t last_frame_end_ = 0;

  mutable std::mutex mutex_;
  std::deque<std::uint64_t> in_use_;  // laps, ascending; the last is the current one
  std::vector<std::string> free_;     // paths of files to be used again
  bool spare_ready_ = false;
};

}  // namespace orloj::log
