#include "log/offset_map.h"

#include <gtest/gtest.h>

#include <string>

namespace orloj::log {
namespace {

TEST(OffsetMap, Find_GivesTheLatestOffset) {
  OffsetMap map(10, 1 << 20);
  EXPECT_TRUE(map.put(to_bytes("a"), 1));
  EXPECT_TRUE(map.put(to_bytes("b"), 2));
  EXPECT_TRUE(map.put(to_bytes("a"), 3));
  EXPECT_EQ(map.find(to_bytes("a")), 3);
  EXPECT_EQ(map.find(to_bytes("b")), 2);
  EXPECT_EQ(map.find(to_bytes("c")), kNoOffset);
  EXPECT_EQ(map.find(to_bytes("")), kNoOffset);
  EXPECT_EQ(map.size(), 2U);
}

TEST(OffsetMap, FullMap_RefusesNewKeys_TakesKnownOnes) {
  OffsetMap map(1'000'000, 24 * 8);  // eight slots, six of them used at most
  int taken = 0;
  while (map.put(to_bytes("key-" + std::to_string(taken)), taken)) {
    ++taken;
  }
  EXPECT_EQ(taken, 6);
  EXPECT_TRUE(map.put(to_bytes("key-0"), 99));
  EXPECT_EQ(map.find(to_bytes("key-0")), 99);
  EXPECT_EQ(map.find(to_bytes("key-" + std::to_string(taken))), kNoOffset);
}

TEST(OffsetMap, ManyKeys_AreAllFound) {
  OffsetMap map(10'000, 1 << 20);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(map.put(to_bytes(std::to_string(i)), i));
  }
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(map.find(to_bytes(std::to_string(i))), i);
  }
}

}  // namespace
}  // namespace orloj::log
