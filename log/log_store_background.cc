// The background thread of LogStore: retention, compaction, flush.ms, unlinking. (Checkpoints have
// a thread of the journal's.)
#include <algorithm>
#include <chrono>
#include <utility>

#include "log/log_store_impl.h"

namespace orloj::log {
namespace {

constexpr std::int64_t kFlushTickMs = 1'000;  // how often flush.ms and free space are looked at

}  // namespace

void LogStoreImpl::start_background() {
  if (!background_.joinable()) {
    look_at_disk_space();
    background_ = std::thread([this] { run_background(); });
    flush_threads_.start(options_.flush_threads);
  }
}

void LogStoreImpl::stop_background() {
  {
    const std::lock_guard lock(background_mutex_);
    stopping_ = true;
  }
  background_wake_.notify_all();
  flush_threads_.stop();
  if (background_.joinable()) {
    background_.join();
  }
}

void LogStoreImpl::run_background() {
  const std::int64_t start_ms = env_.clock().boot_ms();
  Timetable timetable{start_ms + options_.retention_check_interval_ms,
                      start_ms + options_.compaction_check_interval_ms};
  for (;;) {
    const std::int64_t now_ms = env_.clock().boot_ms();
    std::int64_t wait_ms = std::min(timetable.retention_ms, timetable.compaction_ms) - now_ms;
    {
      std::unique_lock lock(background_mutex_);
      for (const Trash& one : trash_) {
        wait_ms = std::min(wait_ms, one.due_ms - now_ms);
      }
      wait_ms = std::clamp<std::int64_t>(wait_ms, 0, kFlushTickMs);
      background_wake_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                                [this] { return stopping_; });
      if (stopping_) {
        return;
      }
    }
    run_due(timetable);
  }
}

void LogStoreImpl::look_at_disk_space() {
  const auto free_bytes = env_.files().free_bytes(options_.data_dir);
  const bool is_low =
      free_bytes && *free_bytes < static_cast<std::uint64_t>(options_.disk_low_water_bytes);
  disk_space_ = is_low ? DiskSpace::kLow : DiskSpace::kEnough;
  for (const auto& partition : all()) {
    partition->set_disk_space(disk_space_);
  }
}

void LogStoreImpl::run_due(Timetable& timetable) {
  const std::int64_t now_ms = env_.clock().boot_ms();
  const bool retention = now_ms >= timetable.retention_ms;
  const bool compaction = now_ms >= timetable.compaction_ms;
  look_at_disk_space();
  for (const auto& partition : all()) {
    if (retention) {
      check(partition->run_retention());
    }
    if (compaction && partition->config().cleanup_compact) {
      check(partition->run_compaction());
    }
    check(partition->run_flush());
  }
  if (retention) {
    timetable.retention_ms = now_ms + options_.retention_check_interval_ms;
  }
  if (compaction) {
    timetable.compaction_ms = now_ms + options_.compaction_check_interval_ms;
  }
  unlink_due(now_ms);
}

// A full disk passes, a closing partition is none of our business; any other failure ends the
// process.
void LogStoreImpl::check(const Status& status) {
  if (status.has_error() && status.error().code != ErrorCode::kClosed &&
      status.error().code != ErrorCode::kNoSpace) {
    fail(status.error());
  }
}

void LogStoreImpl::unlink_due(std::int64_t now_ms) {
  std::vector<Trash> due;
  {
    const std::lock_guard lock(background_mutex_);
    const auto first_due = std::stable_partition(
        trash_.begin(), trash_.end(), [&](const Trash& one) { return one.due_ms > now_ms; });
    due.assign(std::make_move_iterator(first_due), std::make_move_iterator(trash_.end()));
    trash_.erase(first_due, trash_.end());
  }
  for (const Trash& one : due) {
    check(env_.files().remove_all(one.path));
  }
}

}  // namespace orloj::log
