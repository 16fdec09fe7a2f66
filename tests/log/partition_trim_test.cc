#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

#include "log/producer_state_file.h"
#include "tests/log/partition_fixture.h"

namespace orloj::log {
namespace {

class PartitionTrimTest : public PartitionFixture {
 protected:
  PartitionTrimTest() {
    spec_.config.segment_bytes = 200;  // a batch or two each
    spec_.config.retention_ms = -1;
  }

  // Batches of one record; three segments and more.
  void fill(int batches) {
    for (int i = 0; i < batches; ++i) {
      append(plain(1)).value();
    }
    journal_->sync();
  }
  std::vector<std::string> files(const std::string& ending) {
    std::vector<std::string> names;
    for (const auto& entry : env_.files().list(spec_.directory).value()) {
      if (entry.name.ends_with(ending)) {
        names.push_back(entry.name);
      }
    }
    return names;
  }
  Offset log_start() { return partition_->offsets().log_start; }
  Status delete_before(Offset before) {
    Status result;
    int calls = 0;
    partition_->delete_records(before, [&](const Status& status) {
      result = status;
      ++calls;
    });
    EXPECT_EQ(calls, 1);
    return result;
  }
};

TEST_F(PartitionTrimTest, OldSegments_GoWhole_TheirFilesLater) {
  spec_.config.retention_ms = 10'000;
  create();
  fill(6);
  clock_.advance_ms(10'000);
  fill(6);
  const auto segments = partition_->stats().segments;
  clock_.advance_ms(1);
  ASSERT_TRUE(partition_->run_retention());
  EXPECT_GT(log_start(), 0);
  EXPECT_LE(log_start(), 6);
  EXPECT_LT(partition_->stats().segments, segments);
  EXPECT_FALSE(files(".log.deleted").empty());
  EXPECT_EQ(partition_->read({.offset = 0, .max_bytes = 1}).error().code,
            ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(readable(LogKind::kData, log_start()).back(), 11);
  spec_.config.retention_ms = -1;
  partition_->set_config(spec_.config);
  clock_.advance_ms(options_.file_delete_delay_ms);
  ASSERT_TRUE(partition_->run_retention());
  EXPECT_TRUE(files(".log.deleted").empty());
}

TEST_F(PartitionTrimTest, EverythingTooOld_RollsAndDropsTheActiveSegmentToo) {
  spec_.config.retention_ms = 10'000;
  create();
  fill(6);
  clock_.advance_ms(10'001);
  ASSERT_TRUE(partition_->run_retention());
  EXPECT_EQ(log_start(), 6);
  EXPECT_EQ(partition_->stats().segments, 1);
  EXPECT_EQ(append(plain(1)).value().base_offset, 6);
}

TEST_F(PartitionTrimTest, RetentionBytes_KeepsAtLeastThatMuch) {
  spec_.config.retention_bytes = 500;
  create();
  fill(12);
  ASSERT_TRUE(partition_->run_retention());
  EXPECT_GT(log_start(), 0);
  EXPECT_GE(partition_->stats().data_bytes, 500);
  EXPECT_LT(partition_->stats().data_bytes, 500 + 2 * 200);
}

TEST_F(PartitionTrimTest, NothingAboveTheHighWatermarkGoes) {
  spec_.config.retention_ms = 10'000;
  create();
  for (int i = 0; i < 6; ++i) {
    append(plain(1)).value();
  }
  clock_.advance_ms(20'000);
  ASSERT_TRUE(partition_->run_retention());
  EXPECT_EQ(log_start(), 0);
}

TEST_F(PartitionTrimTest, CompactOnlyTopics_KeepTheirAge) {
  spec_.config.retention_ms = 10'000;
  spec_.config.cleanup_delete = false;
  spec_.config.cleanup_compact = true;
  create();
  fill(6);
  clock_.advance_ms(20'000);
  ASSERT_TRUE(partition_->run_retention());
  EXPECT_EQ(log_start(), 0);
}

TEST_F(PartitionTrimTest, Pin_KeepsTheFilesAndTheLogStart) {
  spec_.config.retention_ms = 10'000;
  create();
  fill(6);
  partition_->set_retention_pin(0);
  clock_.advance_ms(10'001);
  const auto segments = partition_->stats().segments;
  ASSERT_TRUE(partition_->run_retention());
  EXPECT_EQ(log_start(), 0);
  EXPECT_GE(partition_->stats().segments, segments);
  EXPECT_TRUE(files(".log.deleted").empty());
  partition_->set_retention_pin(kNoOffset);
  ASSERT_TRUE(partition_->run_retention());
  EXPECT_EQ(log_start(), 6);
  EXPECT_EQ(partition_->stats().segments, 1);
}

TEST_F(PartitionTrimTest, WhatMayBeReplayed_KeepsItsFiles) {
  spec_.config.retention_ms = 10'000;
  create();
  fill(6);
  journal_->floor = 0;
  clock_.advance_ms(10'001);
  ASSERT_TRUE(partition_->run_retention());
  EXPECT_EQ(log_start(), 6);
  EXPECT_TRUE(files(".log.deleted").empty());
}

TEST_F(PartitionTrimTest, BothProducerGenerationsAndTheLogStartAreDurable_BeforeAnythingGoes) {
  spec_.config.retention_ms = 10'000;
  create();
  append(batch("i", 0)).value();
  fill(6);
  clock_.advance_ms(10'001);
  bool seen = false;
  journal_->on_log_start = [&] {
    seen = true;
    ProducerStateFile file(env_, spec_.directory);
    ASSERT_TRUE(file.load());
    EXPECT_TRUE(file.both_cover(7, 0));
    EXPECT_TRUE(files(".log.deleted").empty());
  };
  ASSERT_TRUE(partition_->run_retention());
  EXPECT_TRUE(seen);
  ASSERT_EQ(journal_->log_starts.size(), 1U);
  EXPECT_EQ(journal_->log_starts[0].second, 7);
  EXPECT_EQ(append(batch("i", 0)).value().verdict, AppendVerdict::kDuplicate);
  crash_and_open();
  EXPECT_FALSE(partition_->stats().producer_state_damaged);
  EXPECT_EQ(append(batch("i", 0)).value().verdict, AppendVerdict::kDuplicate);
}

TEST_F(PartitionTrimTest, DeleteRecords_MovesTheStartIntoABatch_Durably) {
  create();
  append(plain(5)).value();
  journal_->sync();
  ASSERT_TRUE(delete_before(3));
  EXPECT_EQ(log_start(), 3);
  EXPECT_EQ(journal_->log_starts.back().second, 3);
  EXPECT_EQ(partition_->read({.offset = 2, .max_bytes = 1}).error().code,
            ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(readable(LogKind::kData, 3).back(), 4);
  ASSERT_TRUE(delete_before(2));  // already gone
  EXPECT_EQ(log_start(), 3);
}

TEST_F(PartitionTrimTest, DeleteRecords_AboveTheHighWatermark_IsOutOfRange) {
  create();
  append(plain(2)).value();
  journal_->sync();
  append(plain(2)).value();
  EXPECT_EQ(delete_before(3).error().code, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(delete_before(-1).error().code, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(log_start(), 0);
}

TEST_F(PartitionTrimTest, DropScheduleHead_WaitsForTheProducerFile_AndKeepsTheWindow) {
  create();
  std::int32_t sequence = 0;
  for (int i = 0; i < 12; ++i) {
    append(batch("s", sequence++)).value();
  }
  journal_->sync();
  EXPECT_EQ(partition_->drop_schedule_head(13).error().code, ErrorCode::kOffsetOutOfRange);
  ASSERT_TRUE(partition_->drop_schedule_head(11));
  EXPECT_EQ(partition_->schedule_offsets().log_start, 11);
  EXPECT_EQ(partition_->read_schedule({.offset = 10, .max_bytes = 1}).error().code,
            ErrorCode::kOffsetOutOfRange);
  crash_and_open();
  EXPECT_FALSE(partition_->stats().producer_state_damaged);
  EXPECT_EQ(append(batch("s", sequence - 5)).value().verdict, AppendVerdict::kDuplicate);
}

TEST_F(PartitionTrimTest, ProducerFile_IsWrittenAgain_AfterSoManyBytes) {
  options_.producer_file_refresh_bytes = 1'000;
  create();
  append(batch("i", 0)).value();
  ASSERT_TRUE(partition_->run_retention());
  EXPECT_TRUE(files("producer-state.0").empty());
  fill(12);
  ASSERT_TRUE(partition_->run_retention());
  EXPECT_FALSE(files("producer-state.0").empty());
}

// Every call that changes a file or its name.
std::int64_t changes(const test::SimDisk& disk) {
  std::int64_t count = 0;
  for (const test::SimCall call :
       {test::SimCall::kOpen, test::SimCall::kWrite, test::SimCall::kTruncate, test::SimCall::kSync,
        test::SimCall::kRename, test::SimCall::kRemove, test::SimCall::kSyncDirectory}) {
    count += disk.calls(call);
  }
  return count;
}

TEST_F(PartitionTrimTest, AClosedPartition_TouchesNoFileAnyMore) {
  spec_.config.durability = Durability::kAsync;
  spec_.config.flush_messages = 1;
  spec_.config.cleanup_compact = true;
  spec_.config.min_cleanable_dirty_ratio = 0;
  spec_.config.retention_ms = 1;
  create();
  for (std::int32_t sequence = 0; sequence < 12; ++sequence) {
    append(batch(sequence % 2 == 0 ? "i" : "s", sequence)).value();
  }
  journal_->sync();
  clock_.advance_ms(options_.file_delete_delay_ms);
  partition_->close();
  const std::int64_t before = changes(sim_.disk);
  EXPECT_TRUE(partition_->run_retention());
  EXPECT_TRUE(partition_->run_flush());
  EXPECT_TRUE(partition_->run_compaction());
  EXPECT_EQ(partition_->sync_data().error().code, ErrorCode::kClosed);
  EXPECT_EQ(partition_->drop_schedule_head(5).error().code, ErrorCode::kClosed);
  EXPECT_EQ(delete_before(5).error().code, ErrorCode::kClosed);
  spec_.config.durability = Durability::kSync;
  partition_->set_config(spec_.config);
  EXPECT_EQ(changes(sim_.disk), before);
  EXPECT_TRUE(journal_->log_starts.empty());
  EXPECT_TRUE(journal_->notes.empty());
}

TEST_F(PartitionTrimTest, Close_WaitsForWorkThatHasBegun) {
  create();
  fill(6);
  std::future<std::int64_t> closed;
  journal_->on_log_start = [&] {
    closed = std::async(std::launch::async, [&] {
      partition_->close();
      return changes(sim_.disk);
    });
    while (append(plain(1)).has_value()) {  // until close() has begun
    }
    EXPECT_EQ(closed.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  };
  ASSERT_TRUE(delete_before(5));
  EXPECT_FALSE(files(".log.deleted").empty());
  EXPECT_EQ(closed.get(), changes(sim_.disk));
}

}  // namespace
}  // namespace orloj::log
