#include "log/producer_state.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace orloj::log {
namespace {

// Sequences live in [0, 2^31) and wrap; `from` steps forward by `count`.
std::int32_t advance(std::int32_t from, std::int64_t count) {
  return static_cast<std::int32_t>((std::int64_t{from} + count) & INT32_MAX);
}

// Steps from one sequence forward to another.
std::int32_t distance(std::int32_t from, std::int32_t to) {
  return static_cast<std::int32_t>((std::int64_t{to} - from) & INT32_MAX);
}

// Within a window distances are small; more than half the circle means behind.
bool is_before(std::int32_t sequence, std::int32_t other) {
  return sequence != other && distance(sequence, other) < (1 << 30);
}

std::string describe(const OfferedBatch& offered) {
  return "producer " + std::to_string(offered.producer_id) + " epoch " +
         std::to_string(offered.producer_epoch) + " sequence " +
         std::to_string(offered.base_sequence) + " with " + std::to_string(offered.sequence_count) +
         " records";
}

Error out_of_order(const OfferedBatch& offered, const std::string& why) {
  return {ErrorCode::kOutOfOrderSequence, describe(offered) + ": " + why};
}

// How a retry relates to the batch of the same base sequence that is known.
enum class Repeat : std::uint8_t { kDifferent, kDuplicate, kComplete };

Repeat compare(const ProducerBatch& known, const OfferedBatch& offered) {
  const bool same_range = known.sequence_count == offered.sequence_count;
  if (same_range && known.complete() &&
      (known.has_schedule_half || offered.schedule_last_delta < 0)) {
    return Repeat::kDuplicate;
  }
  // The schedule half was lost, or was never known to exist: the data log alone tells the range up
  // to the last immediate record only.
  const bool data_fits = known.data.stored() && known.data.last_delta == offered.data_last_delta;
  if (data_fits && !known.schedule.stored() && offered.schedule_last_delta >= 0 &&
      offered.sequence_count >= known.sequence_count) {
    return Repeat::kComplete;
  }
  const bool lacks_data = known.has_data_half && !known.data.stored() && known.schedule.stored();
  if (same_range && lacks_data && known.data.last_delta == offered.data_last_delta) {
    return Repeat::kComplete;
  }
  return Repeat::kDifferent;
}

// True when the batch lies in a hole that a crash left before a known batch.
bool fits_gap(const ProducerEntry& entry, const OfferedBatch& offered) {
  const std::int32_t first = entry.batches.front().base_sequence;
  if (entry.has_open_start && is_before(offered.base_sequence, first) &&
      offered.sequence_count <= distance(offered.base_sequence, first)) {
    return true;
  }
  for (std::size_t i = 1; i < entry.batches.size(); ++i) {
    const std::int32_t expected = advance(entry.batches[i - 1].last_sequence(), 1);
    const std::int32_t hole = distance(expected, entry.batches[i].base_sequence);
    if (offered.base_sequence == expected && offered.sequence_count <= hole) {
      return true;
    }
  }
  return false;
}

void merge_half(StoredHalf& known, const StoredHalf& half) {
  if (!known.stored()) {
    known.base_offset = half.base_offset;
    known.last_delta = std::max(known.last_delta, half.last_delta);
  }
}

void merge(ProducerBatch& known, const ProducerBatch& batch) {
  known.sequence_count = std::max(known.sequence_count, batch.sequence_count);
  known.has_data_half |= batch.has_data_half;
  known.has_schedule_half |= batch.has_schedule_half;
  merge_half(known.data, batch.data);
  merge_half(known.schedule, batch.schedule);
}

void insert(ProducerEntry& entry, const ProducerBatch& batch) {
  auto& batches = entry.batches;
  auto at = batches.end();
  while (at != batches.begin() && is_before(batch.base_sequence, std::prev(at)->base_sequence)) {
    --at;
  }
  batches.insert(at, batch);
  if (batches.size() > kProducerWindow) {
    batches.erase(batches.begin());
    entry.has_open_start = false;
  }
  if (batches.front().base_sequence == 0) {
    entry.has_open_start = false;
  }
}

}  // namespace

std::int32_t ProducerBatch::last_sequence() const {
  return advance(base_sequence, std::int64_t{sequence_count} - 1);
}

