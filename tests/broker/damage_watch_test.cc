#include "broker/damage_watch.h"

#include <gtest/gtest.h>

namespace orloj::broker {
namespace {

TEST(DamageWatch, EachDamage_IsToldOnceForEachPartition) {
  DamageWatch watch;
  log::PartitionStats stats;
  EXPECT_TRUE(watch.news("t-0", stats).empty());
  stats.compaction_halted = true;
  const auto lines = watch.news("t-0", stats);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].starts_with("t-0: compaction met a damaged batch")) << lines[0];
  EXPECT_TRUE(watch.news("t-0", stats).empty());
  EXPECT_EQ(watch.news("t-1", stats).size(), 1U);
  stats.producer_state_damaged = true;
  const auto more = watch.news("t-0", stats);
  ASSERT_EQ(more.size(), 1U);
  EXPECT_TRUE(more[0].starts_with("t-0: the state of its producers is damaged")) << more[0];
}

TEST(DamageWatch, DamageThatWentAndCame_IsToldAgain) {
  DamageWatch watch;
  log::PartitionStats stats;
  stats.compaction_halted = true;
  EXPECT_EQ(watch.news("t-0", stats).size(), 1U);
  EXPECT_TRUE(watch.news("t-0", {}).empty());
  EXPECT_EQ(watch.news("t-0", stats).size(), 1U);
}

}  // namespace
}  // namespace orloj::broker
