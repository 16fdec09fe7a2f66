#include "log/verified_ranges.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace orloj::log {
namespace {

TEST(VerifiedRanges, RangesThatTouch_CoverWhatSpansThem) {
  VerifiedRanges ranges;
  ranges.add({0, 10});
  ranges.add({20, 30});
  EXPECT_FALSE(ranges.covers({5, 25}));
  ranges.add({10, 20});
  EXPECT_TRUE(ranges.covers({0, 30}));
  EXPECT_FALSE(ranges.covers({0, 31}));
}

TEST(VerifiedRanges, AHoleForgotten_LeavesBothSides) {
  VerifiedRanges ranges;
  ranges.add({0, 100});
  ranges.forget({40, 60});
  EXPECT_TRUE(ranges.covers({0, 40}));
  EXPECT_TRUE(ranges.covers({60, 100}));
  EXPECT_FALSE(ranges.covers({39, 41}));
  EXPECT_FALSE(ranges.covers({59, 61}));
}

TEST(VerifiedRanges, MoreThanTheLimit_ForgetsTheLowest) {
  VerifiedRanges ranges;
  const auto count = static_cast<std::int64_t>(VerifiedRanges::kRangesMax) + 1;
  for (std::int64_t i = 0; i < count; ++i) {
    ranges.add({10 * i, 10 * i + 5});
  }
  EXPECT_FALSE(ranges.covers({0, 5}));
  for (std::int64_t i = 1; i < count; ++i) {
    EXPECT_TRUE(ranges.covers({10 * i, 10 * i + 5})) << i;
  }
}

// Against one flag a byte: what is covered was added and not forgotten since.
TEST(VerifiedRanges, RandomSequences_NeverCoverAnUnknownByte) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  constexpr std::int64_t kBytes = 64;
  VerifiedRanges ranges;
  std::vector<bool> known(kBytes);
  std::int64_t covered = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto from = static_cast<std::int64_t>(random() % kBytes);
    const auto to =
        from + 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(kBytes - from));
    const auto kind = random() % 3;
    if (kind == 2) {
      bool all = true;
      for (std::int64_t i = from; i < to; ++i) {
        all = all && known[static_cast<std::size_t>(i)];
      }
      ASSERT_EQ(ranges.covers({from, to}), all) << from << " to " << to << " at step " << step;
      covered += all ? 1 : 0;
      continue;
    }
    kind == 0 ? ranges.add({from, to}) : ranges.forget({from, to});
    for (std::int64_t i = from; i < to; ++i) {
      known[static_cast<std::size_t>(i)] = kind == 0;
    }
  }
  EXPECT_GT(covered, 0);
}

}  // namespace
}  // namespace orloj::log
