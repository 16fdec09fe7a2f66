#include "scheduler/timing_wheel.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace orloj::scheduler {
namespace {

constexpr std::size_t kSlotKeptEntries = 64;  // capacity an empty slot may keep

void clear_slot(std::vector<WheelEntry>& slot) {
  if (slot.capacity() > kSlotKeptEntries) {
    std::vector<WheelEntry>().swap(slot);
  } else {
    slot.clear();
  }
}

}  // namespace

WheelEntry::WheelEntry(std::int64_t due_ms, std::uint32_t owner, std::int64_t place)
    : high_((static_cast<std::uint64_t>(due_ms) << 16) | (owner >> 16)),
      low_((static_cast<std::uint64_t>(owner & 0xffffU) << 48) |
           static_cast<std::uint64_t>(place)) {
  assert(due_ms >= 0 && due_ms <= kWheelDueMaxMs);
  assert(place >= 0 && place <= kWheelPlaceMax);
}

void TimingWheel::insert(const WheelEntry& entry) {
  place(entry);
  ++size_;
}

// The lowest level whose current or next window holds the due instant; beyond the last level's, its
// last slot, from where it is placed anew.
void TimingWheel::place(const WheelEntry& entry) {
  const std::int64_t due = entry.due_ms();
  if (due <= now_ms_) {
    late_.push_back(entry);
    return;
  }
  for (std::size_t level = 0; level < kLevels; ++level) {
    if (slot_number(level + 1, due) - slot_number(level + 1, now_ms_) <= 1) {
      put(level, slot_number(level, due), entry);
      return;
    }
  }
  const std::int64_t windows_end = (slot_number(kLevels, now_ms_) + 2) << kSlotBits;
  put(kLevels - 1, windows_end - 1, entry);
}

void TimingWheel::put(std::size_t level, std::int64_t number, const WheelEntry& entry) {
  slot_at(level, number).push_back(entry);
  ++levels_[level].count;
  mark(level, number);
}

void TimingWheel::mark(std::size_t level, std::int64_t number) {
  const std::size_t index = static_cast<std::size_t>(number) % kSlots;
  const std::uint64_t bit = std::uint64_t{1} << (index % 64);
  std::uint64_t& word = levels_[level].occupied[index / 64];
  word = levels_[level].slots[index].empty() ? word & ~bit : word | bit;
}

// Empties a slot into the levels below; false when the work did not suffice.
bool TimingWheel::move_down(std::size_t level, std::int64_t number, std::size_t& work) {
  Slot& slot = slot_at(level, number);
  while (!slot.empty() && work > 0) {
    const WheelEntry entry = slot.back();
    slot.pop_back();
    --levels_[level].count;
    place(entry);
    --work;
  }
  const bool empty = slot.empty();
  if (empty) {
    clear_slot(slot);
  }
  mark(level, number);
  return empty;
}

// `tick_ms` may start a new window on some levels: the slots above that hold it must be empty
// first.
bool TimingWheel::enter_windows(std::int64_t tick_ms, std::size_t& work) {
  for (std::size_t level = kLevels - 1; level > 0; --level) {
    const std::int64_t number = slot_number(level, tick_ms);
    const bool starts_slot = number << (kSlotBits * level) == tick_ms;
    if (starts_slot && !move_down(level, number, work)) {
      return false;
    }
  }
  return true;
}

// Uses what is left of the work to move the next slot of each level down before it is needed.
void TimingWheel::move_ahead(std::size_t& work) {
  for (std::size_t level = 1; level < kLevels && work > 0; ++level) {
    const std::int64_t next = slot_number(level, now_ms_) + 1;
    if (!slot_at(level, next).empty()) {
      move_down(level, next, work);
    }
  }
}

std::optional<std::int64_t> TimingWheel::first_occupied(std::size_t level,
                                                        std::int64_t from_number) const {
  const Level& wheel = levels_[level];
  if (wheel.count == 0) {
    return std::nullopt;
  }
  std::size_t passed = 0;
  while (passed < kSlots) {
    const std::size_t index = static_cast<std::size_t>(from_number + std::int64_t(passed)) % kSlots;
    const std::uint64_t word = wheel.occupied[index / 64] >> (index % 64);
    if (word != 0) {
      passed += static_cast<std::size_t>(std::countr_zero(word));
      break;
    }
    passed += 64 - index % 64;
  }
  return passed < kSlots ? std::optional(from_number + std::int64_t(passed)) : std::nullopt;
}

// The next tick at which there is anything to do, at most `target_ms`.
std::int64_t TimingWheel::next_stop(std::int64_t target_ms) const {
  std::int64_t stop = target_ms;
  for (std::size_t level = 0; level < kLevels; ++level) {
    const auto number = first_occupied(level, slot_number(level, now_ms_) + 1);
    if (number) {
      stop = std::min(stop, *number << (kSlotBits * level));
    }
  }
  return stop;
}

bool TimingWheel::emit(Slot& slot, std::size_t& work, std::vector<WheelEntry>& out) {
  if (slot.size() > work) {
    // A part comes out in order all the same: the smallest first.
    const auto middle = slot.begin() + static_cast<std::ptrdiff_t>(work);
    std::nth_element(slot.begin(), middle, slot.end());
    std::sort(slot.begin(), middle);
    out.insert(out.end(), slot.begin(), middle);
    slot.erase(slot.begin(), middle);
    size_ -= work;
    work = 0;
    return false;
  }
  std::sort(slot.begin(), slot.end());
  out.insert(out.end(), slot.begin(), slot.end());
  size_ -= slot.size();
  work -= slot.size();
  clear_slot(slot);
  return true;
}

bool TimingWheel::advance(std::int64_t now_ms, std::size_t work_max, std::vector<WheelEntry>& out) {
  std::size_t work = work_max;
  if (!emit(late_, work, out)) {
    return false;
  }
  while (now_ms_ < now_ms) {
    const std::int64_t tick = next_stop(now_ms);
    now_ms_ = tick - 1;  // nothing is due in between
    if (!enter_windows(tick, work)) {
      return false;
    }
    Slot& slot = slot_at(0, tick);
    const std::size_t before = slot.size();
    const bool emitted = emit(slot, work, out);
    levels_[0].count -= before - slot.size();
    mark(0, tick);
    if (!emitted) {
      return false;
    }
    now_ms_ = tick;
  }
  move_ahead(work);
  return true;
}

std::size_t TimingWheel::drop(std::uint32_t owner, std::int64_t from_ms) {
  const auto goes = [owner, from_ms](const WheelEntry& entry) {
    return entry.owner() == owner && entry.due_ms() >= from_ms;
  };
  std::size_t dropped = std::erase_if(late_, goes);
  for (std::size_t level = 0; level < kLevels; ++level) {
    for (std::size_t index = 0; index < kSlots; ++index) {
      const std::size_t gone = std::erase_if(levels_[level].slots[index], goes);
      if (gone > 0) {
        levels_[level].count -= gone;
        mark(level, static_cast<std::int64_t>(index));
        dropped += gone;
      }
    }
  }
  size_ -= dropped;
  return dropped;
}

std::optional<std::int64_t> TimingWheel::next_due_ms() const {
  if (!late_.empty()) {
    return now_ms_;
  }
  if (size_ == 0) {
    return std::nullopt;
  }
  return next_stop(INT64_MAX);
}

}  // namespace orloj::scheduler
