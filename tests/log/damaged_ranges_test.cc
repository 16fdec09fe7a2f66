// Offsets that are lost or can't be read answer kCorrupt after every start, not only after the one
// that found them.
#include "log/damaged_ranges.h"

#include <algorithm>
#include <array>
#include <optional>

#include "log/format.h"
#include "tests/log/log_store_fixture.h"

namespace orloj::log {
namespace {

constexpr int kBatches = 120;
constexpr int kRecords = 10;
constexpr Offset kEnd = kBatches * kRecords;
const std::string kDirectory = "/data/t-0";
const std::string kFile = kDirectory + "/damaged-offsets";

TopicLogConfig config_with(bool compact) {
  TopicLogConfig config;
  config.segment_bytes = 4096;
  config.cleanup_compact = compact;
  return config;
}

// A log of several segments, cleanly stopped.
class DamagedRangesTest : public LogStoreFixture {
 protected:
  explicit DamagedRangesTest(bool compact = false) : LogStoreFixture(config_with(compact)) {
    for (int i = 0; i < kBatches; ++i) {
      EXPECT_TRUE(append(0, kRecords).has_value());
    }
    stop();
    for (const DirectoryEntry& entry : sim_.disk.list(kDirectory).value()) {
      const auto name = format::parse_segment_file_name(entry.name);
      if (name && name->suffix == format::kDataSuffix) {
        bases_.push_back(name->base_offset);
      }
    }
    EXPECT_GT(bases_.size(), 3U);
  }

  void stop() {
    ASSERT_TRUE(store_->close());
    store_.reset();
  }
  std::string segment(std::size_t index) const {
    return kDirectory + "/" + format::segment_file_name(bases_[index], format::kDataSuffix);
  }
  DamagedRange range_of(std::size_t index) const {
    return {bases_[index], index + 1 < bases_.size() ? bases_[index + 1] : kEnd};
  }
  // Nullopt: it was served.
  std::optional<ErrorCode> answer_at(Offset offset) const {
    const auto read = partition()->read_from_disk({.offset = offset, .max_bytes = 1});
    if (read.has_value()) {
      EXPECT_GT(read->size_bytes, 0) << offset;
    }
    return read.has_value() ? std::nullopt : std::optional(read.error().code);
  }
  void expect_damage(const DamagedRange& damaged) const {
    EXPECT_EQ(partition()->stats().damaged_offsets, damaged.to - damaged.from);
    for (Offset offset = 0; offset < kEnd; offset += kRecords) {
      const bool is_lost = offset >= damaged.from && offset < damaged.to;
      EXPECT_EQ(answer_at(offset), is_lost ? std::optional(ErrorCode::kCorrupt) : std::nullopt)
          << "offset " << offset;
    }
  }
  bool says(const std::string& text) const {
    const auto& messages = store_->recovery().messages;
    return std::any_of(messages.begin(), messages.end(),
                       [&](const auto& m) { return m.find(text) != std::string::npos; });
  }
  std::string words_of(const DamagedRange& range) const {
    return "offsets " + std::to_string(range.from) + " to " + std::to_string(range.to - 1);
  }
  // Two starts, the second one after a clean stop and an append.
  void expect_remembered(const DamagedRange& damaged) {
    open();
    EXPECT_TRUE(says(words_of(damaged)));
    expect_damage(damaged);
    ASSERT_TRUE(append(0, kRecords).has_value());
    stop();
    open();
    EXPECT_TRUE(says(words_of(damaged)));
    expect_damage(damaged);
    kill();
    open();
    expect_damage(damaged);
  }
  void overwrite(const std::string& path, std::uint64_t at, std::string_view text) {
    const auto file = sim_.disk.open(path, OpenMode::kReadWrite).value();
    ASSERT_TRUE(file->pwrite(to_bytes(text), at));
  }

