// What is due next, in memory: a hierarchical timing wheel with 1 ms ticks.
//
// Each level has slots 256 times as wide as the level below and holds two windows: the current one
// and the next. A slot is a contiguous array that is sorted when it is opened. What lies in the
// next window of a level moves down a little at a time, ahead of need, so that no tick has to move
// a whole slot at once. Every call does a bounded amount of work. Pure: time is passed in. Not
// thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace orloj::scheduler {

inline constexpr std::int64_t kWheelDueMaxMs = (std::int64_t{1} << 48) - 1;
inline constexpr std::int64_t kWheelPlaceMax = (std::int64_t{1} << 48) - 1;

// 16 bytes: due instant and place have 48 bits each, the owner 32.
class WheelEntry {
 public:
  WheelEntry(std::int64_t due_ms, std::uint32_t owner, std::int64_t place);

  std::int64_t due_ms() const { return static_cast<std::int64_t>(high_ >> 16); }
  std::uint32_t owner() const {
    return static_cast<std::uint32_t>((high_ & 0xffffU) << 16) |
           static_cast<std::uint32_t>(low_ >> 48);
  }
  // What the owner knows it by.
  std::int64_t place() const { return static_cast<std::int64_t>(low_ & 0xffffffffffffULL); }

  // By due instant, then owner, then place.
  auto operator<=>(const WheelEntry&) const = default;

 private:
  std::uint64_t high_;
  std::uint64_t low_;
};

class TimingWheel {
 public:
  explicit TimingWheel(std::int64_t now_ms) : now_ms_(now_ms) {}

  // What is due already comes out with the next advance().
  void insert(const WheelEntry& entry);

  // Moves time on to `now_ms` (never back) and appends to `out` what is due then, in order of
  // operator<=> within a millisecond and of due instant otherwise; entries that were due before
  // they were inserted come first. Moves and emits at most `work_max` entries: false when that was
  // not enough and time stands before `now_ms`, so call again.
  bool advance(std::int64_t now_ms, std::size_t work_max, std::vector<WheelEntry>& out);

  // Removes entries of `owner` that are due at or after `from_ms`; returns how many. Looks at every
  // entry.
  std::size_t drop(std::uint32_t owner, std::int64_t from_ms);

  // No entry is due before this; nullopt when there is none. Exact within the current 256 ms.
  std::optional<std::int64_t> next_due_ms() const;

  std::int64_t now_ms() const { return now_ms_; }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kLevels = 4;
  static constexpr unsigned kSlotBits = 8;
  static constexpr std::size_t kSlots = 2U << kSlotBits;  // two windows

  using Slot = std::vector<WheelEntry>;
  struct Level {
    std::array<Slot, kSlots> slots;
    std::array<std::uint64_t, kSlots / 64> occupied{};
    std::size_t count = 0;
  };

  static std::int64_t slot_number(std::size_t level, std::int64_t instant_ms) {
    return instant_ms >> (kSlotBits * level);
  }
  Slot& slot_at(std::size_t level, std::int64_t number) {
    return levels_[level].slots[static_cast<std::size_t>(number) % kSlots];
  }

  void place(const WheelEntry& entry);
  void put(std::size_t level, std::int64_t number, const WheelEntry& entry);
  void mark(std::size_t level, std::int64_t number);
  bool move_down(std::size_t level, std::int64_t number, std::size_t& work);
  bool enter_windows(std::int64_t tick_ms, std::size_t& work);
  void move_ahead(std::size_t& work);
  std::int64_t next_stop(std::int64_t target_ms) const;
  std::optional<std::int64_t> first_occupied(std::size_t level, std::int64_t from_number) const;
  bool emit(Slot& slot, std::size_t& work, std::vector<WheelEntry>& out);

  std::int64_t now_ms_;
  std::size_t size_ = 0;
  Slot late_;  // due at or before now when inserted
  std::array<Level, kLevels> levels_;
};

}  // namespace orloj::scheduler
