// The checkpoint half of JournalWriter: sync what has frames, say so in a CHECKPOINT frame, free
// the files before it.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "log/crash_point.h"
#include "log/crc32c.h"
#include "log/journal_writer.h"

namespace orloj::log {

void JournalWriter::run_checkpoints() {
  std::uint64_t spare_made_in_lap = 0;
  std::int64_t due_ms = env_.clock().boot_ms() + options_.checkpoint_interval_ms;
  for (;;) {
    bool make_spare = false;
    {
      std::unique_lock lock(mutex_);
      const std::chrono::milliseconds left(due_ms - env_.clock().boot_ms());
      checkpoint_wanted_.wait_for(lock, left, [&] {
        return checkpoint_requested_ || spare_wanted_in_lap_ > spare_made_in_lap || stopping_ ||
               failure_;
      });
      if (stopping_ || failure_) {
        return;
      }
      make_spare = spare_wanted_in_lap_ > spare_made_in_lap;
      spare_made_in_lap = spare_wanted_in_lap_;
    }
    if (make_spare) {
      if (const Status prepared = files_.prepare_spare(); !prepared) {
        report_failure(prepared.error());
        return;
      }
    }
    const std::int64_t now_ms = env_.clock().boot_ms();
    const bool timer = now_ms >= due_ms;
    if (timer) {
      due_ms = now_ms + options_.checkpoint_interval_ms;
    }
    bool wanted = false;
    {
      const std::lock_guard lock(mutex_);
      wanted = checkpoint_requested_ || (timer && frames_since_checkpoint_);
      checkpoint_requested_ = false;
    }
    if (wanted && !checkpoint()) {
      return;
    }
  }
}

Status JournalWriter::checkpoint() {
  const std::lock_guard one_at_a_time(checkpoint_mutex_);
  Status done = run_checkpoint();
  if (!done && done.error().code != ErrorCode::kClosed) {
    report_failure(done.error());
  }
  return done;
}

std::vector<std::shared_ptr<JournalWriter::Log>> JournalWriter::begin_checkpoint(
    JournalPosition& replay_from) {
  std::vector<std::shared_ptr<Log>> covered;
  const std::lock_guard lock(mutex_);
  ++checkpoints_started_;
  frames_since_checkpoint_ = false;
  replay_from = writing_from_;
  for (auto& [id, log] : logs_) {
    if (log->dirty) {
      log->dirty = false;
      log->in_checkpoint = true;
      log->truncated_to = INT64_MAX;
      covered.push_back(log);
    }
  }
  return covered;
}

std::vector<std::byte> JournalWriter::checkpoint_payload(
    JournalPosition replay_from, const std::vector<std::shared_ptr<Log>>& covered,
    const std::vector<Offset>& synced) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < covered.size(); ++i) {
    if (synced[i] != kNoOffset) {
      covered[i]->facts.synced_end = std::min(synced[i], covered[i]->truncated_to);
    }
  }
  CheckpointPayload checkpoint{replay_from.lap, replay_from.position, {}};
  checkpoint.logs.reserve(logs_.size());
  for (const auto& [id, log] : logs_) {
    checkpoint.logs.push_back(log->facts);
  }
  std::sort(checkpoint.logs.begin(), checkpoint.logs.end(),
            [](const LogFacts& a, const LogFacts& b) { return a.log < b.log; });
  return encode_checkpoint(checkpoint);
}

