// A journal that makes nothing durable until told: for tests of what a partition does in between.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "log/journal.h"

namespace orloj::test {

class FakeJournal : public log::Journal {
 public:
  struct Frame {
    log::LogId id;
    log::AppendFrame frame;
    std::vector<std::byte> batch;
  };

  void attach(std::shared_ptr<log::JournaledLog> target) override {
    const std::lock_guard lock(mutex_);
    logs_[target->log_id()] = std::move(target);
  }
  void detach(const log::LogId& id) override {
    const std::lock_guard lock(mutex_);
    logs_.erase(id);
  }
  log::Status append(const log::LogId& id, const log::AppendFrame& frame,
                     std::span<const std::byte> batch) override {
    const std::lock_guard lock(mutex_);
    if (failure_) {
      return *failure_;
    }
    frames_.push_back({id, frame, {batch.begin(), batch.end()}});
    return {};
  }
  void truncate(const log::LogId&, log::LeaderEpoch, log::Offset, Done done) override { done({}); }
  void log_start(const log::LogId& id, log::Offset start_offset, Done done) override {
    log_starts.emplace_back(id, start_offset);
    if (on_log_start) {
      on_log_start();
    }
    done({});
  }
  void note(const log::LogId& id, log::Offset end_offset, Done done) override {
    notes.emplace_back(id, end_offset);
    done({});
  }
  log::Offset replay_floor(const log::LogId&) const override { return floor; }
  void report_failure(const log::Error& error) override { failures.push_back(error); }
  log::Status checkpoint() override { return {}; }
  log::Status stop() override { return {}; }

  // Makes everything that was queued durable.
  void sync() { sync_first(frames().size()); }
  // Makes the first `count` queued frames durable.
  void sync_first(std::size_t count) {
    std::vector<Frame> durable;
    {
      const std::lock_guard lock(mutex_);
      const auto end = frames_.begin() + static_cast<std::ptrdiff_t>(count);
      durable.assign(frames_.begin(), end);
      frames_.erase(frames_.begin(), end);
    }
    for (const Frame& frame : durable) {
      std::shared_ptr<log::JournaledLog> target;
      {
        const std::lock_guard lock(mutex_);
        const auto found = logs_.find(frame.id);
        target = found == logs_.end() ? nullptr : found->second;
      }
      if (target) {
        target->on_durable(frame.frame.end_offset);
      }
    }
  }
  // Queued and not durable yet.
  std::vector<Frame> frames() const {
    const std::lock_guard lock(mutex_);
    return frames_;
  }
  bool is_attached(const log::LogId& id) const {
    const std::lock_guard lock(mutex_);
    return logs_.contains(id);
  }
  void fail_appends(const log::Error& error) { failure_ = error; }

  std::vector<std::pair<log::LogId, log::Offset>> log_starts;
  std::vector<std::pair<log::LogId, log::Offset>> notes;
  std::vector<log::Error> failures;  // reported
  std::function<void()> on_log_start;
  log::Offset floor = INT64_MAX;

 private:
  mutable std::mutex mutex_;
  std::map<log::LogId, std::shared_ptr<log::JournaledLog>> logs_;
  std::vector<Frame> frames_;
  std::optional<log::Error> failure_;
};

}  // namespace orloj::test
