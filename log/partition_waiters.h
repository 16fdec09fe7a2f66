// The offsets of a partition's two logs, and everybody who waits for them to rise.
//
// Its own small mutex, taken inside the partition's: the journal thread moves durable ends through
// here and never needs the partition's mutex, which an append may hold while it waits for room in
// the journal. Callbacks are never called here: each change returns what it released, to be run
// when no lock is held.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "log/error.h"
#include "log/partition_offsets.h"
#include "log/types.h"

namespace orloj::log {

// Callbacks that became due. Run once, without locks.
class Released {
 public:
  Released() = default;
  Released(Released&&) = default;
  Released& operator=(Released&&) = delete;
  ~Released() = default;
  void add(std::function<void()> callback) { callbacks_.push_back(std::move(callback)); }
  void add(Released&& more);
  void run();

 private:
  std::vector<std::function<void()>> callbacks_;
};

class PartitionWaiters {
 public:
  using WakeId = std::uint64_t;
  using DurableCallback = std::function<void(const Status&)>;
  using ScheduleListener = std::function<void(Offset)>;

  // Which parts of a target count as reached at once.
  enum class Wanted : std::uint8_t { kAcknowledged, kOnStableStorage };

  PartitionWaiters(const PartitionOffsets& data, Durability durability);

  PartitionOffsets offsets(LogKind kind) const;

  // The schedule log was opened or created.
  void start_schedule(const PartitionOffsets& offsets);
  // A batch is in the page cache; the log ends at `end` now.
  [[nodiscard]] Released appended(LogKind kind, Offset end);
  // Everything below `end` is on stable storage. Lower ends than before are ignored.
  [[nodiscard]] Released durable(LogKind kind, Offset end);
  // The first readable offset moves up, never down.
  void move_start(LogKind kind, Offset start);
  // Async: the high watermark is the log end. Sync: the durable end, but it never moves back.
  [[nodiscard]] Released set_durability(Durability durability);
  Durability durability() const;
  // Async: what lies below `end` counts as acknowledged once it is durable. Lower ends than before
  // are ignored.
  void require_sync(Offset end);
  // Whether a sync was required of everything below `end`.
  bool sync_required(Offset end) const;

  // `data_end` and `schedule_end` may be kNoOffset. Called back exactly once, through the Released
  // of this or a later call.
  struct Target {
    Offset data_end = kNoOffset;
    Offset schedule_end = kNoOffset;
  };
  [[nodiscard]] Released when_durable(const Target& target, Wanted wanted, DurableCallback done);

  // See Partition::wake_beyond.
  std::optional<WakeId> wake_beyond(Offset beyond, std::function<void()> wake);
  bool cancel_wake(WakeId id);
  void set_schedule_listener(ScheduleListener listener);

  // Releases every waiter (kClosed) and every wake; later ones are answered at once.
  [[nodiscard]] Released close(const Error& reason);

 private:
  struct DurableWait {
    DurableCallback done;
    int logs_left = 0;
  };
  struct LogPositions {
    PartitionOffsets offsets;
    std::multimap<Offset, std::shared_ptr<DurableWait>> waits;  // by the durable end they need
  };
  struct Wake {
    WakeId id = 0;
    std::function<void()> call;
  };
  using Wakes = std::multimap<Offset, Wake>;

  LogPositions& log(LogKind kind) { return logs_[static_cast<std::size_t>(kind)]; }
  const LogPositions& log(LogKind kind) const { return logs_[static_cast<std::size_t>(kind)]; }
  Durability durability_of(LogKind kind) const;
  void publish(LogKind kind, Released& released);
  void release_waits(LogPositions& positions, Released& released);
  void release_wakes(Released& released);

  mutable std::mutex mutex_;
  Durability durability_;
  Offset sync_required_end_ = 0;
  std::array<LogPositions, 2> logs_;
  Wakes wakes_;  // by the high watermark that must be passed
  std::unordered_map<WakeId, Wakes::iterator> wakes_by_id_;
  WakeId last_wake_id_ = 0;
  std::shared_ptr<const ScheduleListener> schedule_listener_;
  std::optional<Error> closed_;
};

}  // namespace orloj::log
