#include "log/partition_waiters.h"

#include <algorithm>
#include <cassert>

namespace orloj::log {

void Released::add(Released&& more) {
  for (auto& callback : more.callbacks_) {
    callbacks_.push_back(std::move(callback));
  }
  more.callbacks_.clear();
}

void Released::run() {
  for (const auto& callback : callbacks_) {
    callback();
  }
  callbacks_.clear();
}

PartitionWaiters::PartitionWaiters(const PartitionOffsets& data, Durability durability)
    : durability_(durability) {
  log(LogKind::kData).offsets = data;
  data.check(durability);
}

PartitionOffsets PartitionWaiters::offsets(LogKind kind) const {
  const std::lock_guard lock(mutex_);
  return log(kind).offsets;
}

Durability PartitionWaiters::durability_of(LogKind kind) const {
  return kind == LogKind::kSchedule ? Durability::kSync : durability_;
}

Durability PartitionWaiters::durability() const {
  const std::lock_guard lock(mutex_);
  return durability_;
}

void PartitionWaiters::require_sync(Offset end) {
  const std::lock_guard lock(mutex_);
  sync_required_end_ = std::max(sync_required_end_, end);
}

bool PartitionWaiters::sync_required(Offset end) const {
  const std::lock_guard lock(mutex_);
  return end <= sync_required_end_;
}

void PartitionWaiters::publish(LogKind kind, Released& released) {
  LogPositions& positions = log(kind);
  PartitionOffsets& offsets = positions.offsets;
  const Offset readable =
      durability_of(kind) == Durability::kAsync ? offsets.log_end : offsets.durable_end;
  if (readable <= offsets.high_watermark) {
    return;
  }
  offsets.high_watermark = readable;
  offsets.last_stable = readable;
  offsets.check(durability_of(kind));
  if (kind == LogKind::kData) {
    release_wakes(released);
  } else if (schedule_listener_) {
    released.add([listener = schedule_listener_, readable] { (*listener)(readable); });
  }
}

void PartitionWaiters::release_waits(LogPositions& positions, Released& released) {
  const auto end = positions.waits.upper_bound(positions.offsets.durable_end);
  for (auto wait = positions.waits.begin(); wait != end; ++wait) {
    if (--wait->second->logs_left == 0) {
      released.add([done = std::move(wait->second->done)] { done(Status{}); });
    }
  }
  positions.waits.erase(positions.waits.begin(), end);
}

void PartitionWaiters::release_wakes(Released& released) {
  const auto end = wakes_.lower_bound(log(LogKind::kData).offsets.high_watermark);
  for (auto wake = wakes_.begin(); wake != end; ++wake) {
    wakes_by_id_.erase(wake->second.id);
    released.add(std::move(wake->second.call));
  }
  wakes_.erase(wakes_.begin(), end);
}

void PartitionWaiters::start_schedule(const PartitionOffsets& offsets) {
  const std::lock_guard lock(mutex_);
  offsets.check(Durability::kSync);
  log(LogKind::kSchedule).offsets = offsets;
}

Released PartitionWaiters::appended(LogKind kind, Offset end) {
  Released released;
  const std::lock_guard lock(mutex_);
  assert(end >= log(kind).offsets.log_end);
  log(kind).offsets.log_end = end;
  publish(kind, released);
  return released;
}

Released PartitionWaiters::durable(LogKind kind, Offset end) {
  Released released;
  const std::lock_guard lock(mutex_);
  LogPositions& positions = log(kind);
  assert(end <= positions.offsets.log_end);
  if (end > positions.offsets.durable_end) {
    positions.offsets.durable_end = end;
    publish(kind, released);
    release_waits(positions, released);
  }
  return released;
}

void PartitionWaiters::move_start(LogKind kind, Offset start) {
  const std::lock_guard lock(mutex_);
  PartitionOffsets& offsets = log(kind).offsets;
  assert(start <= offsets.high_watermark);
  offsets.log_start = std::max(offsets.log_start, start);
}

Released PartitionWaiters::set_durability(Durability durability) {
  Released released;
  const std::lock_guard lock(mutex_);
  durability_ = durability;
  publish(LogKind::kData, released);
  return released;
}

Released PartitionWaiters::when_durable(const Target& target, Wanted wanted, DurableCallback done) {
  Released released;
  const std::lock_guard lock(mutex_);
  const bool data_counts = wanted == Wanted::kOnStableStorage || durability_ == Durability::kSync ||
                           target.data_end <= sync_required_end_;
  const bool data_waits = data_counts && target.data_end > log(LogKind::kData).offsets.durable_end;
  const bool schedule_waits = target.schedule_end > log(LogKind::kSchedule).offsets.durable_end;
  if (!data_waits && !schedule_waits) {
    released.add([done = std::move(done)] { done(Status{}); });
    return released;
  }
  if (closed_) {
    released.add([done = std::move(done), reason = *closed_] { done(reason); });
    return released;
  }
  auto wait = std::make_shared<DurableWait>();
  wait->done = std::move(done);
  wait->logs_left = (data_waits ? 1 : 0) + (schedule_waits ? 1 : 0);
  if (data_waits) {
    auto& waits = log(LogKind::kData).waits;
    waits.emplace_hint(waits.end(), target.data_end, wait);
  }
  if (schedule_waits) {
    auto& waits = log(LogKind::kSchedule).waits;
    waits.emplace_hint(waits.end(), target.schedule_end, wait);
  }
  return released;
}

std::optional<PartitionWaiters::WakeId> PartitionWaiters::wake_beyond(Offset beyond,
                                                                      std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  if (closed_ || log(LogKind::kData).offsets.high_watermark > beyond) {
    return std::nullopt;
  }
  const WakeId id = ++last_wake_id_;
  wakes_by_id_.emplace(id, wakes_.emplace(beyond, Wake{id, std::move(wake)}));
  return id;
}

bool PartitionWaiters::cancel_wake(WakeId id) {
  const std::lock_guard lock(mutex_);
  const auto found = wakes_by_id_.find(id);
  if (found == wakes_by_id_.end()) {
    return false;
  }
  wakes_.erase(found->second);
  wakes_by_id_.erase(found);
  return true;
}

void PartitionWaiters::set_schedule_listener(ScheduleListener listener) {
  const std::lock_guard lock(mutex_);
  schedule_listener_ =
      listener ? std::make_shared<const ScheduleListener>(std::move(listener)) : nullptr;
}

Released PartitionWaiters::close(const Error& reason) {
  Released released;
  const std::lock_guard lock(mutex_);
  closed_ = reason;
  for (LogPositions& positions : logs_) {
    for (auto& [end, wait] : positions.waits) {
      if (wait->done) {  // one that waits for both logs is released by the first
        released.add([done = std::exchange(wait->done, nullptr), reason] { done(reason); });
      }
    }
    positions.waits.clear();
  }
  for (auto& [beyond, wake] : wakes_) {
    released.add(std::move(wake.call));
  }
  wakes_.clear();
  wakes_by_id_.clear();
  return released;
}

}  // namespace orloj::log
