#include "broker/memory_budget.h"

#include <gtest/gtest.h>

namespace orloj::broker {
namespace {

TEST(MemoryBudget, BeyondTheLimit_WaitsUntilBytesComeBack) {
  MemoryBudget budget(100);
  int woken = 0;
  const std::function<void()> wake = [&] { ++woken; };
  ASSERT_TRUE(budget.take({80}, wake));
  EXPECT_FALSE(budget.take({30}, wake));
  EXPECT_EQ(woken, 0);
  budget.give_back(80);
  EXPECT_EQ(woken, 1);
  EXPECT_TRUE(budget.take({30}, wake));
  EXPECT_EQ(budget.used_bytes(), 30);
}

TEST(MemoryBudget, RequestLargerThanTheLimit_PassesAlone) {
  MemoryBudget budget(100);
  EXPECT_TRUE(budget.take({200}, [] {}));
  EXPECT_FALSE(budget.take({1}, [] {}));
}

TEST(MemoryBudget, FramesOnTheirWay_LeaveRoomForThoseThatAreHere) {
  MemoryBudget budget(100);
  ASSERT_TRUE(budget.take({50, 0, BudgetUse::kBeginning}, [] {}));
  EXPECT_FALSE(budget.take({1, 0, BudgetUse::kBeginning}, [] {}));
  ASSERT_TRUE(budget.take({25, 10, BudgetUse::kRest}, [] {}));
  EXPECT_FALSE(budget.take({1, 10, BudgetUse::kRest}, [] {}));
  EXPECT_TRUE(budget.take({25, 0, BudgetUse::kWhole}, [] {}));
}

TEST(MemoryBudget, RestOfALargeRequest_PassesWhenNothingElseIsHeld) {
  MemoryBudget budget(100);
  ASSERT_TRUE(budget.take({10, 0, BudgetUse::kBeginning}, [] {}));
  EXPECT_TRUE(budget.take({200, 10, BudgetUse::kRest}, [] {}));
}

TEST(MemoryBudget, IsWanted_WhileSomebodyWaits) {
  MemoryBudget budget(100);
  ASSERT_TRUE(budget.take({100}, [] {}));
  EXPECT_FALSE(budget.is_wanted());
  EXPECT_FALSE(budget.take({1}, [] {}));
  EXPECT_TRUE(budget.is_wanted());
  budget.give_back(100);
  EXPECT_FALSE(budget.is_wanted());
}

TEST(BudgetLease, Destroyed_GivesBackWhatItHeld) {
  MemoryBudget budget(100);
  {
    BudgetLease lease(budget);
    ASSERT_TRUE(lease.grow(10, BudgetUse::kWhole, [] {}));
    ASSERT_TRUE(lease.grow(20, BudgetUse::kWhole, [] {}));
    const BudgetLease moved(std::move(lease));
    EXPECT_EQ(moved.bytes(), 30);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

}  // namespace
}  // namespace orloj::broker