Status JournalWriter::run_checkpoint() {
  JournalPosition replay_from;
  const auto covered = begin_checkpoint(replay_from);
  const std::uint64_t number = checkpoints_started();
  env_.reached(crash_point::kCheckpointBeforeSegmentsSynced);
  std::vector<Offset> synced(covered.size(), kNoOffset);
  for (std::size_t i = 0; i < covered.size(); ++i) {
    std::shared_ptr<JournaledLog> target;
    {
      const std::lock_guard lock(mutex_);
      target = covered[i]->target;
    }
    if (target) {
      const auto end = sync_log(*covered[i], *target);
      if (end.has_error()) {
        return end.error();
      }
      synced[i] = *end;
    }
  }
  env_.reached(crash_point::kCheckpointAfterSegmentsSynced);
  if (Status published = publish_checkpoint(checkpoint_payload(replay_from, covered, synced));
      !published) {
    return published;
  }
  env_.reached(crash_point::kCheckpointAfterFrame);
  if (Status released = files_.release_below(replay_from.lap); !released) {
    return released;
  }
  {
    const std::lock_guard lock(mutex_);
    for (const auto& log : covered) {
      log->in_checkpoint = false;
      log->durable_floor = std::min(log->facts.synced_end, log->truncated_to);
      if (!log->attached && !log->dirty) {
        log->target.reset();
      }
    }
    last_complete_checkpoint_ = number;
  }
  work_.notify_all();
  return {};
}

// kNoOffset when the topic was deleted and its directory is gone.
Result<Offset> JournalWriter::sync_log(const Log& log, JournaledLog& target) const {
  auto synced = target.sync_segments();
  if (synced.has_error() && synced.error().code == ErrorCode::kNotFound) {
    const std::lock_guard lock(mutex_);
    if (!log.attached) {
      return kNoOffset;
    }
  }
  return synced;
}

// Hands the frame to the writer thread and waits until it is durable.
Status JournalWriter::publish_checkpoint(std::vector<std::byte> payload) {
  FrameHeader header;
  header.type = FrameType::kCheckpoint;
  header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  header.payload_crc = crc32c(payload);
  std::vector<std::byte> frame(frame_bytes(payload.size()));
  encode_frame_header(header, frame.data());
  std::memcpy(frame.data() + kFrameHeaderBytes, payload.data(), payload.size());

  std::unique_lock lock(mutex_);
  if (stopping_ || failure_) {
    return refusal();
  }
  checkpoint_frame_ = std::move(frame);
  checkpoint_frame_durable_ = false;
  work_.notify_all();
  checkpoint_written_.wait(lock, [this] { return checkpoint_frame_durable_ || failure_; });
  return checkpoint_frame_durable_ ? Status{} : refusal();
}

Status JournalWriter::write_checkpoint_frame() {
  std::vector<std::byte> frame;
  {
    const std::lock_guard lock(mutex_);
    std::swap(frame, checkpoint_frame_);
  }
  const std::size_t padded = round_up_to_block(frame.size());
  if (padded > files_.room()) {
    const auto advanced = files_.advance();
    if (advanced.has_error()) {
      return advanced.error();
    }
    if (*advanced != JournalFiles::Advance::kDone || padded > files_.room()) {
      return Error{ErrorCode::kTooLarge,
                   "a checkpoint of " + std::to_string(frame.size()) +
                       " bytes does not fit into journal_file_bytes; raise it"};
    }
  }
  const JournalPosition next = files_.next();
  std::byte* group = group_buffer_.reserve(padded);
  std::memcpy(group, frame.data(), frame.size());
  std::memset(group + frame.size(), 0, padded - frame.size());
  seal_frame_header(group, next.lap, next.position, files_.salt());
  env_.reached(crash_point::kBeforeJournalSync);
  if (const Status written = files_.write_group({group, padded}, frame.size()); !written) {
    return written;
  }
  env_.reached(crash_point::kAfterJournalSync);
  {
    const std::lock_guard lock(mutex_);
    group_written();
    checkpoint_frame_durable_ = true;
  }
  checkpoint_written_.notify_all();
  return {};
}

Offset JournalWriter::replay_floor(const LogId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = logs_.find(id);
  if (found == logs_.end()) {
    return INT64_MAX;
  }
  const Log& log = *found->second;
  return log.dirty || log.in_checkpoint ? log.durable_floor : INT64_MAX;
}

std::uint64_t JournalWriter::checkpoints_started() const {
  const std::lock_guard lock(mutex_);
  return checkpoints_started_;
}

std::uint64_t JournalWriter::last_complete_checkpoint() const {
  const std::lock_guard lock(mutex_);
  return last_complete_checkpoint_;
}

}  // namespace orloj::log
