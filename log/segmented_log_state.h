// The inside of SegmentedLog, shared by its .cc files only.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "log/segment.h"
#include "log/segmented_log.h"

namespace orloj::log {

// What readers see: never changed once published.
struct SegmentView {
  SegmentList segments;               // ascending, at least one; the last is the active one
  std::vector<DamagedRange> damaged;  // ascending
};

struct SegmentedLog::State {
  State(Env environment, Spec specification, LeaderEpochCheckpoint epoch_checkpoint)
      : env(environment), spec(std::move(specification)), epochs(std::move(epoch_checkpoint)) {}

  std::shared_ptr<const SegmentView> view() const {
    const std::lock_guard lock(view_mutex);
    return current;
  }
  void publish(SegmentView next) {
    auto shared = std::make_shared<const SegmentView>(std::move(next));
    const std::lock_guard lock(view_mutex);
    current = std::move(shared);
  }
  Result<Offset> sound_below(const SegmentView& view, Offset from, Offset below) const;
  Segment& active() const { return *view()->segments.back(); }
  SegmentSpec segment_spec(Offset base_offset) const {
    return {spec.directory, base_offset, spec.config.index_interval_bytes};
  }
  // Nothing more is written: what the files hold is not known any more.
  Error seal(const Error& cause) {
    sealed.store(true, std::memory_order_release);
    return cause;
  }

  Env env;
  Spec spec;  // config: changed and read by the writer only
  LeaderEpochCheckpoint epochs;
  std::atomic<Offset> start_offset{0};
  std::atomic<bool> sealed{false};
  std::atomic<bool> damage_changed{false};  // since it was stored

  // Writer only.
  std::int64_t write_back_from =
      0;  // position in the active segment from which write-back was not started
  TimestampMs active_since_ms = kNoTimestamp;  // first append to the active segment

  mutable std::mutex view_mutex;  // held to copy or swap one pointer
  std::shared_ptr<const SegmentView> current;

  std::mutex sync_mutex;  // one sync at a time
  // Under sync_mutex. The next sync of the same files would succeed without what this one lost.
  std::optional<Error> sync_failure;
  std::mutex synced_mutex;
  Offset synced_end = 0;          // segments wholly below need no sync
  std::uint64_t truncations = 0;  // a sync that ran meanwhile covers nothing for sure
};

}  // namespace orloj::log
