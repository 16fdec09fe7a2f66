#include "scheduler/head_drop.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "log/batch_evidence.h"
#include "log/crash_point.h"
#include "log/record_batch_builder.h"
#include "scheduler/log_scan.h"

namespace orloj::scheduler {
namespace {

constexpr std::int64_t kYearMs = 365LL * 24 * 3600 * 1000;
// An entry's share of its batch, and its DONE.
constexpr double kEntryOverheadBytes = 100;
// The head is dropped after so many steps, or when the rest is better left alone.
constexpr int kStepsPerDrop = 16;
constexpr std::int64_t kLookAgainMs = 60'000;
// As long as nothing has to be copied, one call goes on.
constexpr int kStepsPerCall = 8;

Error from_log(const log::Error& error) {
  return {error.code == log::ErrorCode::kCorrupt ? ErrorCode::kCorrupt : ErrorCode::kLog,
          error.message};
}

}  // namespace

struct HeadDrop::Candidate {
  IndexedEntry entry;
  std::int32_t copies = 0;  // in the year, with the one to come
  std::vector<std::byte> copy;
};

struct HeadDrop::Chunk {
  std::vector<Candidate> candidates;
  log::Offset end = 0;  // everything below is looked at
};

// Of what has not been looked at, more is dead than alive.
bool HeadDrop::is_worth_while(PartitionSchedule& schedule) const {
  const log::Offset start = schedule.partition().schedule_offsets().log_start;
  const log::Offset position = schedule.pending().position();
  const log::Offset from = std::max(schedule.head.scanned_to, start);
  if (from >= position) {
    return false;
  }
  const double share = static_cast<double>(position - from) / static_cast<double>(position - start);
  const double bytes = static_cast<double>(schedule.partition().stats().schedule_bytes) * share;
  const double live_bytes = static_cast<double>(schedule.pending().pending()) *
                            (schedule.payload_bytes + kEntryOverheadBytes);
  return bytes >= static_cast<double>(tools_.options.head_drop_min_bytes) &&
         bytes >= 2 * live_bytes;
}

Status HeadDrop::step(PartitionSchedule& schedule) {
  auto& head = schedule.head;
  for (int steps = 0; steps < kStepsPerCall; ++steps) {
    const bool waits = tools_.env.clock().boot_ms() < head.look_again_boot_ms ||
                       schedule.pending().position() < head.copies_end ||
                       schedule.pending().any_copying();
    if (schedule.halted() || schedule.closed || waits) {
      return {};
    }
    if (!is_worth_while(schedule)) {
      return head.steps > 0 ? drop(schedule) : Status();
    }
    if (const Status stepped = one_step(schedule); !stepped) {
      return stepped;
    }
  }
  return {};
}

Status HeadDrop::one_step(PartitionSchedule& schedule) {
  auto& head = schedule.head;
  const log::Offset from =
      std::max(head.scanned_to, schedule.partition().schedule_offsets().log_start);
  auto chunk = read_chunk(schedule, from);
  if (!chunk) {
    return chunk.error();
  }
  if (const Status kept = keep_live(schedule, *chunk); !kept) {
    return kept;
  }
  if (const Status copied = append_copies(schedule, *chunk); !copied) {
    return copied;
  }
  const bool must_stay = chunk->end == from;  // what lies there must not be copied now
  head.scanned_to = chunk->end;
  head.steps += must_stay ? 0 : 1;
  if (must_stay) {
    head.look_again_boot_ms = tools_.env.clock().boot_ms() + kLookAgainMs;
  }
  return chunk->candidates.empty() && head.steps >= kStepsPerDrop ? drop(schedule) : Status();
}

// Candidates up to half of what is applied: the tail is young, its entries end by themselves.
Result<HeadDrop::Chunk> HeadDrop::read_chunk(PartitionSchedule& schedule, log::Offset from) const {
  Chunk chunk;
  chunk.end = from;
  const std::int64_t now_ms = tools_.env.clock().wall_ms();
  const log::Offset limit =
      schedule.pending().position() - (schedule.pending().position() - from) / 2;
  Status fault;
  const auto visit = [&](log::Offset offset, const log::RecordView& record) -> log::Status {
    if (offset < from || offset >= limit) {
      return {};
    }
    const auto entry = decode_entry(record.value.value_or(log::ByteView{}));
    if (!entry) {
      return log::Error{log::ErrorCode::kCorrupt, entry.error().message};
    }
    chunk.end = offset + 1;
    CopyEntry copy;
    if (const auto* add = std::get_if<AddEntry>(&*entry)) {
      copy = {.entry = offset, .copied_from = offset, .copies_since_ms = now_ms, .add = *add};
    } else if (const auto* earlier = std::get_if<CopyEntry>(&*entry)) {
      copy = *earlier;
      copy.copied_from = offset;
      const bool new_year = now_ms - copy.copies_since_ms > kYearMs;
      copy.copies = new_year ? 1 : copy.copies + 1;
      copy.copies_since_ms = new_year ? now_ms : copy.copies_since_ms;
    } else {
      return {};
    }
    chunk.candidates.push_back(
        {{copy.add.due_ms, copy.entry, offset}, copy.copies, encode_entry(copy)});
    return {};
  };
  const auto scanned =
      scan_schedule(schedule.partition(), from, tools_.options.head_drop_step_bytes, visit);
  if (!scanned) {
    return from_log(scanned.error());
  }
  return chunk;
}

// The others are dead: done, or copied already. The head ends before what must not be copied now.
Status HeadDrop::keep_live(PartitionSchedule& schedule, Chunk& chunk) const {
  if (const Status written = schedule.write_index(); !written) {
    return written;
  }
  std::map<std::int64_t, std::unordered_map<EntryNumber, log::Offset>> live;
  for (const Candidate& candidate : chunk.candidates) {
    const std::int64_t bucket = bucket_of(candidate.entry.due_ms);
    if (live.contains(bucket)) {
      continue;
    }
    const auto loaded = tools_.index.load(schedule.id(), {.from_ms = bucket * kBucketMs,
                                                          .below_ms = (bucket + 1) * kBucketMs,
                                                          .entries_max = SIZE_MAX});
    if (!loaded) {
      return loaded.error();
    }
    auto& entries = live[bucket];
    for (const IndexedEntry& entry : loaded->entries) {
      entries[entry.entry] = entry.place;
    }
  }
  std::erase_if(chunk.candidates, [&live](const Candidate& candidate) {
    const auto& entries = live[bucket_of(candidate.entry.due_ms)];
    const auto found = entries.find(candidate.entry.entry);
    return found == entries.end() || found->second != candidate.entry.place;
  });
  const auto stop = std::find_if(chunk.candidates.begin(), chunk.candidates.end(),
                                 [&](const Candidate& candidate) {
                                   return schedule.pending().is_held(candidate.entry.entry) ||
                                          candidate.copies > tools_.options.copies_per_year_max;
                                 });
  if (stop != chunk.candidates.end()) {
    chunk.end = stop->entry.place;
    chunk.candidates.erase(stop, chunk.candidates.end());
  }
  return {};
}

Status HeadDrop::append_copies(PartitionSchedule& schedule, const Chunk& chunk) {
  if (chunk.candidates.empty()) {
    return {};
  }
  std::array<std::byte, log::kBatchEvidenceBytes> evidence{};
  log::encode_batch_evidence({}, evidence);
  log::RecordBatchBuilder builder({});
  for (const Candidate& candidate : chunk.candidates) {
    log::NewRecord record;
    record.timestamp_ms = tools_.env.clock().wall_ms();
    if (builder.record_count() == 0) {
      record.key = log::ByteView(evidence);
    }
    record.value = log::ByteView(candidate.copy);
    builder.append(record);
    schedule.pending().begin_copy(candidate.entry.entry);
  }
  auto bytes = std::move(builder).build();
  log::AppendRequest request;
  request.origin = log::AppendOrigin::kScheduler;
  if (bytes) {
    request.schedule = *bytes;
  }
  const auto appended = bytes ? schedule.partition().append(request) : bytes.error();
  if (!appended) {
    schedule.pending().abandon_copies();
    return from_log(appended.error());
  }
  tools_.env.reached(log::crash_point::kCopiesAppended);
  schedule.head.copies_end = appended->durable.schedule_end;
  return {};
}

Status HeadDrop::drop(PartitionSchedule& schedule) {
  auto& head = schedule.head;
  head.steps = 0;
  if (head.scanned_to <= schedule.partition().schedule_offsets().log_start) {
    return {};
  }
  // The index must not fall behind the head in a crash, or it would be built anew.
  if (const Status written = schedule.write_index(); !written) {
    return written;
  }
  if (const Status flushed = tools_.index.flush(); !flushed) {
    return flushed;
  }
  tools_.env.reached(log::crash_point::kCopiesDurableBeforeHeadDrop);
  if (const log::Status dropped = schedule.partition().drop_schedule_head(head.scanned_to);
      !dropped) {
    return from_log(dropped.error());
  }
  return {};
}

}  // namespace orloj::scheduler
