#include "scheduler/delivery.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "log/batch_evidence.h"
#include "log/crash_point.h"

namespace orloj::scheduler {
namespace {

// One DONE append covers at most so many fired batches.
constexpr std::size_t kDoneBatchesMax = 64;
// Weight of the newest claim in the mean payload size.
constexpr double kMeanWeight = 0.2;
// Provenance and framing of a fired record, to guess how many fill a batch.
constexpr double kFiredOverheadBytes = 300;
// Damaged records that get a line each; then every tenth, hundredth, …
constexpr std::size_t kDamagedLinesMax = 10;

log::ProducerId reserved_producer(PartitionSchedule& schedule) {
  return schedule.topic().config()->first_reserved_producer_id + schedule.id().partition;
}

const AddEntry& add_of(const Entry& entry) {
  const auto* copy = std::get_if<CopyEntry>(&entry);
  return copy != nullptr ? copy->add : std::get<AddEntry>(entry);
}

bool is_worth_a_line(std::size_t damaged) {
  std::size_t step = 1;
  while (damaged / step > kDamagedLinesMax) {
    step *= 10;
  }
  return damaged % step == 0;
}

bool is_add_or_copy(const Entry& entry) {
  return std::holds_alternative<AddEntry>(entry) || std::holds_alternative<CopyEntry>(entry);
}

}  // namespace

struct Delivery::Claimed {
  std::vector<IndexedEntry> entries;
  std::vector<std::size_t> in_bytes;  // for each entry its index in `bytes`
  EntryBytes bytes;
};

bool Delivery::may_fire(PartitionSchedule& schedule) {
  const auto& options = tools_.options;
  return !schedule.halted() && !schedule.closed && schedule.may_try() &&
         schedule.pending().claimed() < static_cast<std::size_t>(options.undurable_claims_max);
}

// Records of one claim: about what fills a batch, and no more of the overdue than the rate allows.
std::size_t Delivery::how_many(PartitionSchedule& schedule, std::int64_t now_ms) {
  const auto& options = tools_.options;
  const double each = schedule.payload_bytes + kFiredOverheadBytes;
  std::size_t most = std::min(
      schedule.claim_most,
      std::max<std::size_t>(
          static_cast<std::size_t>(static_cast<double>(options.fire_batch_bytes_max) / each), 1));
  most = std::min(
      most, static_cast<std::size_t>(options.undurable_claims_max) - schedule.pending().claimed());
  const auto first = schedule.pending().first_ready_ms();
  if (first && now_ms - *first > kOverdueAfterMs) {
    const std::int64_t allowed = schedule.topic().overdue_cap.allowed(tools_.env.clock().boot_ms());
    most = std::min(most, static_cast<std::size_t>(allowed));
  }
  return most;
}

std::int64_t Delivery::fire(PartitionSchedule& schedule) {
  if (schedule.pending().ready() == 0 || !may_fire(schedule)) {
    return 0;
  }
  const std::int64_t now_ms = tools_.env.clock().wall_ms();
  Claimed claimed;
  claimed.entries = schedule.pending().claim(now_ms, how_many(schedule, now_ms));
  if (claimed.entries.empty() || !read(schedule, claimed)) {
    return 0;
  }
  const std::int64_t fired = append_all(schedule, claimed);
  const auto overdue = std::count_if(
      claimed.entries.begin(), claimed.entries.begin() + fired,
      [now_ms](const IndexedEntry& entry) { return now_ms - entry.due_ms > kOverdueAfterMs; });
  schedule.topic().overdue_cap.take(overdue);
  schedule.topic().fired_total += fired;
  return fired;
}

// In position order, without any lock.
bool Delivery::read(PartitionSchedule& schedule, Claimed& claimed) {
  std::vector<std::size_t> by_place(claimed.entries.size());
  for (std::size_t i = 0; i < by_place.size(); ++i) {
    by_place[i] = i;
  }
  std::sort(by_place.begin(), by_place.end(), [&claimed](std::size_t a, std::size_t b) {
    return claimed.entries[a].place < claimed.entries[b].place;
  });
  std::vector<log::Offset> places;
  claimed.in_bytes.resize(by_place.size());
  for (std::size_t i = 0; i < by_place.size(); ++i) {
    places.push_back(claimed.entries[by_place[i]].place);
    claimed.in_bytes[by_place[i]] = i;
  }
  auto bytes = EntryBytes::read(schedule.partition(), places);
  if (bytes) {
    claimed.bytes = std::move(*bytes);
    const double mean = static_cast<double>(claimed.bytes.size_bytes()) /
                        static_cast<double>(claimed.entries.size());
    schedule.payload_bytes += kMeanWeight * (mean - schedule.payload_bytes);
    schedule.claim_most = std::min(schedule.claim_most * 2,
                                   static_cast<std::size_t>(tools_.options.fire_batch_records_max));
    return true;
  }
  if (bytes.error().code == log::ErrorCode::kCorrupt) {
    payload_is_damaged(schedule, claimed, bytes.error().message);
    return false;
  }
  schedule.pending().unclaim(claimed.entries);
  schedule.closed = schedule.closed.load() || bytes.error().code == log::ErrorCode::kClosed;
  if (!schedule.closed) {
    tools_.alarm("scheduled records of " + schedule.name() +
                 " cannot be read and wait: " + bytes.error().message);
    schedule.retry_later();
  }
  return false;
}

// One bad record must not hold up the others: the claim shrinks until it is alone, then it is set
// aside. It stays pending and is tried again after a restart.
void Delivery::payload_is_damaged(PartitionSchedule& schedule, const Claimed& claimed,
                                  const std::string& why) {
  if (claimed.entries.size() > 1) {
    schedule.pending().unclaim(claimed.entries);
    schedule.claim_most = claimed.entries.size() / 2;
    return;
  }
  const EntryNumber entry = claimed.entries.front().entry;
  schedule.pending().set_aside(entry);
  const std::size_t damaged = schedule.pending().damaged();
  if (is_worth_a_line(damaged)) {
    tools_.alarm("scheduled record " + std::to_string(entry) + " of " + schedule.name() +
                 " is damaged on disk and stays pending, number " + std::to_string(damaged) +
                 " of this partition: " + why);
  }
  if (damaged >= static_cast<std::size_t>(tools_.options.damaged_entries_max)) {
    schedule.halt("damaged_entries_max = " + std::to_string(tools_.options.damaged_entries_max) +
                  " of its scheduled records are damaged on disk");
  }
}

FiredBatchFields Delivery::batch_fields(PartitionSchedule& schedule) const {
  const auto config = schedule.topic().config();
  FiredBatchFields fields;
  fields.topic = schedule.partition().spec().topic;
  fields.partition = schedule.id().partition;
  fields.fired_ms = tools_.env.clock().wall_ms();
  fields.timestamp = config->timestamp;
  fields.codec = fired_codec(config->compression_type);
  fields.producer_id = reserved_producer(schedule);
  if (const auto last = schedule.partition().producer_position(fields.producer_id)) {
    fields.producer_epoch = last->producer_epoch;
    fields.base_sequence = last->last_sequence == INT32_MAX ? 0 : last->last_sequence + 1;
  }
  return fields;
}

// How many of the claimed were appended, from the front; the others are unclaimed or set aside.
std::int64_t Delivery::append_all(PartitionSchedule& schedule, Claimed& claimed) {
  std::size_t next = 0;
  while (next < claimed.entries.size() && append_batch(schedule, claimed, next)) {
  }
  return static_cast<std::int64_t>(next);
}

// Builds and appends one batch from `next` on. False: nothing more can be appended now.
bool Delivery::append_batch(PartitionSchedule& schedule, Claimed& claimed, std::size_t& next) {
  const auto rest = [&] {
    return std::vector<IndexedEntry>(claimed.entries.begin() + static_cast<std::ptrdiff_t>(next),
                                     claimed.entries.end());
  };
  const FiredBatchFields fields = batch_fields(schedule);
  const std::int64_t bytes_max = std::min<std::int64_t>(
      tools_.options.fire_batch_bytes_max, schedule.partition().config().max_message_bytes);
  FiredBatchBuilder builder(fields, static_cast<std::size_t>(bytes_max));
  std::size_t end = next;
  for (; end < claimed.entries.size(); ++end) {
    const IndexedEntry& indexed = claimed.entries[end];
    const auto entry = decode_entry(claimed.bytes.at(claimed.in_bytes[end]));
    Status fault;
    if (!entry) {
      fault = entry.error();
    } else if (!is_add_or_copy(*entry) || add_of(*entry).due_ms != indexed.due_ms) {
      fault = Error{ErrorCode::kCorrupt, "not the entry that the index names"};
    } else {
      const auto taken = builder.append({indexed.entry, indexed.place, kFirstFire, indexed.due_ms},
                                        add_of(*entry));
      if (taken && !*taken) {
        break;
      }
      fault = taken ? Status() : taken.error();
    }
    if (!fault) {
      Claimed bad;
      bad.entries = rest();
      payload_is_damaged(schedule, bad, fault.error().message);
      return false;
    }
  }
  const auto judged = guard_.judge(tools_.env.clock().wall_ms(), tools_.env.clock().boot_ms());
  const bool still_due = tools_.env.clock().wall_ms() >= claimed.entries[end - 1].due_ms;
  if (!judged.alarm.empty()) {
    tools_.alarm(judged.alarm);
  }
  if (judged.verdict == ClockGuard::Verdict::kPaused || !still_due) {
    schedule.pending().unclaim(rest());
    return false;
  }
  if (!append(schedule, builder, fields)) {
    const bool in_doubt = schedule.halted();
    if (!in_doubt) {
      schedule.pending().unclaim(rest());
    }
    return false;
  }
  next = end;
  return true;
}

bool Delivery::append(PartitionSchedule& schedule, FiredBatchBuilder& builder,
                      const FiredBatchFields& fields) {
  std::vector<DoneItem> items = builder.items();
  auto bytes = std::move(builder).build();
  if (!bytes) {
    schedule.halt(bytes.error().message);
    return false;
  }
  if (schedule.fired().empty()) {
    schedule.pin(schedule.partition().offsets().log_end);
  }
  log::AppendRequest request;
  request.data = *bytes;
  request.producer = {fields.producer_id, fields.producer_epoch, fields.base_sequence,
                      static_cast<std::int32_t>(items.size())};
  request.origin = log::AppendOrigin::kScheduler;
  const auto appended = schedule.partition().append(request);
  if (!appended) {
    append_failed(schedule, appended.error());
    return false;
  }
  if (appended->verdict == log::AppendVerdict::kDuplicate) {
    schedule.halt(
        "a fired batch was answered as a duplicate; restart the broker to find out what "
        "the data log holds");
    return false;
  }
  tools_.env.reached(log::crash_point::kFiredBatchAppendedBeforeJournal);
  note_lateness(items, fields.fired_ms);
  FiredBatch fired;
  fired.leader_epoch = schedule.partition().leader_epoch();
  fired.base_offset = appended->base_offset;
  fired.end_offset = appended->base_offset + static_cast<log::Offset>(items.size());
  fired.items = std::move(items);
  fired.fired_boot_ms = tools_.env.clock().boot_ms();
  schedule.add_fired(std::move(fired));
  return true;
}

void Delivery::append_failed(PartitionSchedule& schedule, const log::Error& error) {
  switch (error.code) {
    case log::ErrorCode::kClosed:
      schedule.closed = true;
      return;
    case log::ErrorCode::kNoSpace:
      tools_.alarm("scheduled records of " + schedule.name() +
                   " are due and wait for disk space: " + error.message);
      schedule.retry_later();
      return;
    default:
      schedule.halt(error.message);
  }
}

void Delivery::note_lateness(const std::vector<DoneItem>& items, std::int64_t fired_ms) {
  const std::lock_guard lock(lateness_mutex_);
  for (const DoneItem& item : items) {
    const std::int64_t late_ms = std::max<std::int64_t>(fired_ms - item.due_ms, 0);
    const auto bound =
        std::lower_bound(kLatenessBoundsMs.begin(), kLatenessBoundsMs.end(), late_ms);
    ++lateness_.counts[static_cast<std::size_t>(bound - kLatenessBoundsMs.begin())];
    lateness_.sum_seconds += static_cast<double>(late_ms) / 1'000;
  }
}

LatenessHistogram Delivery::lateness() const {
  const std::lock_guard lock(lateness_mutex_);
  return lateness_;
}

void Delivery::settle(PartitionSchedule& schedule) {
  if (schedule.fired().empty() || schedule.closed) {
    return;
  }
  sync_if_overdue(schedule);
  schedule.mark_stable();
  auto& fired = schedule.fired();
  while (!schedule.closed && schedule.may_try()) {
    const auto first = std::find_if(fired.begin(), fired.end(), [](const FiredBatch& batch) {
      return batch.state != FiredBatch::State::kDoneAppended;
    });
    const auto last = std::find_if(first, fired.end(), [](const FiredBatch& batch) {
      return batch.state != FiredBatch::State::kStable;
    });
    const auto stable = std::min(static_cast<std::size_t>(last - first), kDoneBatchesMax);
    if (stable == 0) {
      return;
    }
    tools_.env.reached(log::crash_point::kFiredBeforeDone);
    const auto appended = append_done(schedule, stable);
    if (!appended) {
      append_failed(schedule, appended.error());
      return;
    }
    tools_.env.reached(log::crash_point::kDoneAppended);
  }
}

// Of the first `batches` that have none yet.
log::Result<log::AppendResult> Delivery::append_done(PartitionSchedule& schedule,
                                                     std::size_t batches) {
  std::array<std::byte, log::kBatchEvidenceBytes> evidence{};
  log::encode_batch_evidence({}, evidence);
  log::RecordBatchBuilder builder({});
  auto& fired = schedule.fired();
  const auto first = std::find_if(fired.begin(), fired.end(), [](const FiredBatch& batch) {
    return batch.state != FiredBatch::State::kDoneAppended;
  });
  const auto end = first + static_cast<std::ptrdiff_t>(batches);
  for (auto batch = first; batch != end; ++batch) {
    const auto value = encode_entry(DoneEntry{DoneReason::kFired, batch->leader_epoch,
                                              batch->base_offset, batch->end_offset, batch->items});
    log::NewRecord record;
    record.timestamp_ms = tools_.env.clock().wall_ms();
    if (builder.record_count() == 0) {
      record.key = log::ByteView(evidence);
    }
    record.value = log::ByteView(value);
    builder.append(record);
  }
  auto bytes = std::move(builder).build();
  if (!bytes) {
    return bytes.error();
  }
  log::AppendRequest request;
  request.schedule = *bytes;
  request.origin = log::AppendOrigin::kScheduler;
  auto appended = schedule.partition().append(request);
  if (appended) {
    std::for_each(first, end,
                  [](FiredBatch& batch) { batch.state = FiredBatch::State::kDoneAppended; });
  }
  return appended;
}

// On async topics nothing else makes the data log durable soon.
void Delivery::sync_if_overdue(PartitionSchedule& schedule) {
  const auto waiting = std::find_if(
      schedule.fired().begin(), schedule.fired().end(),
      [](const FiredBatch& batch) { return batch.state == FiredBatch::State::kWaiting; });
  if (waiting == schedule.fired().end() ||
      schedule.partition().config().durability != log::Durability::kAsync) {
    return;
  }
  const bool too_many =
      schedule.pending().claimed() >= static_cast<std::size_t>(tools_.options.undurable_claims_max);
  const std::int64_t waited_ms = tools_.env.clock().boot_ms() - waiting->fired_boot_ms;
  if (!too_many && waited_ms < tools_.options.undurable_claims_sync_ms) {
    return;
  }
  if (const log::Status synced = schedule.partition().sync_data(); !synced) {
    append_failed(schedule, synced.error());
  }
}

}  // namespace orloj::scheduler
