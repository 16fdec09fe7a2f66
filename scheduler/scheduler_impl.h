// The inside of the scheduler, shared by scheduler.cc and scheduler_turn.cc.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "scheduler/clock_guard.h"
#include "scheduler/delivery.h"
#include "scheduler/due_index.h"
#include "scheduler/head_drop.h"
#include "scheduler/partition_schedule.h"
#include "scheduler/scheduler.h"
#include "scheduler/timing_wheel.h"

namespace orloj::scheduler {

class SchedulerImpl final : public Scheduler {
 public:
  SchedulerImpl(log::Env& env, SchedulerOptions options, std::unique_ptr<DueIndex> index,
                std::function<void(const std::string&)> alarm);
  ~SchedulerImpl() override;

  Result<Prepared> prepare(std::span<const std::byte> batch,
                           const TopicScheduleConfig& config) const override;
  Status attach(std::shared_ptr<log::Partition> partition,
                const TopicScheduleConfig& config) override;
  void configure(const log::TopicId& id, const TopicScheduleConfig& config) override;
  void detach(const log::TopicId& id) override;
  void start() override;
  void stop() override;
  Result<std::int64_t> run_once() override;
  void resume_after_clock_step() override;
  SchedulerStats stats() const override;

 private:
  using Schedules = std::unordered_map<std::uint32_t, std::shared_ptr<PartitionSchedule>>;

  std::shared_ptr<TopicSchedule> topic_of(const log::TopicId& id,
                                          const TopicScheduleConfig& config);
  bool is_attached(const log::PartitionId& id) const;

  // scheduler_turn.cc; under turn_mutex_
  std::int64_t turn();
  bool clock_is_fine();
  void refresh_schedules();
  void leave(PartitionSchedule& schedule);
  void look_after(PartitionSchedule& schedule, bool clock_fine);
  void failed(PartitionSchedule& schedule, const Error& error);
  void advance_wheel(std::int64_t now_ms);
  void write_indexes();
  void checkpoint();
  std::chrono::microseconds time_to_next() const;
  void run();

  // Options and index outlive what uses them.
  log::Env env_;
  const SchedulerOptions options_;
  std::unique_ptr<DueIndex> index_;
  ScheduleTools tools_;

  mutable std::mutex mutex_;  // the registry; leaf
  std::unordered_map<log::TopicId, std::shared_ptr<TopicSchedule>> topics_;
  Schedules attached_;
  std::uint32_t next_owner_ = 1;
  bool registry_changed_ = false;

  std::mutex turn_mutex_;  // everything below: one turn at a time
  Schedules schedules_;    // as of the last refresh
  TimingWheel wheel_;
  ClockGuard guard_;
  Delivery delivery_;
  HeadDrop head_drop_;
  std::vector<WheelEntry> due_;
  bool more_ = false;  // a turn left work that needs no waiting
  std::int64_t index_written_boot_ms_ = 0;
  std::int64_t checkpoint_boot_ms_ = 0;

  std::atomic<bool> stopping_ = false;
  std::atomic<bool> resume_asked_ = false;
  std::thread thread_;

  // For stats().
  std::atomic<bool> paused_ = false;
  std::atomic<std::int64_t> clock_steps_ = 0;
  std::atomic<std::int64_t> wheel_entries_ = 0;
  std::atomic<std::int64_t> wheel_next_ms_ = -1;
};

}  // namespace orloj::scheduler
