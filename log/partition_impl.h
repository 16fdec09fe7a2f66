// The inside of a partition, shared by partition*.cc and nobody else.
//
// Locks, in the order they are taken; the first four may be held across syncs, and never by an
// append that finds its logs:
//   compaction_mutex  one run of the cleaner.
//   trim_mutex        log starts, unlinking, swaps of the cleaner, the producer file.
//   durability_mutex  syncs of the data log on async topics, changes of the config.
//   creation_mutex    creation of the schedule log.
//   mutex             the partition's: appends, producer state, writes to the segment lists. Never
//   held across a sync; an
//                     append may hold it while it waits for room in the journal.
//   waiters' own      leaf; the only one that the journal thread takes.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "log/bytes.h"
#include "log/compaction.h"
#include "log/partition.h"
#include "log/partition_waiters.h"
#include "log/producer_state.h"
#include "log/producer_state_file.h"
#include "log/record_batch.h"
#include "log/segment.h"

namespace orloj::log {

// One of the two logs as the journal sees it. The journal may keep it a little longer than the
// partition lives.
class AttachedLog final : public JournaledLog {
 public:
  AttachedLog(std::unique_ptr<SegmentedLog> log, std::shared_ptr<PartitionWaiters> waiters)
      : log_(std::move(log)), waiters_(std::move(waiters)) {}

  const LogId& log_id() const override { return log_->spec().id; }
  void on_durable(Offset end_offset) override {
    waiters_->durable(log_id().kind, end_offset).run();
  }
  Result<Offset> sync_segments() override { return log_->sync(); }

  SegmentedLog& log() { return *log_; }
  const SegmentedLog& log() const { return *log_; }

 private:
  std::unique_ptr<SegmentedLog> log_;
  std::shared_ptr<PartitionWaiters> waiters_;
};

// Lets a thread wait for a callback of the journal.
class StatusWait {
 public:
  std::function<void(const Status&)> callback() const {
    return [promise = promise_](const Status& status) { promise->set_value(status); };
  }
  Status wait() { return promise_->get_future().get(); }

 private:
  std::shared_ptr<std::promise<Status>> promise_ = std::make_shared<std::promise<Status>>();
};

struct Partition::Impl {
  Impl(const Env& environment, Journal& shared_journal, PartitionSpec partition_spec,
       const LogOptions& log_options);

  std::string describe() const { return spec.topic + "-" + std::to_string(spec.id.partition); }
  Error closed_error() const {
    return {ErrorCode::kClosed, describe() + " is closing or was deleted"};
  }
  // Looked at under the mutex of the work that is about to begin.
  bool is_closed() const { return closed.load(std::memory_order_acquire); }
  // Null while there is no schedule log.
  AttachedLog* attached(LogKind kind) const {
    return kind == LogKind::kData ? data.get() : schedule_view.load(std::memory_order_acquire);
  }

  // partition.cc
  Status open(Parts parts, bool clean_stop);
  Status raise_leader_epoch(Parts& parts, bool clean_stop);
  Status ensure_schedule_log();
  void refuse_everything();

  // partition_append.cc
  struct Halves;
  struct Pending {  // a batch between judgement and answer
    ProducerJudgement::Kind kind = ProducerJudgement::Kind::kNew;
    ProducerBatch batch;
    TimestampMs now_ms = kNoTimestamp;
  };
  Result<AppendResult> append(const AppendRequest& request, Released& released);
  Result<AppendResult> append_locked(const AppendRequest& request, Halves& halves,
                                     Released& released);
  Status check_accepting(const AppendRequest& request) const;
  Status check_rules(const AppendRequest& request, const Halves& halves, TimestampMs now_ms) const;
  Status check_timestamps(const AppendRequest& request, const RecordBatchView& batch,
                          TimestampMs now_ms) const;
  Result<Pending> judge(const AppendRequest& request, const Halves& halves,
                        TimestampMs now_ms) const;
  AppendResult answer(const Pending& pending) const;
  Status append_schedule_half(const AppendRequest& request, Halves& halves, Pending& pending,
                              Released& released);
  Status append_data_half(const AppendRequest& request, Halves& halves, Pending& pending,
                          Released& released);
  Result<Offset> write_batch(AttachedLog& target, MutableBytes batch, TimestampMs now_ms,
                             Released& released);
  void seal(const Error& cause);  // under mutex; ends the process, too
  void note_recent(std::size_t bytes);
  void count_unsynced(std::int64_t records, Released& released);

