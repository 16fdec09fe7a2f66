#include "scheduler/timing_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace orloj::scheduler {
namespace {

constexpr std::int64_t kStart = 1'795'255'200'000;
constexpr std::size_t kMuch = 1'000'000;

std::vector<WheelEntry> advance(TimingWheel& wheel, std::int64_t now, std::size_t work = kMuch) {
  std::vector<WheelEntry> out;
  while (!wheel.advance(now, work, out)) {
  }
  return out;
}

TEST(WheelEntry, Fields_AreKept) {
  const WheelEntry entry(kWheelDueMaxMs, UINT32_MAX - 5, kWheelPlaceMax - 7);
  EXPECT_EQ(entry.due_ms(), kWheelDueMaxMs);
  EXPECT_EQ(entry.owner(), UINT32_MAX - 5);
  EXPECT_EQ(entry.place(), kWheelPlaceMax - 7);
  EXPECT_LT(WheelEntry(1, 9, 9), WheelEntry(2, 0, 0));
  EXPECT_LT(WheelEntry(1, 1, 9), WheelEntry(1, 65'536, 0));
  EXPECT_LT(WheelEntry(1, 1, 8), WheelEntry(1, 1, 9));
  static_assert(sizeof(WheelEntry) == 16);
}

TEST(TimingWheel, Entry_ComesOutInItsMillisecondAndNotBefore) {
  for (const std::int64_t delay : {1L, 2L, 255L, 256L, 257L, 65'535L, 65'536L, 70'000L, 16'777'216L,
                                   40'000'000L, 4'294'967'296L, 400L * 86'400'000}) {
    TimingWheel wheel(kStart);
    wheel.insert({kStart + delay, 3, 4});
    EXPECT_TRUE(advance(wheel, kStart + delay - 1).empty()) << delay;
    const auto out = advance(wheel, kStart + delay);
    ASSERT_EQ(out.size(), 1U) << delay;
    EXPECT_EQ(out[0].place(), 4);
    EXPECT_EQ(wheel.size(), 0U);
  }
}

TEST(TimingWheel, DueAlready_ComesOutWithTheNextAdvance) {
  TimingWheel wheel(kStart);
  wheel.insert({kStart - 5, 0, 1});
  wheel.insert({kStart, 0, 2});
  wheel.insert({0, 0, 3});
  EXPECT_EQ(wheel.next_due_ms(), kStart);
  const auto out = advance(wheel, kStart);
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(out[0].place(), 3);
  EXPECT_EQ(out[2].place(), 2);
}

TEST(TimingWheel, TimeNeverGoesBack) {
  TimingWheel wheel(kStart);
  advance(wheel, kStart + 100);
  advance(wheel, kStart);
  EXPECT_EQ(wheel.now_ms(), kStart + 100);
}

TEST(TimingWheel, WorkOfOneCall_IsBounded) {
  TimingWheel wheel(kStart);
  for (std::int64_t i = 0; i < 10'000; ++i) {
    wheel.insert({kStart + 300, 0, i});
  }
  std::vector<WheelEntry> out;
  std::size_t calls = 1;
  while (!wheel.advance(kStart + 300, 64, out)) {
    ASSERT_LE(out.size(), 64 * calls);
    ++calls;
  }
  EXPECT_EQ(out.size(), 10'000U);
  EXPECT_TRUE(std::is_sorted(out.begin(), out.end()));
}

TEST(TimingWheel, FullSlotAhead_IsMovedBeforeItIsNeeded) {
  TimingWheel wheel(kStart);
  const std::int64_t boundary = ((kStart >> 16) + 2) << 16;
  for (std::int64_t i = 0; i < 10'000; ++i) {
    wheel.insert({boundary + i % 60'000, 0, i});
  }
  std::vector<WheelEntry> out;
  for (std::int64_t now = kStart + 1; now < boundary + 60'000; ++now) {
    ASSERT_TRUE(wheel.advance(now, 200, out)) << now - boundary;
  }
  EXPECT_EQ(out.size(), 10'000U);
}

TEST(TimingWheel, Drop_TakesOneOwnersLaterEntries) {
  TimingWheel wheel(kStart);
  for (std::int64_t i = 0; i < 1'000; ++i) {
    wheel.insert({kStart + i * 1'000, static_cast<std::uint32_t>(i % 2), i});
  }
  EXPECT_EQ(wheel.drop(1, kStart + 500'000), 250U);
  EXPECT_EQ(wheel.size(), 750U);
  const auto out = advance(wheel, kStart + 2'000'000);
  EXPECT_EQ(out.size(), 750U);
}

// Random operations against a multimap, with a budget that is sometimes tiny.
TEST(TimingWheel, RandomOperations_AgreeWithAModel) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto up_to = [&random](std::uint64_t bits) {
    return static_cast<std::int64_t>(random() >> (64 - 1 - random() % bits));
  };
  TimingWheel wheel(kStart);
  std::multimap<std::int64_t, std::int64_t> model;
  std::int64_t now = kStart;
  std::int64_t place = 0;
  for (int step = 0; step < 60'000; ++step) {
    if (random() % 3 != 0) {
      const std::int64_t due = now + up_to(34) - (random() % 8 == 0 ? 100 : 0);
      wheel.insert({due, 1, ++place});
      model.emplace(due, place);
      continue;
    }
    now += up_to(random() % 50 == 0 ? 33 : 12);
    const std::size_t work = random() % 2 == 0 ? 1 + random() % 20 : kMuch;
    const auto next = wheel.next_due_ms();
    ASSERT_EQ(next.has_value(), !model.empty());
    if (next && model.begin()->first > wheel.now_ms()) {
      ASSERT_LE(*next, model.begin()->first);
    }
    for (const WheelEntry& entry : advance(wheel, now, work)) {
      ASSERT_LE(entry.due_ms(), now);
      const auto [first, last] = model.equal_range(entry.due_ms());
      const auto found = std::find_if(
          first, last, [&entry](const auto& pair) { return pair.second == entry.place(); });
      ASSERT_NE(found, last);
      model.erase(found);
    }
    ASSERT_TRUE(model.empty() || model.begin()->first > now);
    ASSERT_EQ(wheel.size(), model.size());
  }
}

}  // namespace
}  // namespace orloj::scheduler