Result<ProducerJudgement> ProducerState::judge(const OfferedBatch& offered) const {
  const ProducerEntry* entry = find(offered.producer_id);
  if (entry == nullptr) {
    return ProducerJudgement{};
  }
  if (offered.producer_epoch < entry->epoch) {
    return Error{ErrorCode::kInvalidProducerEpoch,
                 describe(offered) + ": the partition has seen epoch " +
                     std::to_string(entry->epoch) + " of this producer"};
  }
  if (offered.producer_epoch > entry->epoch) {
    if (offered.base_sequence != 0) {
      return out_of_order(offered, "a new epoch starts at sequence 0");
    }
    return ProducerJudgement{};
  }
  for (const ProducerBatch& known : entry->batches) {
    if (known.base_sequence != offered.base_sequence) {
      continue;
    }
    switch (compare(known, offered)) {
      case Repeat::kDuplicate:
        return ProducerJudgement{ProducerJudgement::Kind::kDuplicate, known};
      case Repeat::kComplete:
        return ProducerJudgement{ProducerJudgement::Kind::kComplete, known};
      case Repeat::kDifferent:
        return out_of_order(offered, "another batch with this sequence was stored");
    }
  }
  if (entry->batches.empty()) {  // a crash took them all
    return ProducerJudgement{};
  }
  const std::int32_t expected = advance(entry->batches.back().last_sequence(), 1);
  if (offered.base_sequence == expected || fits_gap(*entry, offered)) {
    return ProducerJudgement{};
  }
  return out_of_order(offered, "expected sequence " + std::to_string(expected));
}

ProducerState::Slot& ProducerState::slot_of(ProducerId id) {
  const auto found = entries_.find(id);
  if (found != entries_.end()) {
    return found->second;
  }
  auto& order = is_reserved(id) ? reserved_ : by_age_;
  if (!is_reserved(id) && !by_age_.empty() &&
      by_age_.size() >= static_cast<std::size_t>(limits_.producers_max)) {
    entries_.erase(by_age_.front());
    by_age_.pop_front();
  }
  Slot slot;
  slot.entry.producer_id = id;
  slot.age = order.insert(order.end(), id);
  return entries_.emplace(id, std::move(slot)).first->second;
}

void ProducerState::touch(Slot& slot, TimestampMs now_ms) {
  slot.entry.last_append_ms = std::max(slot.entry.last_append_ms, now_ms);
  if (!is_reserved(slot.entry.producer_id)) {
    by_age_.splice(by_age_.end(), by_age_, slot.age);
  }
}

void ProducerState::apply(ProducerId id, std::int16_t epoch, const ProducerBatch& batch) {
  assert(id != kNoProducerId);
  assert(batch.sequence_count > 0);
  Slot& slot = slot_of(id);
  ProducerEntry& entry = slot.entry;
  if (epoch < entry.epoch) {
    return;
  }
  if (epoch > entry.epoch) {
    entry.epoch = epoch;
    entry.has_open_start = false;
    entry.batches.clear();
  }
  touch(slot, batch.appended_ms);
  const auto known =
      std::ranges::find(entry.batches, batch.base_sequence, &ProducerBatch::base_sequence);
  if (known != entry.batches.end()) {
    merge(*known, batch);
  } else {
    insert(entry, batch);
  }
  assert(entry.batches.size() <= kProducerWindow);
}

void ProducerState::replay(ProducerId id, std::int16_t epoch, const ProducerBatch& batch) {
  const ProducerEntry* const known = find(id);
  const bool starts = known == nullptr || known->epoch < epoch || known->batches.empty();
  apply(id, epoch, batch);
  if (starts && batch.base_sequence != 0) {
    entries_.at(id).entry.has_open_start = true;
  }
}

void ProducerState::restore(ProducerEntry entry) {
  Slot& slot = slot_of(entry.producer_id);
  const TimestampMs last_append_ms = entry.last_append_ms;
  slot.entry = std::move(entry);
  touch(slot, last_append_ms);
}

void ProducerState::forget_above(Offset data_end, Offset schedule_end) {
  for (auto& [id, slot] : entries_) {
    for (ProducerBatch& batch : slot.entry.batches) {
      if (batch.data.end_offset() > data_end) {
        batch.data.base_offset = kNoOffset;
      }
      if (batch.schedule.end_offset() > schedule_end) {
        batch.schedule.base_offset = kNoOffset;
      }
    }
    std::vector<ProducerBatch>& batches = slot.entry.batches;
    const auto is_lost = [](const ProducerBatch& batch) {
      return !batch.data.stored() && !batch.schedule.stored();
    };
    slot.entry.has_open_start |= !batches.empty() && is_lost(batches.front());
    std::erase_if(batches, is_lost);
  }
}

void ProducerState::expire(TimestampMs now_ms) {
  while (!by_age_.empty()) {
    const auto oldest = entries_.find(by_age_.front());
    assert(oldest != entries_.end());
    if (now_ms - oldest->second.entry.last_append_ms <= limits_.expiration_ms) {
      return;
    }
    entries_.erase(oldest);
    by_age_.pop_front();
  }
}

const ProducerEntry* ProducerState::find(ProducerId id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second.entry;
}

std::vector<ProducerEntry> ProducerState::entries() const {
  std::vector<ProducerEntry> out;
  out.reserve(entries_.size());
  for (const auto* order : {&by_age_, &reserved_}) {
    for (const ProducerId id : *order) {
      out.push_back(entries_.at(id).entry);
    }
  }
  return out;
}

}  // namespace orloj::log
