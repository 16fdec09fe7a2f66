#include "scheduler/schedule_recovery.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "scheduler/fired_batch.h"
#include "scheduler/log_scan.h"

namespace orloj::scheduler {
namespace {

// What is applied between two writes of the index.
constexpr std::int64_t kApplyBytes = 4 << 20;

Error from_log(const log::Error& error) {
  return {error.code == log::ErrorCode::kCorrupt ? ErrorCode::kCorrupt : ErrorCode::kLog,
          error.message};
}

Status apply_schedule_log(PartitionSchedule& schedule) {
  TimingWheel nothing_is_loaded_yet(0);
  while (schedule.is_behind()) {
    if (const Status applied = schedule.catch_up(nothing_is_loaded_yet, kApplyBytes); !applied) {
      return applied;
    }
    if (const Status written = schedule.write_index(); !written) {
      return written;
    }
  }
  return {};
}

// Where the entries are that a data log names, one minute at a time.
class Places {
 public:
  Places(const DueIndex& index, const log::PartitionId& id) : index_(index), id_(id) {}

  // nullopt: not pending, so its DONE is there already.
  Result<std::optional<log::Offset>> of(const Firing& firing) {
    const std::int64_t bucket = bucket_of(firing.due_ms);
    if (!buckets_.contains(bucket)) {
      const auto loaded = index_.load(id_, {.from_ms = bucket * kBucketMs,
                                            .below_ms = (bucket + 1) * kBucketMs,
                                            .entries_max = SIZE_MAX});
      if (!loaded) {
        return loaded.error();
      }
      if (buckets_.size() >= kBucketsMax) {
        buckets_.clear();
      }
      for (const IndexedEntry& entry : loaded->entries) {
        buckets_[bucket][entry.entry] = entry.place;
      }
      buckets_[bucket];
    }
    const auto& entries = buckets_[bucket];
    const auto found = entries.find(firing.entry);
    return found == entries.end() ? std::optional<log::Offset>() : std::optional(found->second);
  }

 private:
  static constexpr std::size_t kBucketsMax = 64;

  const DueIndex& index_;
  log::PartitionId id_;
  std::map<std::int64_t, std::unordered_map<EntryNumber, log::Offset>> buckets_;
};

class FiredBatchFinder {
 public:
  FiredBatchFinder(PartitionSchedule& schedule, const ScheduleTools& tools)
      : schedule_(schedule),
        producer_id_(schedule.topic().config()->first_reserved_producer_id +
                     schedule.id().partition),
        places_(tools.index, schedule.id()),
        boot_ms_(tools.env.clock().boot_ms()) {}

  log::Status visit(const log::RecordBatchView& batch) {
    if (batch.producer_id() != producer_id_) {
      return {};
    }
    auto reader = log::RecordReader::open(batch, scratch_);
    if (!reader) {
      return reader.error();
    }
    FiredBatch fired;
    fired.leader_epoch = batch.leader_epoch();
    fired.base_offset = batch.base_offset();
    fired.end_offset = batch.next_offset();
    fired.fired_boot_ms = boot_ms_;
    log::RecordView record;
    while (reader->next(record)) {
      if (const log::Status noted = note(record, fired); !noted) {
        return noted;
      }
    }
    if (!fired.items.empty()) {
      schedule_.add_fired(std::move(fired));
    }
    return reader->status();
  }

 private:
  log::Status note(const log::RecordView& record, FiredBatch& fired) {
    const auto firing =
        firing_of(record.headers, schedule_.partition().spec().topic, schedule_.id().partition);
    if (!firing) {
      return log::Error{log::ErrorCode::kCorrupt,
                        "a fired batch of " + schedule_.name() + " at offset " +
                            std::to_string(fired.base_offset) + " names no origin"};
    }
    const auto place = places_.of(*firing);
    if (!place) {
      return log::Error{log::ErrorCode::kCorrupt, place.error().message};
    }
    if (*place) {
      fired.items.push_back({firing->entry, **place, firing->fire, firing->due_ms, kNoInstant});
      schedule_.pending().claim_again(firing->entry);
    }
    return {};
  }

  PartitionSchedule& schedule_;
  log::ProducerId producer_id_;
  Places places_;
  std::int64_t boot_ms_;
  log::ScratchBuffer scratch_;
};

Status find_fired_batches(PartitionSchedule& schedule, const ScheduleTools& tools) {
  const log::ProducerId reserved =
      schedule.topic().config()->first_reserved_producer_id + schedule.id().partition;
  const bool never_fired = !schedule.partition().producer_position(reserved) &&
                           !schedule.partition().stats().producer_state_damaged;
  if (schedule.pending().pending() == 0 || never_fired) {
    return {};
  }
  const log::Offset from =
      std::max(schedule.pending().done_position(), schedule.partition().offsets().log_start);
  FiredBatchFinder finder(schedule, tools);
  const log::Status scanned =
      scan_data(schedule.partition(), from,
                [&finder](const log::RecordBatchView& batch) { return finder.visit(batch); });
  if (!scanned) {
    return from_log(scanned.error());
  }
  return {};
}

// One try with what the index says; kCorrupt may be the index's fault or that of a log.
Status recover_once(PartitionSchedule& schedule, const ScheduleTools& tools) {
  if (const Status begun = schedule.begin(); !begun) {
    return begun;
  }
  if (const Status applied = apply_schedule_log(schedule); !applied) {
    return applied;
  }
  return find_fired_batches(schedule, tools);
}

}  // namespace

Status recover(PartitionSchedule& schedule, Delivery& delivery, const ScheduleTools& tools) {
  Status recovered = recover_once(schedule, tools);
  if (!recovered && recovered.error().code == ErrorCode::kCorrupt) {
    if (const Status cleared = tools.index.clear(schedule.id()); !cleared) {
      return cleared;
    }
    schedule.fired().clear();
    recovered = recover_once(schedule, tools);
  }
  if (!recovered && recovered.error().code != ErrorCode::kCorrupt) {
    return recovered;
  }
  if (!recovered) {
    // The others are served all the same, and so is what can be read of this one.
    schedule.halt("what was fired already cannot be told: " + recovered.error().message);
  } else if (schedule.partition().stats().producer_state_damaged) {
    schedule.halt(
        "both generations of its producer file are damaged: what was fired already is "
        "not known for sure");
  }
  // Most of what was found is durable by now: its DONE goes out before anything fires.
  delivery.settle(schedule);
  return {};
}

}  // namespace orloj::scheduler