  // partition_read.cc
  Result<ReadResult> read(LogKind kind, const ReadRequest& request, CrcCheck check) const;

  // partition_replay.cc
  struct ReplayRange {  // where to start
    Offset data = 0;
    Offset schedule = 0;
  };
  Status restore_producers();
  Status replay_producers(const ReplayRange& from);
  ProducerFacts producer_facts() const;  // under mutex, or while opening

  // partition_durability.cc; under durability_mutex
  Status sync_data();
  Status journal_from_now_on(Released& released);
  Status journal_tail(Released& released);  // under mutex
  Status seal_on_failure(const Status& status);
  Status close_logs();

  // partition_trim.cc; under trim_mutex
  Status cover_by_producer_file(const ReplayRange& removed);
  Status refresh_producer_file();
  Status move_log_start(LogKind kind, Offset to);
  Status unlink_head(LogKind kind);
  Status trim_data(TimestampMs now_ms);
  void unlink_due_trash(std::int64_t now_boot_ms);

  // partition_compaction.cc; under compaction_mutex
  Offset uncleanable_from() const;
  Result<Offset> swap_in(CompactionResult cleaned);  // below it the log is clean now

  Env env;
  Journal& journal;
  const LogOptions options;
  const PartitionSpec spec;  // its config: as at the opening
  std::shared_ptr<PartitionWaiters> waiters;

  std::mutex compaction_mutex;
  std::optional<Offset> clean_end;              // data below was cleaned; loaded by the first run
  std::atomic<bool> compaction_halted = false;  // at a damaged batch

  std::mutex trim_mutex;
  ProducerStateFile producer_file;
  std::int64_t producer_file_bytes_total = 0;  // appended_bytes_total when it was written
  struct Trash {
    SegmentList segments;
    std::int64_t unlink_at_boot_ms = 0;
  };
  std::vector<Trash> trash;  // renamed to *.deleted

  std::mutex durability_mutex;
  std::mutex creation_mutex;

  mutable std::mutex mutex;
  ProducerState producers;
  TopicLogConfig config;           // written under durability_mutex too
  bool data_in_journal = true;     // false while the topic is async
  bool producers_damaged = false;  // no firing: what was fired is not known for sure
  std::optional<Error> refusal;    // closed or sealed: what appends are answered
  std::int64_t appended_records_total = 0;
  std::int64_t appended_bytes_total = 0;
  std::int64_t duplicate_batches_total = 0;
  std::int64_t unsynced_records = 0;  // async topics: since the last sync, asked for or made
  bool flush_requested = false;       // flush_due was called, and no sync has begun since
  std::optional<std::int64_t> unsynced_since_boot_ms;  // async topics: the first of them
  Offset recent_next = 0;                              // the next recent_from
  std::int64_t recent_bytes = 0;                       // appended behind recent_next

  // Set before they are visible to others, then fixed.
  std::function<void()> flush_due;  // may be null
  LeaderEpoch leader_epoch = 0;
  std::shared_ptr<AttachedLog> data;
  std::shared_ptr<AttachedLog> schedule;  // under creation_mutex; others look at schedule_view
  std::atomic<AttachedLog*> schedule_view = nullptr;

  std::atomic<Offset> recent_from = 0;  // what lies behind was appended a short while ago
  std::atomic<bool> closed = false;
  std::atomic<DiskSpace> disk_space = DiskSpace::kEnough;
  std::atomic<Offset> retention_pin = kNoOffset;
};

}  // namespace orloj::log
