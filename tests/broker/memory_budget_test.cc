#include "broker/memory_budget.h"

#include <gtest/gtest.h>

namespace orloj::broker {
namespace {

TEST(MemoryBudget, BeyondTheLimit_WaitsUntilBytesComeBack) {
  MemoryBudget budget(100);
  int woken = 0;
  const std::function<void()> wake = [&] { ++woken; };
  ASSERT_TRUE(budget.take(80, wake));
  EXPECT_FALSE(budget.take(30, wake));
  EXPECT_EQ(woken, 0);
  budget.give_back(80);
  EXPECT_EQ(woken, 1);
  EXPECT_TRUE(budget.take(30, wake));
  EXPECT_EQ(budget.used_bytes(), 30);
}

TEST(MemoryBudget, RequestLargerThanTheLimit_PassesAlone) {
  MemoryBudget budget(100);
  EXPECT_TRUE(budget.take(200, [] {}));
  EXPECT_FALSE(budget.take(1, [] {}));
}

TEST(BudgetLease, Destroyed_GivesBackWhatItHeld) {
  MemoryBudget budget(100);
  {
    BudgetLease lease(budget);
    ASSERT_TRUE(lease.grow(10, [] {}));
    ASSERT_TRUE(lease.grow(20, [] {}));
    const BudgetLease moved(std::move(lease));
    EXPECT_EQ(moved.bytes(), 30);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

}  // namespace
}  // namespace orloj::broker
