// A partition: its data log, its schedule log and one producer state over both, under one mutex
// (design §3).
//
// The mutex is held for bookkeeping and the page-cache write, never across a sync, a cold read, or
// a call into another room: every callback below is invoked without it. Thread-safe unless said
// otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "log/env/env.h"
#include "log/error.h"
#include "log/journal.h"
#include "log/options.h"
#include "log/partition_offsets.h"
#include "log/segmented_log.h"
#include "log/types.h"

namespace orloj::log {

enum class AppendOrigin : std::uint8_t {
  kClient,       // all client rules apply; reserved producer ids are refused
  kCoordinator,  // internal topics
  kScheduler,    // firings: reserved producer id, no timestamp bounds
};

// The idempotence evidence of the whole client batch, whichever halves it was split into.
struct ProducerEvidence {
  ProducerId producer_id = kNoProducerId;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t sequence_count = 0;  // records in the client's batch, immediate and scheduled
};

// One client batch: plain (data only), all scheduled (schedule only) or mixed (both, log-protocol
// §6). The halves were validated by validate_batch() or built by the scheduler; they are patched in
// place: base offset, leader epoch, LogAppendTime, and in the first record key of the schedule half
// the BatchEvidence (log/batch_evidence.h).
struct AppendRequest {
  std::span<std::byte> data;
  std::span<std::byte> schedule;
  ProducerEvidence producer;
  AppendOrigin origin = AppendOrigin::kClient;
  // Size of the client's batch as it was sent, before it was split, for max.message.bytes; 0: that
  // of the data half.
  std::size_t client_batch_bytes = 0;
  // BatchFacts of the client's batch, for the timestamp bounds; kNoTimestamp: the data header is
  // asked.
  TimestampMs oldest_timestamp_ms = kNoTimestamp;
  TimestampMs newest_timestamp_ms = kNoTimestamp;
};

// Positions that must be on stable storage before an acks=all answer; kNoOffset: nothing to wait
// for in that log.
struct DurableTarget {
  Offset data_end = kNoOffset;
  Offset schedule_end = kNoOffset;
};

// Whether clients may still append: below LogOptions::disk_low_water_bytes they may not.
enum class DiskSpace : std::uint8_t { kEnough, kLow };

enum class AppendVerdict : std::uint8_t { kAppended, kDuplicate };

struct AppendResult {
  Offset base_offset = kNoOffset;  // of the data half; kNoOffset when everything was scheduled
  Offset schedule_base_offset = kNoOffset;        // of the schedule half
  TimestampMs log_append_time_ms = kNoTimestamp;  // only where message.timestamp.type=LogAppendTime
  Offset log_start_offset = 0;
  DurableTarget durable;
  // Async topics: the append has reached flush.messages (or is the retry of one that has): acks=1,
  // too, is answered only when_acknowledged().
  bool waits_for_flush = false;
  AppendVerdict verdict = AppendVerdict::kAppended;
};

struct ReadResult {
  std::vector<FileSlice> slices;  // whole v2 batches, in order
  std::int64_t size_bytes = 0;
  PartitionOffsets offsets;  // as of this read
};

struct ReadRequest {
  Offset offset = 0;
  std::int64_t max_bytes = 0;  // at least one batch is returned all the same
};

struct PartitionSpec {
  PartitionId id;
  std::string topic;      // name, for directories and messages
  std::string directory;  // <data_dir>/<topic>-<partition>; the schedule log lives in its
                          // sub-directory "schedule"
  TopicLogConfig config;
};

struct PartitionStats {
  std::int64_t data_bytes = 0;
  std::int64_t schedule_bytes = 0;
  std::int64_t appended_records_total = 0;
  std::int64_t appended_bytes_total = 0;
  std::int64_t duplicate_batches_total = 0;
  std::int64_t segments = 0;
  std::int64_t producers = 0;
  // Both generations of the producer file were damaged: appends with a reserved producer id are
  // refused (kCorrupt), and the operator must be told.
  bool producer_state_damaged = false;
  // The cleaner met a damaged batch: it leaves the log alone until the next start.
  bool compaction_halted = false;
  // Of both logs: offsets that were durable, are lost or can't be read, and answer kCorrupt.
  std::int64_t damaged_offsets = 0;
};

class Partition : public std::enable_shared_from_this<Partition> {
 public:
  using WakeId = std::uint64_t;
  using DurableCallback = std::function<void(const Status&)>;
  // Which logs and producer state recovery found. The schedule log is created on first use
  // (directory synced first).
  struct Parts {
    std::unique_ptr<SegmentedLog> data;
    std::unique_ptr<SegmentedLog> schedule;  // may be null
  };

  // Brings the producer state up to date from both logs (log-protocol §5), attaches to the journal,
  // raises the leader epoch durably after an unclean stop.
  static Result<std::shared_ptr<Partition>> open(Env& env, Journal& journal, PartitionSpec spec,
                                                 Parts parts, const LogOptions& options,
                                                 bool clean_stop);
  virtual ~Partition();

