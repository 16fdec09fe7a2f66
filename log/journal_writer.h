// The Journal: a writer thread that commits groups and a checkpoint thread that syncs segments and
// frees files.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "log/journal.h"
#include "log/journal_files.h"
#include "log/journal_format.h"

namespace orloj::log {

// Where the writer takes over: made by JournalReader and recovery.
struct JournalStart {
  std::string directory;
  JournalFiles::Found found;
  std::vector<LogFacts> facts;  // of every log that was recovered
};

class JournalWriter final : public Journal {
 public:
  // Opens the next file of the sequence and starts both threads. What was found stays in use until
  // the first checkpoint().
  static Result<std::unique_ptr<JournalWriter>> open(Env env, const LogOptions& options,
                                                     JournalStart start, FatalHandler fatal);
  ~JournalWriter() override;

  void attach(std::shared_ptr<JournaledLog> log) override;
  void detach(const LogId& id) override;
  Status append(const LogId& id, const AppendFrame& frame, ByteView batch) override;
  void truncate(const LogId& id, LeaderEpoch epoch, Offset end_offset, Done done) override;
  void log_start(const LogId& id, Offset start_offset, Done done) override;
  void note(const LogId& id, Offset end_offset, Done done) override;
  Offset replay_floor(const LogId& id) const override;
  void report_failure(const Error& error) override;
  Status checkpoint() override;
  Status stop() override;

  // Waits until every frame queued so far is durable.
  Status flush();
  // The partition is deleted, its logs are detached: checkpoints do not mention them any more.
  void forget(const PartitionId& id);
  // Counts checkpoints that are complete; frames queued before one started are never replayed after
  // it.
  std::uint64_t checkpoints_started() const;
  // The number of the latest complete one, as counted by checkpoints_started.
  std::uint64_t last_complete_checkpoint() const;
  WriteThrough mode() const { return mode_; }

 private:
  // One log as the journal keeps it, attached or not.
  struct Log {
    LogFacts facts;
    std::shared_ptr<JournaledLog> target;  // null when there is nothing to call
    bool attached = false;
    bool dirty = false;               // frames since the last checkpoint started
    bool in_checkpoint = false;       // frames that the checkpoint under way covers
    Offset durable_floor = 0;         // synced_end of the last complete checkpoint
    Offset next_offset = kNoOffset;   // base offset that the next frame must have; kNoOffset: any
    Offset truncated_to = INT64_MAX;  // lowest truncation since the checkpoint under way started
  };

  struct Entry {
    std::shared_ptr<Log> log;
    FrameType type = FrameType::kAppend;
    Offset end_offset = kNoOffset;
    std::size_t bytes = 0;  // of the encoded frame
    // Set when the payload is not in the frame: the segments are synced instead.
    std::shared_ptr<JournaledLog> synced_instead;
    Done done;
  };

  // Encoded frames, one behind the other, and what to do when they are durable.
  struct Batch {
    std::vector<std::byte> bytes;
    std::vector<Entry> entries;
    bool empty() const { return entries.empty(); }
    void clear();
  };

  JournalWriter(Env env, const LogOptions& options, JournalFiles::Spec spec, FatalHandler fatal);

  Status queue(std::unique_lock<std::mutex>& lock, const FrameHeader& header, ByteView payload,
               Entry entry);
  void queue_fact(const FrameHeader& header, Done done);
  static void apply_fact(Log& log, const FrameHeader& header);
  std::shared_ptr<Log> log_of(const LogId& id);  // under mutex_
  Status refusal() const;                        // under mutex_

  void run_writer();
  Status write_batch(Batch& batch);
  Status write_group(Batch& batch, std::size_t first, std::size_t last, std::size_t from,
                     std::size_t bytes);
  Status write_checkpoint_frame();
  Status wait_for_file(std::size_t frame_bytes_needed);
  void group_written();
  Result<Offset> sync_log(const Log& log, JournaledLog& target) const;
  std::size_t normal_room() const;
  void complete(std::span<Entry> entries);
  void tell_durable_ends(std::span<const Entry> entries);
  void announce_failure();

  void run_checkpoints();
  Status run_checkpoint();
  std::vector<std::shared_ptr<Log>> begin_checkpoint(JournalPosition& replay_from);
  std::vector<std::byte> checkpoint_payload(JournalPosition replay_from,
                                            const std::vector<std::shared_ptr<Log>>& covered,
                                            const std::vector<Offset>& synced);
  Status publish_checkpoint(std::vector<std::byte> payload);

  Env env_;
  const LogOptions options_;
  const FatalHandler fatal_;
  JournalFiles files_;
  WriteThrough mode_ = WriteThrough::kBuffered;
  AlignedBuffer group_buffer_;  // writer thread only

  mutable std::mutex mutex_;
  std::condition_variable work_;       // wakes the writer
  std::condition_variable space_;      // wakes appenders that wait for room, and stop()
  std::condition_variable callbacks_;  // wakes detach() and flush()
  std::condition_variable checkpoint_wanted_;
  std::condition_variable checkpoint_written_;
  std::unordered_map<LogId, std::shared_ptr<Log>> logs_;
  Batch pending_;
  JournalPosition writing_from_;             // frames queued from now on go here or behind
  std::vector<std::byte> checkpoint_frame_;  // to be written before anything else; empty: none
  bool checkpoint_frame_durable_ = false;
  bool checkpoint_requested_ = false;
  std::uint64_t spare_wanted_in_lap_ = 0;  // the current file is half full: make the next one
  bool frames_since_checkpoint_ = false;
  std::uint64_t frames_queued_ = 0;
  std::uint64_t frames_completed_ = 0;
  bool callbacks_running_ = false;
  bool writer_idle_ = true;
  bool draining_ = false;  // refuses frames
  bool stopping_ = false;  // threads end
  std::optional<Error> failure_;
  std::uint64_t checkpoints_started_ = 0;
  std::uint64_t last_complete_checkpoint_ = 0;

  std::mutex checkpoint_mutex_;  // one checkpoint at a time; taken before mutex_
  std::thread writer_;
  std::thread checkpointer_;
};

}  // namespace orloj::log
