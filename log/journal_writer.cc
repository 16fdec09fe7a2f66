// Queueing of frames, start and stop; the writer thread is in journal_groups.cc, checkpoints are in
// journal_checkpoint.cc.
#include "log/journal_writer.h"

#include <algorithm>
#include <utility>

#include "log/crc32c.h"

namespace orloj::log {
namespace {

constexpr std::size_t kBatchBytesKept = std::size_t{8} << 20;  // memory kept between groups
constexpr std::size_t kFilesMin = 2;
constexpr std::int64_t kFileBytesMin = std::int64_t{64} << 10;

Error not_attached() {
  return {ErrorCode::kClosed, "the log is not attached to the journal"};
}

}  // namespace

void JournalWriter::Batch::clear() {
  bytes.clear();
  entries.clear();
  if (bytes.capacity() > kBatchBytesKept) {
    bytes.shrink_to_fit();
  }
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

void JournalWriter::forget(const PartitionId& id) {
  const std::lock_guard lock(mutex_);
  for (const LogKind kind : {LogKind::kData, LogKind::kSchedule}) {
    logs_.erase({id.topic_id, id.partition, kind});
  }
}

Status JournalWriter::refusal() const {
  if (failure_) {
    return Error{ErrorCode::kSealed, "the journal failed earlier: " + failure_->message};
  }
  return Error{ErrorCode::kClosed, "the journal is closed"};
}

// Copies one frame behind the others; waits while journal_pending_max_bytes are queued, but never
// while callbacks run: they may want the very mutex that the caller holds. A log that is not
// attached gets no frame: behind the checkpoint that lets the tombstone of its topic go, the next
// start would know nothing of it.
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
  if (!entry.log->attached) {  // anew: it may have been detached, and even forgotten, meanwhile
    return not_attached();
  }
  const std::size_t at = pending_.bytes.size();
  pending_.bytes.resize(at + kFrameHeaderBytes);
  encode_frame_header(header, pending_.bytes.data() + at);
  // Not resized and then written over: zeroing a payload costs half as much as copying it.
  pending_.bytes.insert(pending_.bytes.end(), payload.begin(), payload.end());
  pending_.bytes.resize(at + entry.bytes);
  entry.log->dirty = true;
  frames_since_checkpoint_ = true;
  pending_.entries.push_back(std::move(entry));
  ++frames_queued_;
  work_.notify_one();  // costs next to nothing when the writer does not wait
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
    return not_attached();
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
                               .synced_instead = too_large_to_copy ? log->target : nullptr,
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
    const auto found = logs_.find(header.log);
    if (found == logs_.end()) {
      queued = not_attached();
    } else {
      const auto log = found->second;
      queued = queue(lock, header, {},
                     {.log = log,
                      .type = header.type,
                      .end_offset = header.end_offset,
                      .synced_instead = nullptr,
                      .done = done});
      if (queued) {
        apply_fact(*log, header);
      }
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
