// The read side of the journal: finds the last checkpoint, tells a torn tail from rot, replays
// frames in order.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "log/env/env.h"
#include "log/error.h"
#include "log/journal_files.h"
#include "log/journal_format.h"

namespace orloj::log {

// A journal that no writer has open.
class JournalReader {
 public:
  // Reads what is there, writes what may have met a failed write again, and syncs the last file:
  // what was read from the page cache must not vanish later. kCorrupt when a file that is needed is
  // missing or damaged before its end: valid data behind the damage proves that it was not torn by
  // a crash. kUnsupportedFormat when a newer version wrote it.
  static Result<JournalReader> open(Env env, std::string directory);

  // No file was found, or the first start never came to its first checkpoint.
  bool is_fresh() const { return fresh_; }
  const CheckpointPayload& checkpoint() const { return checkpoint_; }
  const JournalFiles::Found& found() const { return found_; }

  // Calls for every frame at or behind the replay position, in the order in which they were
  // written.
  using Visitor = std::function<Status(const DecodedFrame&)>;
  Status replay(const Visitor& visit) const;

 private:
  JournalReader(Env env, std::string directory) : env_(env), directory_(std::move(directory)) {}

  struct FileScan {
    std::uint64_t lap = 0;
    bool unused = false;  // renamed into the sequence, but its header was not written yet
    JournalFileHeader header;
    std::uint64_t end = 0;              // of the last frame of the unbroken chain
    std::uint64_t last_group = 0;       // where the group of that frame starts
    bool valid_behind_break = false;    // a later group lies behind it: rot
    std::vector<std::byte> checkpoint;  // payload of the last CHECKPOINT; empty: none
  };

  Result<std::vector<std::byte>> read_file(std::uint64_t lap) const;
  Result<FileScan> scan(std::uint64_t lap) const;
  Status find_checkpoint(std::vector<std::uint64_t> laps);
  Status verify(const std::vector<FileScan>& newest_first) const;
  Status sync_last() const;
  Error damage(std::uint64_t lap, std::uint64_t position, const std::string& what) const;

  Env env_;
  std::string directory_;
  bool fresh_ = true;
  CheckpointPayload checkpoint_;
  JournalFiles::Found found_;
  std::uint64_t last_group_ = 0;  // in the last file found
};

}  // namespace orloj::log
