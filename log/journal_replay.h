// Puts what the journal holds back into segment files, and gathers what it says about each log.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "log/env/env.h"
#include "log/error.h"
#include "log/journal_format.h"
#include "log/types.h"

namespace orloj::log {

class JournalReplay {
 public:
  // Where a log lies; nullopt for a log of a deleted topic, whose frames are passed over; an error
  // stops the replay.
  using Locate = std::function<Result<std::optional<std::string>>(const LogId&)>;

  struct LogState {
    Offset log_start = 0;
    Offset synced_end = 0;   // as the last checkpoint says
    Offset durable_end = 0;  // with the frames behind it
  };

  JournalReplay(Env env, const CheckpointPayload& checkpoint, Locate locate);

  // Frames in the order of the journal.
  Status apply(const DecodedFrame& frame);
  // Syncs every file that was written.
  Status finish();

  // What is known of a log; zeros when the journal never heard of it.
  LogState state_of(const LogId& id) const;
  std::int64_t frames_applied() const { return frames_applied_; }

 private:
  Result<File*> segment_file(const std::string& directory, Offset base_offset);
  Status write_back(const std::string& directory, const DecodedFrame& frame);
  Status truncate(const std::string& directory, const FrameHeader& header);
  Status truncate_segment(const std::string& path, const FrameHeader& header);
  Status close_files();

  Env env_;
  Locate locate_;
  std::unordered_map<LogId, LogState> logs_;
  std::unordered_map<std::string, std::unique_ptr<File>> open_files_;  // written, not synced yet
  std::set<std::string> directories_;                                  // with new names, perhaps
  std::int64_t frames_applied_ = 0;
};

}  // namespace orloj::log
