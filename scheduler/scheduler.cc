#include "scheduler/scheduler.h"

#include <algorithm>
#include <utility>

#include "scheduler/batch_splitter.h"
#include "scheduler/schedule_recovery.h"
#include "scheduler/scheduler_impl.h"

namespace orloj::scheduler {
namespace {

// The earlier of two instants of which -1 is none.
std::int64_t earlier(std::int64_t a, std::int64_t b) {
  if (a < 0 || b < 0) {
    return std::max(a, b);
  }
  return std::min(a, b);
}

}  // namespace

Result<std::unique_ptr<Scheduler>> Scheduler::open(log::Env& env, SchedulerOptions options,
                                                   std::function<void(const std::string&)> alarm) {
  auto index = DueIndex::open(options.index_dir);
  if (!index) {
    return index.error();
  }
  return std::unique_ptr<Scheduler>(std::make_unique<SchedulerImpl>(
      env, std::move(options), std::move(*index), std::move(alarm)));
}

SchedulerImpl::SchedulerImpl(log::Env& env, SchedulerOptions options,
                             std::unique_ptr<DueIndex> index,
                             std::function<void(const std::string&)> alarm)
    : env_(env),
      options_(std::move(options)),
      index_(std::move(index)),
      tools_{env_, options_, *index_, std::make_shared<Doorbell>(), std::move(alarm)},
      wheel_(env.clock().wall_ms()),
      guard_({.step_max_ms = options_.clock_step_max_ms, .settle_ms = options_.clock_settle_ms}),
      delivery_(tools_, guard_),
      head_drop_(tools_),
      index_written_boot_ms_(env.clock().boot_ms()),
      checkpoint_boot_ms_(env.clock().boot_ms()) {
}

SchedulerImpl::~SchedulerImpl() {
  stopping_ = true;
  tools_.bell->ring();
  if (thread_.joinable()) {
    thread_.join();
  }
}

Result<Prepared> SchedulerImpl::prepare(std::span<const std::byte> batch,
                                        const TopicScheduleConfig& config) const {
  SplitRules rules;
  rules.now_ms = (env_.clock().wall_us() + 999) / 1'000;
  rules.header_max_bytes = options_.header_max_bytes;
  return split_batch(batch, config, rules);
}

std::shared_ptr<TopicSchedule> SchedulerImpl::topic_of(const log::TopicId& id,
                                                       const TopicScheduleConfig& config) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<TopicSchedule>& topic = topics_[id];
  if (topic == nullptr) {
    topic = std::make_shared<TopicSchedule>(config, options_.fire_rate_max_per_second);
  }
  return topic;
}

bool SchedulerImpl::is_attached(const log::PartitionId& id) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(attached_.begin(), attached_.end(),
                     [&id](const auto& item) { return item.second->id() == id; });
}

Status SchedulerImpl::attach(std::shared_ptr<log::Partition> partition,
                             const TopicScheduleConfig& config) {
  const log::PartitionId id = partition->spec().id;
  if (is_attached(id)) {
    return {};
  }
  std::uint32_t owner = 0;
  {
    const std::lock_guard lock(mutex_);
    owner = next_owner_++;
  }
  const auto schedule = std::make_shared<PartitionSchedule>(tools_, std::move(partition),
                                                            topic_of(id.topic_id, config), owner);
  schedule->listen();
  if (const Status recovered = recover(*schedule, delivery_, tools_); !recovered) {
    return Error{recovered.error().code, "schedules of " + schedule->name() +
                                             " cannot be recovered: " + recovered.error().message};
  }
  schedule->publish();
  {
    const std::lock_guard lock(mutex_);
    attached_.emplace(owner, schedule);
    registry_changed_ = true;
  }
  tools_.bell->ring();
  return {};
}

void SchedulerImpl::configure(const log::TopicId& id, const TopicScheduleConfig& config) {
  const std::lock_guard lock(mutex_);
  const auto topic = topics_.find(id);
  if (topic != topics_.end()) {
    topic->second->configure(config);
  }
}

void SchedulerImpl::detach(const log::TopicId& id) {
  {
    const std::lock_guard lock(mutex_);
    topics_.erase(id);
    std::erase_if(attached_, [&id](const auto& item) { return item.second->id().topic_id == id; });
    registry_changed_ = true;
  }
  tools_.bell->ring();
}

void SchedulerImpl::start() {
  stopping_ = false;
  thread_ = std::thread([this] { run(); });
}

void SchedulerImpl::stop() {
  stopping_ = true;
  tools_.bell->ring();
  if (thread_.joinable()) {
    thread_.join();
  }
  const std::lock_guard lock(turn_mutex_);
  refresh_schedules();
  checkpoint();
}

void SchedulerImpl::resume_after_clock_step() {
  resume_asked_ = true;
  tools_.bell->ring();
}

SchedulerStats SchedulerImpl::stats() const {
  SchedulerStats stats;
  stats.lateness = delivery_.lateness();
  stats.wheel_entries = wheel_entries_;
  stats.clock_steps_total = clock_steps_;
  stats.firing_paused = paused_;
  stats.next_due_ms = wheel_next_ms_;
  const std::int64_t now_ms = env_.clock().wall_ms();
  const std::lock_guard lock(mutex_);
  std::unordered_map<const TopicSchedule*, std::int64_t> pending;
  for (const auto& [owner, schedule] : attached_) {
    const auto& published = schedule->published;
    pending[schedule->shared_topic().get()] += published.pending;
    stats.overdue += published.ready;
    stats.damaged += published.damaged;
    const std::int64_t first_ready_ms = published.first_ready_ms;
    if (first_ready_ms >= 0) {
      stats.oldest_overdue_ms = std::max(stats.oldest_overdue_ms, now_ms - first_ready_ms);
    }
    stats.next_due_ms = earlier(stats.next_due_ms, first_ready_ms);
    stats.next_due_ms = earlier(stats.next_due_ms, published.next_unloaded_ms);
  }
  for (const auto& [id, topic] : topics_) {
    stats.topics.push_back(
        {topic->config()->topic, pending[topic.get()], topic->accepted_total, topic->fired_total});
  }
  return stats;
}

}  // namespace orloj::scheduler
