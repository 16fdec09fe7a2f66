// Queueing, committing and completing of frames; checkpoints are in journal_checkpoint.cc.
#include "log/journal_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "log/crc32c.h"

namespace orloj::log {
namespace {

constexpr std::size_t kGroupBytesMax = std::size_t{8}
                                       << 20;  // one write; a larger frame goes alone
constexpr std::size_t kFilesMin = 2;
constexpr std::int64_t kFileBytesMin = std::int64_t{64} << 10;
constexpr std::size_t kSpareLogsInReserve = 64;  // logs that may appear while files are short

}  // namespace

void JournalWriter::Batch::clear() {
  bytes.clear();
  entries.clear();
}

JournalWriter::JournalWriter(Env env, const LogOptions& options, JournalFiles::Spec spec,
                             FatalHandler fatal)
    : env_(env), options_(options), fatal_(std::move(fatal)), files_(env, std::move(spec)) {
}

Result<std::unique_ptr<JournalWriter>> JournalWriter::open(Env env, const LogOptions& options,
                                                           JournalStart start, FatalHandler fatal) {
  LogOptions limits = options;
  limits.journal_file_bytes = static_cast<std::int64_t>(round_up_to_block(
      static_cast<std::uint64_t>(std::max(kFileBytesMin, options.journal_file_bytes))));
  const JournalFiles::Spec spec{
      start.directory, static_cast<std::uint64_t>(limits.journal_file_bytes),
      std::max(kFilesMin, static_cast<std::size_t>(options.journal_files_max))};
  std::unique_ptr<JournalWriter> journal(new JournalWriter(env, limits, spec, std::move(fatal)));
  if (const Status started = journal->files_.start(start.found); !started) {
    return started.error();
  }
  journal->mode_ = journal->files_.mode();
  journal->writing_from_ = journal->files_.next();
  for (const LogFacts& facts : start.facts) {
    const auto log = journal->log_of(facts.log);
    log->facts = facts;
    log->durable_floor = facts.synced_end;
  }
  journal->writer_ = std::thread([raw = journal.get()] { raw->run_writer(); });
  journal->checkpointer_ = std::thread([raw = journal.get()] { raw->run_checkpoints(); });
  return journal;
}

JournalWriter::~JournalWriter() {
  (void)stop();
}

std::shared_ptr<JournalWriter::Log> JournalWriter::log_of(const LogId& id) {
  auto& log = logs_[id];
  if (!log) {
    log = std::make_shared<Log>();
    log->facts.log = id;
  }
  return log;
}

void JournalWriter::attach(std::shared_ptr<JournaledLog> target) {
  const std::lock_guard lock(mutex_);
  const auto log = log_of(target->log_id());
  log->target = std::move(target);
  log->attached = true;
  log->next_offset = kNoOffset;
}

void JournalWriter::detach(const LogId& id) {
  std::unique_lock lock(mutex_);
  const auto found = logs_.find(id);
  if (found == logs_.end()) {
    return;
  }
  const auto log = found->second;
  log->attached = false;
  if (!log->dirty && !log->in_checkpoint) {
    log->target.reset();
  }
  if (std::this_thread::get_id() != writer_.get_id()) {
    callbacks_.wait(lock, [this] { return !callbacks_running_; });
  }
}

void JournalWriter::forget_topic(const TopicId& id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(logs_, [&](const auto& entry) { return entry.first.topic_id == id; });
}

Status JournalWriter::refusal() const {
  if (failure_) {
    return Error{ErrorCode::kSealed, "the journal failed earlier: " + failure_->message};
  }
  return Error{ErrorCode::kClosed, "the journal is closed"};
}

// Copies one frame behind the others; waits while journal_pending_max_bytes are queued, but never
// while callbacks run: they may want the very mutex that the caller holds.
Status JournalWriter::queue(std::unique_lock<std::mutex>& lock, const FrameHeader& header,
                            ByteView payload, Entry entry) {
  const auto pending_max = static_cast<std::size_t>(options_.journal_pending_max_bytes);
  entry.bytes = frame_bytes(payload.size());
  space_.wait(lock, [&] {
    return pending_.empty() || pending_.bytes.size() + entry.bytes <= pending_max ||
           callbacks_running_ || failure_ || draining_;
  });
  if (failure_ || draining_) {
    return refusal();
  }
  const std::size_t at = pending_.bytes.size();
  pending_.bytes.resize(at + entry.bytes);
  encode_frame_header(header, pending_.bytes.data() + at);
  if (!payload.empty()) {
    std::memcpy(pending_.bytes.data() + at + kFrameHeaderBytes, payload.data(), payload.size());
  }
  entry.log->dirty = true;
  frames_since_checkpoint_ = true;
  pending_.entries.push_back(std::move(entry));
  ++frames_queued_;
  if (writer_idle_) {
    work_.notify_one();
  }
  return {};
}

Status JournalWriter::append(const LogId& id, const AppendFrame& frame, ByteView batch) {
  FrameHeader header;
  header.type = FrameType::kAppend;
  header.log = id;
  header.leader_epoch = frame.leader_epoch;
  header.base_offset = frame.base_offset;
  header.end_offset = frame.end_offset;
  header.segment_base_offset = frame.segment_base_offset;
  header.position = frame.position;
  const auto file_bytes = static_cast<std::size_t>(options_.journal_file_bytes);
  const bool too_large_to_copy = frame_bytes(batch.size()) > file_bytes / 2;
  if (too_large_to_copy) {
    header.type = FrameType::kNote;
    batch = {};
  }
  header.payload_bytes = static_cast<std::uint32_t>(batch.size());
  header.payload_crc = crc32c(batch);

  std::unique_lock lock(mutex_);
  const auto found = logs_.find(id);
  if (found == logs_.end() || !found->second->attached) {
    return Error{ErrorCode::kClosed, "the log is not attached to the journal"};
  }
  const auto log = found->second;
  if (log->next_offset != kNoOffset && log->next_offset != frame.base_offset) {
    return Error{ErrorCode::kSealed, "a frame for offset " + std::to_string(frame.base_offset) +
                                         " came to the journal where offset " +
                                         std::to_string(log->next_offset) +
                                         " was due; restart the broker"};
  }
  const Status queued = queue(lock, header, batch,
                              {.log = log,
                               .type = header.type,
                               .end_offset = frame.end_offset,
                               .sync_segments = too_large_to_copy,
                               .done = nullptr});
  if (queued) {
    log->next_offset = frame.end_offset;
  }
  return queued;
}

void JournalWriter::apply_fact(Log& log, const FrameHeader& header) {
  LogFacts& facts = log.facts;
  switch (header.type) {
    case FrameType::kTruncate:
      facts.synced_end = std::min(facts.synced_end, header.end_offset);
      log.durable_floor = std::min(log.durable_floor, header.end_offset);
      log.truncated_to = std::min(log.truncated_to, header.end_offset);
      log.next_offset = header.end_offset;
      break;
    case FrameType::kLogStart:
      facts.log_start = std::max(facts.log_start, header.base_offset);
      break;
    case FrameType::kNote:
      facts.synced_end = std::max(facts.synced_end, header.end_offset);
      log.next_offset = kNoOffset;
      break;
    case FrameType::kAppend:
    case FrameType::kCheckpoint:
      break;
  }
}

void JournalWriter::queue_fact(const FrameHeader& header, Done done) {
  Status queued;
  {
    std::unique_lock lock(mutex_);
    const auto log = log_of(header.log);
    queued =
        queue(lock, header, {},
              {.log = log, .type = header.type, .end_offset = header.end_offset, .done = done});
    if (queued) {
      apply_fact(*log, header);
    }
  }
  if (!queued) {
    done(queued);
  }
}

void JournalWriter::truncate(const LogId& id, LeaderEpoch epoch, Offset end_offset, Done done) {
  FrameHeader header;
  header.type = FrameType::kTruncate;
  header.log = id;
  header.leader_epoch = epoch;
  header.end_offset = end_offset;
  queue_fact(header, std::move(done));
}

void JournalWriter::log_start(const LogId& id, Offset start_offset, Done done) {
  FrameHeader header;
  header.type = FrameType::kLogStart;
  header.log = id;
  header.base_offset = start_offset;
  queue_fact(header, std::move(done));
}

void JournalWriter::note(const LogId& id, Offset end_offset, Done done) {
  FrameHeader header;
  header.type = FrameType::kNote;
  header.log = id;
  header.end_offset = end_offset;
  queue_fact(header, std::move(done));
}

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
    if (batch.entries[first].sync_segments) {
      if (const auto synced = batch.entries[first].log->target->sync_segments(); !synced) {
        return synced.error();
      }
    }
    const std::size_t room = normal_room();
    std::size_t last = first;
    std::size_t bytes = 0;
    while (last < batch.entries.size() && bytes + batch.entries[last].bytes <= room &&
           (last == first || (bytes + batch.entries[last].bytes <= kGroupBytesMax &&
                              !batch.entries[last].sync_segments))) {
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
    if (entry.type != FrameType::kAppend && !entry.sync_segments) {
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

void JournalWriter::report_failure(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (failure_) {
      return;
    }
    failure_ = error;
  }
  for (std::condition_variable* const waiting :
       {&work_, &space_, &callbacks_, &checkpoint_wanted_, &checkpoint_written_}) {
    waiting->notify_all();
  }
}

// The last act of the writer thread when anything has failed.
void JournalWriter::announce_failure() {
  Batch abandoned;
  Error failure;
  {
    const std::lock_guard lock(mutex_);
    failure = *failure_;
    std::swap(abandoned, pending_);
    writer_idle_ = true;
  }
  space_.notify_all();
  fatal_(failure);
  for (Entry& entry : abandoned.entries) {
    if (entry.done) {
      entry.done(Error{ErrorCode::kSealed, failure.message});
    }
  }
}

Status JournalWriter::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t wanted = frames_queued_;
  callbacks_.wait(lock, [&] { return frames_completed_ >= wanted || failure_; });
  return failure_ ? refusal() : Status{};
}

Status JournalWriter::stop() {
  {
    std::unique_lock lock(mutex_);
    draining_ = true;
    space_.notify_all();
    space_.wait(lock, [this] { return failure_ || (pending_.empty() && writer_idle_); });
    stopping_ = true;
  }
  checkpoint_wanted_.notify_all();
  if (checkpointer_.joinable()) {
    checkpointer_.join();
  }
  work_.notify_all();
  if (writer_.joinable()) {
    writer_.join();
  }
  const std::lock_guard lock(mutex_);
  return failure_ ? Status(*failure_) : Status{};
}

}  // namespace orloj::log