  std::vector<Offset> bases_;
};

class CompactedDamagedRangesTest : public DamagedRangesTest {
 protected:
  CompactedDamagedRangesTest() : DamagedRangesTest(true) {}
};

TEST_F(DamagedRangesTest, FirstSegmentGone_IsRemembered) {
  ASSERT_TRUE(sim_.disk.remove(segment(0)));
  expect_remembered(range_of(0));
}

TEST_F(DamagedRangesTest, ASegmentGoneInTheMiddle_IsRemembered) {
  ASSERT_TRUE(sim_.disk.remove(segment(2)));
  expect_remembered(range_of(2));
}

TEST_F(DamagedRangesTest, LastSegmentGone_IsRemembered) {
  ASSERT_TRUE(sim_.disk.remove(segment(bases_.size() - 1)));
  expect_remembered(range_of(bases_.size() - 1));
}

TEST_F(DamagedRangesTest, AnUnreadableBatchLength_IsRemembered) {
  overwrite(segment(1), 8, "\x7f");
  expect_remembered(range_of(1));
}

TEST_F(DamagedRangesTest, ARottenByteOfARecord_CostsItsBatchAfterEveryStart) {
  overwrite(segment(1), 100, "\x7f");
  for (int start = 0; start < 2; ++start) {
    open();
    EXPECT_EQ(answer_at(bases_[1]), ErrorCode::kCorrupt);
    EXPECT_EQ(answer_at(bases_[1] + kRecords), std::nullopt);
    stop();
  }
}

TEST_F(CompactedDamagedRangesTest, LastSegmentGone_IsNotTakenForTheCleanersWork) {
  ASSERT_TRUE(sim_.disk.remove(segment(bases_.size() - 1)));
  expect_remembered(range_of(bases_.size() - 1));
}

TEST_F(CompactedDamagedRangesTest, FirstSegmentGone_IsNotTakenForTheCleanersWork) {
  ASSERT_TRUE(sim_.disk.remove(segment(0)));
  expect_remembered(range_of(0));
}

TEST_F(CompactedDamagedRangesTest, GapsBetweenSegments_MayBeTheCleaners) {
  ASSERT_TRUE(sim_.disk.remove(segment(2)));
  open();
  EXPECT_EQ(partition()->stats().damaged_offsets, 0);
}

TEST_F(DamagedRangesTest, AFileThatCannotBeRead_IsToldAndMadeAnew) {
  ASSERT_TRUE(sim_.disk.remove(segment(2)));
  open();
  stop();
  overwrite(kFile, 4, "x");
  open();
  EXPECT_TRUE(says("damaged-offsets is damaged; it is made anew"));
  expect_damage(range_of(2));
  stop();
  open();
  EXPECT_FALSE(says("made anew"));
  expect_damage(range_of(2));
}

TEST_F(DamagedRangesTest, ALogStartBehindThem_ForgetsThem) {
  ASSERT_TRUE(sim_.disk.remove(segment(1)));
  open();
  ASSERT_TRUE(sim_.disk.exists(kFile).value());
  Status deleted = Error{ErrorCode::kClosed, ""};
  partition()->delete_records(bases_[2], [&](const Status& status) { deleted = status; });
  ASSERT_TRUE(deleted);
  EXPECT_EQ(partition()->stats().damaged_offsets, 0);
  EXPECT_FALSE(sim_.disk.exists(kFile).value());
  EXPECT_EQ(answer_at(bases_[2]), std::nullopt);
}

TEST_F(DamagedRangesTest, ALogStartWithinThem_LeavesTheRest) {
  ASSERT_TRUE(sim_.disk.remove(segment(0)));
  open();
  partition()->delete_records(kRecords, [](const Status& status) { EXPECT_TRUE(status); });
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(partition()->offsets().log_start, kRecords);
    EXPECT_EQ(partition()->stats().damaged_offsets, bases_[1] - kRecords);
    EXPECT_EQ(answer_at(kRecords), ErrorCode::kCorrupt);
    stop();
    open();
  }
}

TEST_F(DamagedRangesTest, AFileThatWasPutBack_IsServedAgain) {
  ASSERT_TRUE(sim_.disk.rename(segment(2), "/data/away"));
  open();
  expect_damage(range_of(2));
  stop();
  ASSERT_TRUE(sim_.disk.rename("/data/away", segment(2)));
  open();
  EXPECT_TRUE(says(words_of(range_of(2)) + " can be read again"));
  expect_damage({});
  EXPECT_FALSE(sim_.disk.exists(kFile).value());
}

TEST(DamagedRanges, Normal_JoinsSortsAndCuts) {
  const std::vector<DamagedRange> ranges{{50, 60}, {10, 20}, {15, 30}, {30, 35}, {90, 99}, {0, 5}};
  const std::vector<DamagedRange> expected{{12, 35}, {50, 60}, {90, 95}};
  EXPECT_EQ(normal(ranges, {12, 95}), expected);
}

class DamagedRangesFileTest : public ::testing::Test {
 protected:
  DamagedRangesFileTest() { EXPECT_TRUE(sim_.disk.create_directories("/log")); }
  ErrorCode load_fault() { return load_damaged_ranges(sim_.disk, "/log").error().code; }

  test::SimEnv sim_{1};
};

TEST_F(DamagedRangesFileTest, WhatWasStored_IsLoaded) {
  EXPECT_EQ(load_fault(), ErrorCode::kNotFound);
  const std::vector<DamagedRange> ranges{{0, 7}, {120, 180}};
  ASSERT_TRUE(store_damaged_ranges(sim_.disk, "/log", ranges));
  sim_.disk.restart_after_power_cut();
  EXPECT_EQ(load_damaged_ranges(sim_.disk, "/log").value(), ranges);
  ASSERT_TRUE(store_damaged_ranges(sim_.disk, "/log", {}));
  EXPECT_EQ(load_fault(), ErrorCode::kNotFound);
}

TEST_F(DamagedRangesFileTest, EveryChangedByte_IsNoticed) {
  ASSERT_TRUE(store_damaged_ranges(sim_.disk, "/log", {{0, 7}, {120, 180}}));
  const auto file = sim_.disk.open("/log/damaged-offsets", OpenMode::kReadWrite).value();
  const std::uint64_t size = file->size().value();
  for (std::uint64_t at = 0; at < size; ++at) {
    std::array<std::byte, 1> byte{};
    ASSERT_EQ(file->pread(byte, at).value(), 1U);
    const std::array<std::byte, 1> changed{byte[0] ^ std::byte{1}};
    ASSERT_TRUE(file->pwrite(changed, at));
    EXPECT_EQ(load_fault(), ErrorCode::kCorrupt) << "byte " << at;
    ASSERT_TRUE(file->pwrite(byte, at));
  }
  ASSERT_TRUE(file->truncate(size - 1));
  EXPECT_EQ(load_fault(), ErrorCode::kCorrupt);
  ASSERT_TRUE(file->truncate(0));
  EXPECT_EQ(load_fault(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace orloj::log
