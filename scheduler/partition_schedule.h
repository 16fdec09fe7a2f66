// One partition as the scheduler looks after it: its pending set kept in step with its schedule log
// and with the index, and its fired batches until their DONE is durable.
//
// Belongs to the delivery thread (and to attach() before it is known to that thread), but for what
// is atomic or said to be thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "log/partition.h"
#include "scheduler/doorbell.h"
#include "scheduler/due_index.h"
#include "scheduler/options.h"
#include "scheduler/pending_set.h"
#include "scheduler/rate_cap.h"

namespace orloj::scheduler {

// What the partitions of a topic share. Config and counters are thread-safe.
class TopicSchedule {
 public:
  TopicSchedule(TopicScheduleConfig config, std::int64_t overdue_per_second)
      : overdue_cap(overdue_per_second),
        config_(std::make_shared<const TopicScheduleConfig>(std::move(config))) {}

  std::shared_ptr<const TopicScheduleConfig> config() const {
    const std::lock_guard lock(mutex_);
    return config_;
  }
  void configure(const TopicScheduleConfig& config) {
    const std::lock_guard lock(mutex_);
    config_ = std::make_shared<const TopicScheduleConfig>(config);
  }

  RateCap overdue_cap;  // delivery thread
  std::atomic<std::int64_t> accepted_total = 0;
  std::atomic<std::int64_t> fired_total = 0;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const TopicScheduleConfig> config_;
};

// One append of fired records, from the append until its DONE is durable.
struct FiredBatch {
  enum class State : std::uint8_t {
    kWaiting,       // for the data log to be durable
    kStable,        // DONE may be appended
    kDoneAppended,  // and has been; it counts when it is durable
  };
  log::LeaderEpoch leader_epoch = 0;
  log::Offset base_offset = 0;
  log::Offset end_offset = 0;
  std::vector<DoneItem> items;
  std::int64_t fired_boot_ms = 0;
  State state = State::kWaiting;
};

// Tools that all partitions use.
struct ScheduleTools {
  log::Env env;
  const SchedulerOptions& options;
  DueIndex& index;
  std::shared_ptr<Doorbell> bell;
  std::function<void(const std::string&)> alarm;
};

class PartitionSchedule {
 public:
  PartitionSchedule(const ScheduleTools& tools, std::shared_ptr<log::Partition> partition,
                    std::shared_ptr<TopicSchedule> topic, std::uint32_t owner);
  ~PartitionSchedule();
  PartitionSchedule(const PartitionSchedule&) = delete;
  PartitionSchedule& operator=(const PartitionSchedule&) = delete;

  // Starts from the index, or from the start of the schedule log when the index is of no use.
  Status begin();
  // Rises of the schedule log's high watermark ring the bell from now on.
  void listen();

  // Applies what lies below the high watermark by now, at most `bytes_max` of it.
  // kUnsupportedFormat and kCorrupt stop at the entry in question.
  Status catch_up(TimingWheel& wheel, std::int64_t bytes_max);
  bool is_behind() const;
  // True once for each time that the bell was rung.
  bool take_news() { return news_->exchange(false); }

  // Keeps what is due soon in the wheel, and no more than `entries_max`.
  Status load(TimingWheel& wheel, std::int64_t now_ms, std::size_t entries_max);
  // Writes what the index does not know. A failed write makes the next load() begin anew.
  Status write_index();
  // Also says how far the data log has been settled, when that moved.
  Status write_checkpoint();
  // The index is of no use any more: everything is read from the schedule log again.
  Status rebuild(TimingWheel& wheel);

  // Nothing of this partition fires until it is attached anew; `why` goes to the operator.
  void halt(const std::string& why);
  bool halted() const { return halted_; }
  void retry_later() { retry_at_boot_ms_ = tools_.env.clock().boot_ms() + kRetryMs; }
  bool may_try() const { return tools_.env.clock().boot_ms() >= retry_at_boot_ms_; }

  // Fired batches, in data-offset order.
  void add_fired(FiredBatch batch);
  std::deque<FiredBatch>& fired() { return fired_; }
  // Marks what the data log holds on stable storage by now.
  void mark_stable();
  // Keeps the retention of the data log away from what is fired and not done.
  void pin(log::Offset from);

  std::string name() const;
  log::Partition& partition() { return *partition_; }
  const log::Partition& partition() const { return *partition_; }
  const log::PartitionId& id() const { return partition_->spec().id; }
  TopicSchedule& topic() { return *topic_; }
  const std::shared_ptr<TopicSchedule>& shared_topic() const { return topic_; }
  PendingSet& pending() { return pending_; }
  std::uint32_t owner() const { return owner_; }

  // Records that one firing reads: fewer after damage, until the bad one is found alone.
  std::size_t claim_most = 1;
  // Mean bytes of a payload, to guess how many fill a batch.
  double payload_bytes = 256;
  std::atomic<bool> closed = false;
  // How far the head of the schedule log has been looked at (head_drop.h).
  struct Head {
    log::Offset scanned_to = 0;  // what lives below has been copied
    log::Offset copies_end = 0;  // to be applied before the next step
    int steps = 0;               // since the last drop
    std::int64_t look_again_boot_ms = 0;
  };
  Head head;

  // For stats(), from any thread; published by the delivery thread.
  struct Published {
    std::atomic<std::int64_t> pending = 0;
    std::atomic<std::int64_t> ready = 0;
    std::atomic<std::int64_t> first_ready_ms = -1;
    std::atomic<std::int64_t> next_unloaded_ms = -1;
    std::atomic<std::int64_t> damaged = 0;
  };
  void publish();
  Published published;

 private:
  static constexpr std::int64_t kRetryMs = 1'000;

  log::Status apply(log::Offset offset, const log::RecordView& record, TimingWheel& wheel,
                    Status& fault);
  void done_is_durable(const DoneEntry& done);
  Status shrink(TimingWheel& wheel, std::int64_t now_ms, std::size_t entries_max);

  ScheduleTools tools_;
  std::shared_ptr<log::Partition> partition_;
  std::shared_ptr<TopicSchedule> topic_;
  std::uint32_t owner_;
  PendingSet pending_;
  std::deque<FiredBatch> fired_;
  std::shared_ptr<std::atomic<bool>> news_ = std::make_shared<std::atomic<bool>>(true);
  log::Offset counts_accepted_from_ = 0;
  log::Offset loads_from_ = 0;  // not before this is applied
  std::int64_t next_unloaded_ms_ = INT64_MAX;
  std::int64_t retry_at_boot_ms_ = 0;
  bool index_is_lost_ = false;
  bool halted_ = false;
};

}  // namespace orloj::scheduler