  // Judges the sequence over both halves, then appends the schedule half first, then the data half;
  // a half that an earlier try already stored is not stored again (its offsets are answered).
  // Null keys on compacted topics are validate_batch's to refuse. Errors:
  // kInvalidBatch, kOutOfOrderSequence, kInvalidProducerEpoch, kTooLarge, kInvalidTimestamp,
  // kNoSpace, kSealed, kClosed.
  Result<AppendResult> append(const AppendRequest& request);

  // An append with a schedule half makes the schedule log when there is none, and waits for the
  // disk then. On a reactor it is made first, elsewhere. Blocking; nothing to do when it is there.
  bool has_schedule_log() const;
  Status create_schedule_log();

  // Calls back once, at once or from the thread that made it durable, when the target is on stable
  // storage, or with kClosed. On async topics the data part counts as reached (see
  // when_on_stable_storage), unless flush.messages was reached behind it and the sync is due still.
  void when_acknowledged(const DurableTarget& target, DurableCallback done);
  // The same without the async exemption.
  void when_on_stable_storage(const DurableTarget& target, DurableCallback done);
  // Async topics: syncs the data log now and moves its durable end (NOTE). Blocking; not on a
  // reactor.
  Status sync_data();

  // Up to the high watermark; empty at it and, as in Kafka, up to the log end. kOffsetOutOfRange
  // outside [log start, log end].
  Result<ReadResult> read(const ReadRequest& request) const;
  // Whether what lies at `offset` was appended a short while ago (LogOptions::recent_bytes), so
  // that read() and sending what it returns need not wait for the disk.
  bool is_recent(Offset offset) const;
  // read() for everything else: brings the bytes into the page cache and verifies what was not
  // since it was last read from the disk. kCorrupt when the first batch is damaged; what lies
  // behind an intact one is left out. Blocking; not on a reactor.
  Result<ReadResult> read_from_disk(const ReadRequest& request) const;
  Result<ReadResult> read_schedule(const ReadRequest& request) const;  // the schedule log, likewise
  // One-shot: calls `wake` (any thread, no lock held) when the high watermark passes `beyond`.
  // nullopt: it already has, nothing was registered. After cancel_wake returns true `wake` will not
  // be called.
  std::optional<WakeId> wake_beyond(Offset beyond, std::function<void()> wake);
  bool cancel_wake(WakeId id);
  // Called (any thread, no lock held, possibly late and merged) whenever the schedule log's high
  // watermark has risen.
  void set_schedule_listener(std::function<void(Offset schedule_high_watermark)> listener);

  PartitionOffsets offsets() const;
  PartitionOffsets schedule_offsets() const;  // all zero while there is no schedule log
  LeaderEpoch leader_epoch() const;
  EpochEnd end_offset_for_epoch(LeaderEpoch epoch) const;
  Result<std::optional<TimestampedOffset>> find_by_timestamp(TimestampMs t) const;
  Result<std::optional<TimestampedOffset>> find_max_timestamp() const;

  // The reserved producer's last (epoch, sequence) here, for the scheduler's next firing; nullopt
  // when it never fired.
  struct ProducerPosition {
    std::int16_t producer_epoch = 0;
    std::int32_t last_sequence = -1;
  };
  std::optional<ProducerPosition> producer_position(ProducerId id) const;

  // Neither retention nor DeleteRecords moves log_start past the pin, and no data bytes at or above
  // it are unlinked (docs/decisions: the log start waits for DONE).
  void set_retention_pin(Offset from);  // kNoOffset: no pin
  // Frees schedule segments wholly below `to`; the producer file is made durable first. Blocking;
  // not on a reactor.
  Status drop_schedule_head(Offset to);
  // DeleteRecords: moves the log start, durably (LOG-START) before `done`. Blocking; not on a
  // reactor. kOffsetOutOfRange above the high watermark.
  void delete_records(Offset before, DurableCallback done);

  // Blocking where durability becomes sync: the data log is synced and journaled before it counts
  // as sync.
  void set_config(const TopicLogConfig& config);
  TopicLogConfig config() const;
  const PartitionSpec& spec() const;
  PartitionStats stats() const;

  // kLow: clients' appends are answered with kNoSpace; everything else goes on.
  void set_disk_space(DiskSpace space);

  // Background work, called by LogStore's thread. Retention by time and size, expiry of producers,
  // the producer file, unlinking of what was dropped; every retention_check_interval_ms.
  Status run_retention();
  // flush.messages and flush.ms of async topics; cheap when nothing is due, to be called about
  // every second.
  Status run_flush();
  // Called (by the thread that appends, no lock held) when flush.messages is reached, once until
  // the next sync begins: somebody waits for run_flush(). Set before the first append.
  void on_flush_due(std::function<void()> request);
  // One pass of the cleaner, where cleanup.policy holds compact and enough of the log is dirty.
  // Damage is no error: see PartitionStats::compaction_halted.
  Status run_compaction();
  // Refuses everything from now on with kClosed and releases waiters. Waits for background work
  // that has begun: no file of the partition is changed after it returns. Blocking; not on the
  // journal thread.
  void close();
  // A clean stop: syncs, writes the producer file and its .snapshot, closes the logs. Stays
  // attached to the journal, whose checkpoint and stop follow.
  Status close_clean();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  Partition();
};

}  // namespace orloj::log
