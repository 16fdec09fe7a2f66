#include "log/retention.h"

#include <gtest/gtest.h>

#include <vector>

namespace orloj::log {
namespace {

// Four segments of ten offsets and 100 bytes, newest records at 1000, 2000, 3000, 4000.
std::vector<SegmentFacts> four_segments() {
  std::vector<SegmentFacts> segments;
  for (Offset i = 0; i < 4; ++i) {
    segments.push_back({i * 10, i * 10 + 10, 100, (i + 1) * 1000});
  }
  return segments;
}

RetentionRules rules() {
  return {.now_ms = 10'000, .log_start = 0, .high_watermark = 40};
}

TEST(Retention, Unlimited_KeepsEverything) {
  const auto verdict = decide_retention(four_segments(), rules());
  EXPECT_EQ(verdict.log_start, 0);
  EXPECT_FALSE(verdict.roll_active);
}

TEST(Retention, ByTime_DropsSegmentsWhoseNewestRecordIsTooOld) {
  RetentionRules by_time = rules();
  by_time.retention_ms = 8'000;  // 1000 is too old, 2000 is just not
  EXPECT_EQ(decide_retention(four_segments(), by_time).log_start, 10);
}

TEST(Retention, ByTime_StopsAtTheFirstYoungSegment) {
  auto segments = four_segments();
  segments[0].max_timestamp_ms = 9'999;
  RetentionRules by_time = rules();
  by_time.retention_ms = 1;
  EXPECT_EQ(decide_retention(segments, by_time).log_start, 0);
}

TEST(Retention, ByTime_KeepsSegmentsWithoutTimestampsAndFromTheFuture) {
  auto segments = four_segments();
  segments[1].max_timestamp_ms = kNoTimestamp;
  RetentionRules by_time = rules();
  by_time.retention_ms = 0;
  EXPECT_EQ(decide_retention(segments, by_time).log_start, 10);
  segments[1].max_timestamp_ms = 20'000;
  EXPECT_EQ(decide_retention(segments, by_time).log_start, 10);
}

TEST(Retention, BySize_LeavesAtLeastRetentionBytes) {
  RetentionRules by_size = rules();
  by_size.retention_bytes = 250;
  EXPECT_EQ(decide_retention(four_segments(), by_size).log_start, 10);
  by_size.retention_bytes = 300;
  EXPECT_EQ(decide_retention(four_segments(), by_size).log_start, 10);
  by_size.retention_bytes = 301;
  EXPECT_EQ(decide_retention(four_segments(), by_size).log_start, 0);
}

// The cleaner leaves segments that end before the next one starts, and such without any records.
TEST(Retention, CompactedSegments_GoUpToTheStartOfTheNextOne) {
  auto segments = four_segments();
  segments[0].next_offset = 7;
  RetentionRules by_time = rules();
  by_time.retention_ms = 8'000;
  EXPECT_EQ(decide_retention(segments, by_time).log_start, 10);
}

TEST(Retention, SegmentThatTheCleanerEmptied_HoldsBackNothing) {
  auto segments = four_segments();
  segments[0] = {0, 0, 0, kNoTimestamp};
  RetentionRules by_time = rules();
  by_time.retention_ms = 7'000;  // 2000 is too old, 3000 is just not
  EXPECT_EQ(decide_retention(segments, by_time).log_start, 20);
  by_time.retention_ms = 8'000;
  EXPECT_EQ(decide_retention(segments, by_time).log_start, 0);
}

TEST(Retention, HighWatermark_IsNeverPassed) {
  RetentionRules by_time = rules();
  by_time.retention_ms = 1;
  by_time.high_watermark = 25;
  EXPECT_EQ(decide_retention(four_segments(), by_time).log_start, 20);
}

TEST(Retention, ActiveSegment_GoesOnlyByRolling_AndNotWhileEmpty) {
  RetentionRules by_time = rules();
  by_time.retention_ms = 1;
  auto verdict = decide_retention(four_segments(), by_time);
  EXPECT_EQ(verdict.log_start, 40);
  EXPECT_TRUE(verdict.roll_active);
  auto segments = four_segments();
  segments.push_back({40, 40, 0, kNoTimestamp});
  verdict = decide_retention(segments, by_time);
  EXPECT_EQ(verdict.log_start, 40);
  EXPECT_FALSE(verdict.roll_active);
}

}  // namespace
}  // namespace orloj::log
