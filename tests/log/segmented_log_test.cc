#include "log/segmented_log.h"

#include <gtest/gtest.h>

#include <array>

#include "log/bytes.h"
#include "log/env/posix_env.h"
#include "log/format.h"
#include "log/recovery.h"
#include "log/segment.h"
#include "tests/support/batches.h"
#include "tests/support/temp_dir.h"

namespace orloj::log {
namespace {

constexpr std::int64_t kAll = INT64_MAX;

class SegmentedLogTest : public ::testing::Test {
 protected:
  SegmentedLog::Spec spec() const {
    SegmentedLog::Spec spec;
    spec.directory = dir_.file("topic-0");
    spec.config.segment_bytes = 2'500;
    spec.config.index_interval_bytes = 300;
    return spec;
  }
  void create() { log_ = create_log(env_, spec(), 0).value(); }
  Offset append(std::int32_t count, TimestampMs timestamp = 1'000, LeaderEpoch epoch = 0) {
    const Offset base = log_->end_offset();
    const auto batch = test::make_batch(base, count, timestamp, Codec::kNone, epoch);
    const auto position = log_->append(batch, timestamp);
    EXPECT_TRUE(position.has_value()) << (position.has_error() ? position.error().message : "");
    return base;
  }
  void fill(int batches) {
    for (int i = 0; i < batches; ++i) {
      append(3, 1'000 + 10 * log_->end_offset());
    }
  }
  RecoveredLog reopen(LastStop stop, Offset durable_end = 0, Offset log_start = 0) {
    log_.reset();
    LogRecovery recovery;
    recovery.spec = spec();
    recovery.last_stop = stop;
    recovery.durable_end = durable_end;
    recovery.log_start = log_start;
    auto recovered = recover_log(env_, recovery);
    EXPECT_TRUE(recovered.has_value()) << (recovered.has_error() ? recovered.error().message : "");
    log_ = std::move(recovered->log);
    return std::move(*recovered);
  }
  // Base offsets of the batches that a read returns.
  std::vector<Offset> bases(const std::vector<FileSlice>& slices) {
    std::vector<Offset> out;
    for (const FileSlice& slice : slices) {
      std::vector<std::byte> bytes(static_cast<std::size_t>(slice.length));
      EXPECT_EQ(*slice.file->pread(bytes, static_cast<std::uint64_t>(slice.position)),
                bytes.size());
      BatchCursor cursor(bytes, CrcCheck::kVerify);
      for (auto batch = cursor.next(); batch.has_value() && batch->has_value();
           batch = cursor.next()) {
        out.push_back((*batch)->base_offset());
      }
    }
    return out;
  }
  std::vector<Offset> read_all() {
    std::vector<Offset> out;
    Offset at = log_->start_offset();
    while (at < log_->end_offset()) {
      const auto slices = log_->read(at, log_->end_offset(), 1'000);
      EXPECT_TRUE(slices.has_value()) << (slices.has_error() ? slices.error().message : "");
      const auto some = bases(*slices);
      if (some.empty()) {
        break;
      }
      out.insert(out.end(), some.begin(), some.end());
      at = some.back() + 3;
    }
    return out;
  }
  std::string segment_path(Offset base) const {
    return join_path(spec().directory, format::segment_file_name(base, format::kDataSuffix));
  }
  void write_at(const std::string& path, std::uint64_t at, std::string_view text) {
    auto file = env_.files().open(path, OpenMode::kReadWrite);
    ASSERT_TRUE((*file)->pwrite(to_bytes(text), at));
  }

  test::TempDir dir_;
  PosixEnv posix_;
  Env env_ = posix_.env();
  std::unique_ptr<SegmentedLog> log_;
};

TEST_F(SegmentedLogTest, AppendedBatches_AreReadBackAcrossSegments) {
  create();
  fill(100);
  EXPECT_GT(log_->segments().size(), 3U);
  const auto all = read_all();
  ASSERT_EQ(all.size(), 100U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i], static_cast<Offset>(3 * i));
  }
}

TEST_F(SegmentedLogTest, Read_GivesWholeBatchesFromTheOneThatHoldsTheOffset) {
  create();
  fill(10);
  const auto slices = log_->read(4, 20, kAll);
  EXPECT_EQ(bases(*slices), (std::vector<Offset>{3, 6, 9, 12, 15}));
  EXPECT_EQ(bases(*log_->read(4, 30, 1)), (std::vector<Offset>{3}));
  EXPECT_TRUE(log_->read(30, 30, kAll)->empty());
}

TEST_F(SegmentedLogTest, ReadOutsideTheLog_IsOutOfRange) {
  create();
  fill(2);
  EXPECT_EQ(log_->read(7, 6, kAll).error().code, ErrorCode::kOffsetOutOfRange);
  ASSERT_TRUE(log_->drop_head(3, INT64_MAX).has_value());
  EXPECT_EQ(log_->read(2, 6, kAll).error().code, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(bases(*log_->read(3, 6, kAll)), (std::vector<Offset>{3}));
}

TEST_F(SegmentedLogTest, ABatchWithAnotherBaseOffset_IsRefused) {
  create();
  fill(1);
  EXPECT_EQ(log_->append(test::make_batch(7, 1), 0).error().code, ErrorCode::kInvalidBatch);
  EXPECT_EQ(append(1), 3);
}

TEST_F(SegmentedLogTest, OldRecords_RollTheSegment) {
  auto with_age = spec();
  with_age.config.segment_ms = 1'000;
  log_ = create_log(env_, with_age, 0).value();
  append(1, 5'000);
  append(1, 5'900);
  EXPECT_EQ(log_->segments().size(), 1U);
  append(1, 6'100);
  EXPECT_EQ(log_->segments().size(), 2U);
}

TEST_F(SegmentedLogTest, DropHead_RemovesWholeSegmentsAndKeepsThePinned) {
  create();
  fill(100);
  const auto before = log_->segments();
  const Offset second = before[2]->base_offset();
  auto dropped = log_->drop_head(second + 1, before[1]->base_offset());
  ASSERT_EQ(dropped->size(), 1U);
  EXPECT_EQ(log_->start_offset(), second + 1);
  dropped = log_->drop_head(second + 1, INT64_MAX);
  ASSERT_EQ(dropped->size(), 1U);
  EXPECT_EQ(log_->segments().front()->base_offset(), second);
  EXPECT_EQ(read_all().front(), second);
}

TEST_F(SegmentedLogTest, DropHeadToTheEnd_LeavesAnEmptyActiveSegment) {
  create();
  fill(5);
  ASSERT_TRUE(log_->drop_head(15, INT64_MAX).has_value());
  EXPECT_EQ(log_->size_bytes(), 0);
  EXPECT_EQ(log_->end_offset(), 15);
  EXPECT_EQ(append(3), 15);
}

TEST_F(SegmentedLogTest, Truncate_CutsAcrossSegmentsAndAppendsGoOn) {
  create();
  fill(100);
  ASSERT_TRUE(log_->leader_epochs().assign(1, 300));
  ASSERT_TRUE(log_->truncate(30));
  EXPECT_EQ(log_->end_offset(), 30);
  EXPECT_EQ(log_->leader_epochs().latest(), 0);
  append(3);
  EXPECT_EQ(read_all().size(), 11U);
}

TEST_F(SegmentedLogTest, TimestampSearch_FindsTheFirstRecordAndHonoursTheLogStart) {
  create();
  fill(100);
  auto found = log_->find_by_timestamp(1'000 + 10 * 150 + 1, 300);
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->offset, 151);
  ASSERT_TRUE(log_->drop_head(152, INT64_MAX).has_value());
  found = log_->find_by_timestamp(0, 300);
  EXPECT_EQ((*found)->offset, 152);
  EXPECT_FALSE(log_->find_by_timestamp(1'000'000, 300)->has_value());
  EXPECT_EQ((*log_->find_max_timestamp(300))->offset, 299);
}

TEST_F(SegmentedLogTest, CleanStop_OpensWithTheSameContent) {
  create();
  fill(50);
  ASSERT_TRUE(log_->close());
  const auto recovered = reopen(LastStop::kClean, 150);
  EXPECT_EQ(recovered.messages, std::vector<std::string>{});
  EXPECT_EQ(read_all().size(), 50U);
  EXPECT_EQ(append(3), 150);
}

TEST_F(SegmentedLogTest, LostIndexes_AreRebuilt) {
  create();
  fill(50);
  ASSERT_TRUE(log_->close());
  for (const auto& entry : *env_.files().list(spec().directory)) {
    if (entry.name.ends_with("index")) {
      ASSERT_TRUE(env_.files().remove(join_path(spec().directory, entry.name)));
    }
  }
  reopen(LastStop::kClean, 150);
  EXPECT_EQ(read_all().size(), 50U);
}

TEST_F(SegmentedLogTest, UncleanStop_WithNothingTorn_TellsOfNothingCut) {
  create();
  fill(10);
  EXPECT_EQ(reopen(LastStop::kUnclean, 6).bytes_truncated, 0);
  EXPECT_EQ(log_->end_offset(), 30);
}

TEST_F(SegmentedLogTest, UncleanStop_AdoptsGoodBatchesAndCutsTheTornTail) {
  create();
  fill(10);
  const auto active = log_->segments().back();
  const auto size = active->size_bytes();
  const auto path = active->file()->path();
  auto torn = test::make_batch(30, 3);
  torn[torn.size() - 5] ^= std::byte{1};
  write_at(path, static_cast<std::uint64_t>(size), to_text(torn));
  const auto recovered = reopen(LastStop::kUnclean, 6);
  EXPECT_GT(recovered.bytes_truncated, 0);
  EXPECT_EQ(log_->end_offset(), 30);
  EXPECT_EQ(read_all().size(), 10U);
  EXPECT_EQ(append(3), 30);
  EXPECT_EQ(read_all().size(), 11U);
}

TEST_F(SegmentedLogTest, RotBelowTheDurableEnd_IsNeverCut) {
  create();
  fill(10);
  const auto position =
      static_cast<std::uint64_t>((*log_->segments().front()->find_batch(12))->position);
  write_at(segment_path(0), position + 70, "rotten");
  reopen(LastStop::kUnclean, 30);
  EXPECT_EQ(log_->end_offset(), 30);
  EXPECT_EQ(bases(*log_->read(0, 12, kAll)).size(), 4U);
  EXPECT_EQ(bases(*log_->read(15, 30, kAll)).size(), 5U);
}

TEST_F(SegmentedLogTest,
       RotThatBreaksTheChainBelowTheDurableEnd_AnswersCorruptAndAppendsGoOnBehind) {
  create();
  fill(10);
  const auto position =
      static_cast<std::uint64_t>((*log_->segments().front()->find_batch(12))->position);
  write_at(segment_path(0), position, std::string(40, '\x7f'));
  const auto recovered = reopen(LastStop::kUnclean, 30);
  EXPECT_FALSE(recovered.messages.empty());
  EXPECT_EQ(log_->end_offset(), 30);
  EXPECT_EQ(bases(*log_->read(0, 30, kAll)).size(), 4U);
  EXPECT_EQ(log_->read(12, 30, kAll).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(append(3), 30);
  EXPECT_EQ(bases(*log_->read(30, 33, kAll)), (std::vector<Offset>{30}));
  ASSERT_TRUE(log_->close());
  reopen(LastStop::kClean, 33);
  EXPECT_EQ(log_->read(12, 30, kAll).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(bases(*log_->read(30, 33, kAll)), (std::vector<Offset>{30}));
}

// The base offset of a batch lies outside its CRC.
TEST_F(SegmentedLogTest, RottenBaseOffsetAtTheEndOfASegment_CostsThatBatchOnly) {
  create();
  fill(100);
  const SegmentList segments = log_->segments();
  const Offset second = segments[1]->base_offset();
  const auto last = segments[0]->find_batch(second - 1).value().value();
  for (const Offset wrong : {second - 2, second, Offset{1} << 40}) {
    SCOPED_TRACE(wrong);
    std::array<std::byte, sizeof wrong> bytes{};
    store_big(bytes.data(), wrong);
    write_at(segment_path(0), static_cast<std::uint64_t>(last.position), to_text(bytes));
    reopen(LastStop::kUnclean, 300);
    EXPECT_EQ(log_->end_offset(), 300);
    EXPECT_EQ(log_->segments().size(), segments.size());
    EXPECT_EQ(bases(*log_->read(0, 300, kAll)).size(), static_cast<std::size_t>(second / 3 - 1));
    EXPECT_EQ(log_->read(second - 3, 300, kAll).error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(bases(*log_->read(second, 300, kAll)).size(),
              static_cast<std::size_t>((300 - second) / 3));
  }
}

TEST_F(SegmentedLogTest, RottenBaseOffsetAtTheEndOfTheLog_GivesNoOffsetsAway) {
  create();
  fill(10);
  const auto last = log_->segments().back()->find_batch(29).value().value();
  std::array<std::byte, sizeof(Offset)> bytes{};
  store_big(bytes.data(), Offset{1} << 40);
  write_at(segment_path(0), static_cast<std::uint64_t>(last.position), to_text(bytes));
  reopen(LastStop::kUnclean, 30);
  EXPECT_EQ(log_->end_offset(), 30);
  EXPECT_EQ(log_->read(27, 30, kAll).error().code, ErrorCode::kCorrupt);
}

TEST_F(SegmentedLogTest, DamageBehindHolesOfCompaction_LeavesWhatLiesBeforeItReadable) {
  create();
  fill(5);
  ASSERT_TRUE(log_->roll(0));
  append(3);
  auto cleaned = Segment::create(env_.files(), {spec().directory, 0, 300, ".cleaned"}).value();
  for (const Offset base : {0, 6, 9, 12}) {
    const auto kept = test::make_batch(base, 3);
    ASSERT_TRUE(cleaned->append(RecordBatchView::parse(kept, CrcCheck::kSkip).value()).has_value());
  }
  const auto damaged = cleaned->find_batch(9).value().value();
  ASSERT_TRUE(cleaned->seal());
  ASSERT_TRUE(log_->replace({log_->segments().front()}, {cleaned}));
  write_at(segment_path(0), static_cast<std::uint64_t>(damaged.position), std::string(40, '\x7f'));
  reopen(LastStop::kUnclean, 18);
  EXPECT_EQ(bases(*log_->read(0, 18, kAll)), (std::vector<Offset>{0, 6}));
  EXPECT_EQ(log_->read(9, 18, kAll).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(bases(*log_->read(15, 18, kAll)), (std::vector<Offset>{15}));
}

TEST_F(SegmentedLogTest, SegmentsGoneBelowTheDurableEnd_AreReportedAndOffsetsNotReused) {
  create();
  fill(100);
  ASSERT_TRUE(log_->close());
  const Offset last = log_->segments().back()->base_offset();
  ASSERT_TRUE(env_.files().remove(segment_path(last)));
  const auto recovered = reopen(LastStop::kUnclean, 300);
  EXPECT_FALSE(recovered.messages.empty());
  EXPECT_EQ(log_->end_offset(), 300);
  EXPECT_EQ(log_->read(last, 300, kAll).error().code, ErrorCode::kCorrupt);
}

TEST_F(SegmentedLogTest, SegmentsBelowTheLogStart_AreDroppedAtTheStart) {
  create();
  fill(100);
  const Offset second = log_->segments()[1]->base_offset();
  ASSERT_TRUE(log_->close());
  reopen(LastStop::kUnclean, 300, second + 3);
  EXPECT_EQ(log_->segments().front()->base_offset(), second);
  EXPECT_EQ(log_->start_offset(), second + 3);
  EXPECT_FALSE(*env_.files().exists(segment_path(0)));
}

TEST_F(SegmentedLogTest, ALogStartBehindALostTail_StartsAnEmptyLogThere) {
  create();
  fill(3);
  reopen(LastStop::kUnclean, 0, 100);
  EXPECT_EQ(log_->start_offset(), 100);
  EXPECT_EQ(append(3), 100);
}

TEST_F(SegmentedLogTest, DamageBelowTheLogStart_DoesNotCostTheFileThatHoldsWhatIsAbove) {
  create();
  fill(10);
  const auto position =
      static_cast<std::uint64_t>((*log_->segments().front()->find_batch(3))->position);
  write_at(segment_path(0), position, std::string(40, '\x7f'));
  const auto recovered = reopen(LastStop::kUnclean, 30, 15);
  EXPECT_FALSE(recovered.messages.empty());
  EXPECT_EQ(recovered.bytes_truncated, 0);
  EXPECT_TRUE(*env_.files().exists(segment_path(0)));
  EXPECT_EQ(log_->start_offset(), 15);
  EXPECT_EQ(log_->read(15, 30, kAll).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(append(3), 30);
  EXPECT_EQ(bases(*log_->read(30, 33, kAll)), (std::vector<Offset>{30}));
}

TEST_F(SegmentedLogTest, AllSegmentsGone_IsReported_AndOffsetsAreNotReused) {
  create();
  fill(10);
  ASSERT_TRUE(env_.files().remove(segment_path(0)));
  const auto recovered = reopen(LastStop::kUnclean, 30, 3);
  EXPECT_FALSE(recovered.messages.empty());
  EXPECT_EQ(log_->read(3, 30, kAll).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(append(3), 30);
}

TEST_F(SegmentedLogTest, ADamagedEpochFile_IsRebuiltFromTheBatches) {
  create();
  fill(2);
  ASSERT_TRUE(log_->leader_epochs().assign(4, 6));
  append(3, 2'000, 4);
  write_at(join_path(spec().directory, "leader-epoch-checkpoint"), 0, "rubbish");
  reopen(LastStop::kUnclean, 9);
  const auto entries = log_->leader_epochs().entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[1].epoch, 4);
  EXPECT_EQ(entries[1].start_offset, 6);
}

TEST_F(SegmentedLogTest, Replace_SwapsOldSegmentsForCleanedOnes) {
  create();
  fill(100);
  const auto before = log_->segments();
  const SegmentList old = {before[0], before[1]};
  auto cleaned = Segment::create(env_.files(), {spec().directory, 0, 300, ".cleaned"}).value();
  const auto kept = test::make_batch(3, 3);
  ASSERT_TRUE(cleaned->append(RecordBatchView::parse(kept, CrcCheck::kVerify).value()).has_value());
  ASSERT_TRUE(cleaned->seal());
  ASSERT_TRUE(log_->replace(old, {cleaned}));
  EXPECT_EQ(bases(*log_->read(0, before[2]->base_offset(), kAll)), (std::vector<Offset>{3}));
  ASSERT_TRUE(log_->close());
  reopen(LastStop::kClean, 300);
  EXPECT_EQ(bases(*log_->read(0, before[2]->base_offset(), kAll)), (std::vector<Offset>{3}));
}

TEST_F(SegmentedLogTest, ASwapThatHadBegun_IsFinishedAtTheStart) {
  create();
  fill(20);
  ASSERT_TRUE(log_->roll(0));
  append(3);
  auto swap = Segment::create(env_.files(), {spec().directory, 0, 300, ".swap"}).value();
  const auto kept = test::make_batch(57, 3);
  ASSERT_TRUE(swap->append(RecordBatchView::parse(kept, CrcCheck::kVerify).value()).has_value());
  ASSERT_TRUE(swap->seal());
  ASSERT_TRUE(log_->close());
  reopen(LastStop::kUnclean, 63);
  EXPECT_EQ(read_all(), (std::vector<Offset>{57, 60}));
}

}  // namespace
}  // namespace orloj::log
