#include "coordinator/producer_ids.h"

#include <gtest/gtest.h>

#include <set>

#include "coordinator/memory_metadata_store.h"

namespace orloj::coordinator {
namespace {

TEST(ProducerIds, NeverRepeat_AlsoAcrossRestarts) {
  MemoryMetadataStore store;
  std::set<log::ProducerId> seen;
  for (int life = 0; life < 5; ++life) {
    ProducerIds ids(store, 10);
    for (int i = 0; i < 7 + life; ++i) EXPECT_TRUE(seen.insert(ids.next().value()).second);
  }
  EXPECT_EQ(*seen.begin(), 0);
  EXPECT_LT(*seen.rbegin(), log::kFirstReservedProducerId);
}

TEST(ProducerIds, AreClaimedBeforeTheyAreGiven) {
  MemoryMetadataStore store;
  ProducerIds first(store, 10);
  ProducerIds second(store, 10);
  EXPECT_EQ(first.next().value(), 0);
  EXPECT_EQ(second.next().value(), 10);
  EXPECT_EQ(first.next().value(), 1);
}

TEST(ProducerIds, WhenUsedUp_AreRefusedBelowTheReservedRange) {
  MemoryMetadataStore store;
  std::string last("\x3f\xff\xff\xff\xff\xff\xff\xff", 8);
  store.commit({{}, {{"producer-ids", last}}}).value();
  EXPECT_EQ(ProducerIds(store, 10).next().error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace orloj::coordinator
