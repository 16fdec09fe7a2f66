// The offset index and the time index over their common file.
#include <gtest/gtest.h>

#include <string>

#include "log/env/posix_env.h"
#include "log/env/whole_file.h"
#include "log/offset_index.h"
#include "log/time_index.h"
#include "tests/support/temp_dir.h"

namespace orloj::log {
namespace {

constexpr Offset kBase = 1000;

class IndexTest : public ::testing::Test {
 protected:
  FileSystem& files() { return posix_.env().files(); }
  std::string path() const { return dir_.file("index"); }

  // Entries for offsets 1009, 1019, … at positions 0, 500, 1000, …
  std::unique_ptr<OffsetIndex> filled(int entries) {
    auto index = OffsetIndex::create(files(), path(), kBase).value();
    for (int i = 0; i < entries; ++i) {
      index->append({kBase + 9 + 10 * i, 500 * i});
    }
    return index;
  }

  static void expect_lookups(const OffsetIndex& index, int entries) {
    EXPECT_FALSE(index.find_offset(kBase + 8).value());
    for (int i = 0; i < entries; ++i) {
      const auto found = index.find_offset(kBase + 9 + 10 * i + i % 10).value();
      ASSERT_TRUE(found);
      ASSERT_EQ(found->position, 500 * i);
      ASSERT_EQ(index.find_position(500 * i + 499).value()->last_offset, kBase + 9 + 10 * i);
    }
    EXPECT_EQ(index.find_offset(INT64_MAX).value()->position, 500 * (entries - 1));
  }

  test::TempDir dir_;
  PosixEnv posix_;
};

TEST_F(IndexTest, LookupsAgree_InMemorySealedAndReopened) {
  constexpr int kEntries = 2000;
  auto index = filled(kEntries);
  expect_lookups(*index, kEntries);
  ASSERT_TRUE(index->seal());
  expect_lookups(*index, kEntries);
  for (const IndexUse use : {IndexUse::kLookup, IndexUse::kAppend}) {
    const auto reopened = OffsetIndex::open(files(), path(), kBase, use).value();
    EXPECT_EQ(reopened->count(), std::size_t{kEntries});
    expect_lookups(*reopened, kEntries);
  }
}

TEST_F(IndexTest, OffsetIndexFile_IsKafkasFormat) {
  auto index = OffsetIndex::create(files(), path(), kBase).value();
  index->append({kBase + 0x0102, 0x030405});
  ASSERT_TRUE(index->seal());
  const auto content = read_whole_file(files(), path(), 100).value();
  EXPECT_EQ(to_text(content), std::string("\x00\x00\x01\x02\x00\x03\x04\x05", 8));
}

TEST_F(IndexTest, TimeIndexFile_IsKafkasFormat) {
  auto index = TimeIndex::create(files(), path(), kBase).value();
  index->append({0x0102030405, kBase + 7});
  ASSERT_TRUE(index->seal());
  const auto content = read_whole_file(files(), path(), 100).value();
  EXPECT_EQ(to_text(content), std::string("\x00\x00\x00\x01\x02\x03\x04\x05\x00\x00\x00\x07", 12));
}

TEST_F(IndexTest, Truncate_DropsEntriesAndTakesAppendsAgain) {
  auto index = filled(1000);
  ASSERT_TRUE(index->seal());
  ASSERT_TRUE(index->truncate(kBase + 29));
  EXPECT_EQ(index->count(), 2U);
  index->append({kBase + 500, 2000});
  EXPECT_EQ(index->find_offset(kBase + 600).value()->position, 2000);
  ASSERT_TRUE(index->seal());
  EXPECT_EQ(read_whole_file(files(), path(), 100).value().size(), 24U);
}

TEST_F(IndexTest, TimeIndex_KeepsOnlyRisingTimes) {
  auto index = TimeIndex::create(files(), path(), kBase).value();
  index->append({kNoTimestamp, kBase});
  index->append({100, kBase + 1});
  index->append({100, kBase + 2});
  index->append({90, kBase + 3});
  index->append({200, kBase + 4});
  EXPECT_EQ(index->count(), 2U);
  EXPECT_FALSE(index->find_timestamp(99).value());
  EXPECT_EQ(index->find_timestamp(199).value()->last_offset, kBase + 1);
  EXPECT_EQ(index->find_timestamp(200).value()->last_offset, kBase + 4);
  EXPECT_EQ(index->find_below(kBase + 4).value()->timestamp_ms, 100);
  EXPECT_EQ(index->last().value()->timestamp_ms, 200);
}

TEST_F(IndexTest, OddSize_IsCorruptAndAbsence_IsNotFound) {
  EXPECT_EQ(OffsetIndex::open(files(), path(), kBase, IndexUse::kLookup).error().code,
            ErrorCode::kNotFound);
  ASSERT_TRUE(replace_file(files(), path(), to_bytes("123456789")));
  EXPECT_EQ(OffsetIndex::open(files(), path(), kBase, IndexUse::kLookup).error().code,
            ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace orloj::log
