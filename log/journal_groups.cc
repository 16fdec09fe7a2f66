// The writer thread of JournalWriter: commits groups, goes from file to file, tells who waits.
#include <algorithm>
#include <cstring>
#include <utility>

#include "log/crash_point.h"
#include "log/journal_writer.h"

namespace orloj::log {
namespace {

constexpr std::size_t kGroupBytesMax = std::size_t{8}
                                       << 20;    // one write; a larger frame goes alone
constexpr std::size_t kSpareLogsInReserve = 64;  // logs that may appear while files are short

}  // namespace

void JournalWriter::run_writer() {
  Batch batch;
  for (;;) {
    bool write_checkpoint = false;
    {
      std::unique_lock lock(mutex_);
      writer_idle_ = true;
      if (pending_.empty()) {
        space_.notify_all();
      }
      work_.wait(lock, [this] {
        return !pending_.empty() || !checkpoint_frame_.empty() || stopping_ || failure_;
      });
      if (failure_) {
        lock.unlock();
        announce_failure();
        return;
      }
      if (stopping_ && pending_.empty() && checkpoint_frame_.empty()) {
        return;
      }
      writer_idle_ = false;
      std::swap(batch, pending_);
      write_checkpoint = !checkpoint_frame_.empty();
    }
    space_.notify_all();
    Status written;
    if (write_checkpoint) {
      written = write_checkpoint_frame();
    }
    if (written) {
      written = write_batch(batch);
    }
    if (!written) {
      report_failure(written.error());
      announce_failure();
      for (Entry& entry : batch.entries) {
        if (entry.done) {
          entry.done(Error{ErrorCode::kSealed, written.error().message});
        }
      }
      return;
    }
    batch.clear();
  }
}

// What frames other than a CHECKPOINT may fill: the rest of the file is kept for the two
// checkpoints that it may take to free another file.
std::size_t JournalWriter::normal_room() const {
  std::size_t logs = 0;
  {
    const std::lock_guard lock(mutex_);
    logs = logs_.size() + kSpareLogsInReserve;
  }
  const std::uint64_t checkpoint =
      round_up_to_block(frame_bytes(kCheckpointFixedBytes + logs * kCheckpointLogBytes));
  const std::uint64_t room = files_.room();
  return room > 2 * checkpoint ? room - 2 * checkpoint : 0;
}

Status JournalWriter::write_batch(Batch& batch) {
  std::size_t first = 0;
  std::size_t from = 0;
  while (first < batch.entries.size()) {
    if (const Entry& entry = batch.entries[first]; entry.synced_instead) {
      if (const auto synced = sync_log(*entry.log, *entry.synced_instead); !synced) {
        return synced.error();
      }
    }
    const std::size_t room = normal_room();
    std::size_t last = first;
    std::size_t bytes = 0;
    while (last < batch.entries.size() && bytes + batch.entries[last].bytes <= room &&
           (last == first || (bytes + batch.entries[last].bytes <= kGroupBytesMax &&
                              !batch.entries[last].synced_instead))) {
      bytes += batch.entries[last].bytes;
      ++last;
    }
    if (last == first) {
      if (const Status waited = wait_for_file(batch.entries[first].bytes); !waited) {
        return waited;
      }
      continue;
    }
    if (const Status written = write_group(batch, first, last, from, bytes); !written) {
      return written;
    }
    complete(std::span(batch.entries).subspan(first, last - first));
    first = last;
    from += bytes;
  }
  return {};
}

Status JournalWriter::write_group(Batch& batch, std::size_t first, std::size_t last,
                                  std::size_t from, std::size_t bytes) {
  const JournalPosition next = files_.next();
  const std::size_t padded = round_up_to_block(bytes);
  std::byte* group = group_buffer_.reserve(padded);
  std::memcpy(group, batch.bytes.data() + from, bytes);
  std::memset(group + bytes, 0, padded - bytes);
  std::byte* frame = group;
  for (std::size_t i = first; i < last; ++i) {
    seal_frame_header(frame, next.lap, next.position, files_.salt());
    frame += batch.entries[i].bytes;
  }
  env_.reached(crash_point::kBeforeJournalSync);
  if (const Status written = files_.write_group({group, padded}, bytes); !written) {
    return written;
  }
  env_.reached(crash_point::kAfterJournalSync);
  const std::lock_guard lock(mutex_);
  group_written();
  return {};
}

void JournalWriter::group_written() {
  writing_from_ = files_.next();
  const bool half_full =
      files_.room() < static_cast<std::uint64_t>(options_.journal_file_bytes) / 2;
  if (half_full && spare_wanted_in_lap_ < writing_from_.lap) {
    spare_wanted_in_lap_ = writing_from_.lap;
    checkpoint_wanted_.notify_one();
  }
}

// Goes on to the next file, or waits until a checkpoint has freed one. The checkpoint's own frame
// is written from here.
Status JournalWriter::wait_for_file(std::size_t frame_bytes_needed) {
  for (;;) {
    const auto advanced = files_.advance();
    if (advanced.has_error()) {
      return advanced.error();
    }
    const bool have_file = *advanced == JournalFiles::Advance::kDone;
    std::unique_lock lock(mutex_);
    if (have_file) {
      writing_from_ = files_.next();
    }
    const std::uint64_t complete_before = last_complete_checkpoint_;
    if (!have_file || files_.short_of_files()) {
      checkpoint_requested_ = true;
      checkpoint_wanted_.notify_one();
    }
    if (have_file) {
      lock.unlock();
      return frame_bytes_needed <= normal_room()
                 ? Status{}
                 : Error{ErrorCode::kTooLarge,
                         "a frame of " + std::to_string(frame_bytes_needed) +
                             " bytes does not fit into journal_file_bytes; raise it"};
    }
    work_.wait(lock, [&] {
      return !checkpoint_frame_.empty() || last_complete_checkpoint_ != complete_before || failure_;
    });
    if (failure_) {
      return *failure_;
    }
    const bool write_checkpoint = !checkpoint_frame_.empty();
    lock.unlock();
    if (write_checkpoint) {
      if (const Status written = write_checkpoint_frame(); !written) {
        return written;
      }
    }
  }
}

// Tells each log its new durable end, once, and then those who asked for one frame.
void JournalWriter::complete(std::span<Entry> entries) {
  Status outcome;
  {
    const std::lock_guard lock(mutex_);
    callbacks_running_ = true;
    if (failure_) {
      outcome = refusal();
    }
  }
  space_.notify_all();
  if (outcome) {
    tell_durable_ends(entries);
  }
  for (Entry& entry : entries) {
    if (entry.done) {
      std::exchange(entry.done, nullptr)(outcome);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    callbacks_running_ = false;
    frames_completed_ += entries.size();
  }
  callbacks_.notify_all();
}

void JournalWriter::tell_durable_ends(std::span<const Entry> entries) {
  std::vector<std::pair<std::shared_ptr<Log>, Offset>> ends;
  for (const Entry& entry : entries) {
    if (entry.type != FrameType::kAppend && !entry.synced_instead) {
      continue;
    }
    const auto same =
        std::find_if(ends.begin(), ends.end(), [&](const auto& e) { return e.first == entry.log; });
    if (same != ends.end()) {
      same->second = entry.end_offset;
    } else {
      ends.emplace_back(entry.log, entry.end_offset);
    }
  }
  for (const auto& [log, end] : ends) {
    std::shared_ptr<JournaledLog> target;
    {
      const std::lock_guard lock(mutex_);
      target = log->attached ? log->target : nullptr;
    }
    if (target) {
      target->on_durable(end);
    }
  }
}
}  // namespace orloj::log
