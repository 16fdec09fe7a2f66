// Fires what is due into its own partition, and writes DONE once that is durable (log-protocol §7).
//
// The fired batch in the data log is the commit point; claims and fired batches are in memory until
// their DONE is durable, and are found again in the data log after a crash (schedule_recovery.h).
// Delivery thread only, but for lateness().
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "scheduler/clock_guard.h"
#include "scheduler/fired_batch.h"
#include "scheduler/log_scan.h"
#include "scheduler/partition_schedule.h"
#include "scheduler/stats.h"

namespace orloj::scheduler {

// Later than this is overdue, and held to the topic's rate.
inline constexpr std::int64_t kOverdueAfterMs = 1'000;

class Delivery {
 public:
  // `guard` is asked before every append.
  Delivery(const ScheduleTools& tools, ClockGuard& guard) : tools_(tools), guard_(guard) {}

  // Fires up to one claim of what is due; how many records were appended. What cannot be done now
  // is tried again later, what cannot be done at all halts the partition: the operator is told.
  std::int64_t fire(PartitionSchedule& schedule);

  // Appends the DONE of fired batches that are stable, in data-offset order, and syncs async data
  // logs whose fired batches have waited too long.
  void settle(PartitionSchedule& schedule);

  LatenessHistogram lateness() const;

 private:
  struct Claimed;  // in order of (due, entry), with the bytes of each entry

  bool may_fire(PartitionSchedule& schedule);
  std::size_t how_many(PartitionSchedule& schedule, std::int64_t now_ms);
  bool read(PartitionSchedule& schedule, Claimed& claimed);
  std::int64_t append_all(PartitionSchedule& schedule, Claimed& claimed);
  bool append_batch(PartitionSchedule& schedule, Claimed& claimed, std::size_t& next);
  bool append(PartitionSchedule& schedule, FiredBatchBuilder& builder,
              const FiredBatchFields& fields);
  FiredBatchFields batch_fields(PartitionSchedule& schedule) const;
  void payload_is_damaged(PartitionSchedule& schedule, const Claimed& claimed,
                          const std::string& why);
  void append_failed(PartitionSchedule& schedule, const log::Error& error);
  void note_lateness(const std::vector<DoneItem>& items, std::int64_t fired_ms);
  log::Result<log::AppendResult> append_done(PartitionSchedule& schedule, std::size_t batches);
  void sync_if_overdue(PartitionSchedule& schedule);

  ScheduleTools tools_;
  ClockGuard& guard_;
  mutable std::mutex lateness_mutex_;
  LatenessHistogram lateness_;
};

}  // namespace orloj::scheduler
