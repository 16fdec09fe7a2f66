#include "log/segment.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "log/env/posix_env.h"
#include "log/format.h"
#include "log/record_batch_builder.h"
#include "log/segment_walk.h"
#include "tests/support/batches.h"
#include "tests/support/temp_dir.h"

namespace orloj::log {
namespace {

using test::make_batch;

constexpr Offset kBase = 100;
constexpr std::int64_t kEverything = std::int64_t{1} << 30;

class SegmentTest : public ::testing::Test {
 protected:
  FileSystem& files() { return posix_.env().files(); }
  SegmentSpec spec() const { return {.directory = dir_.path(), .base_offset = kBase}; }
  std::string data_path() const {
    return dir_.file(format::segment_file_name(kBase, format::kDataSuffix));
  }
  std::string index_path() const {
    return dir_.file(format::segment_file_name(kBase, format::kOffsetIndexSuffix));
  }
  std::uint64_t file_size(const std::string& path) {
    return files().open(path, OpenMode::kRead).value()->size().value();
  }

  static std::int64_t append(Segment& segment, const std::vector<std::byte>& bytes) {
    const auto batch = RecordBatchView::parse(bytes, CrcCheck::kVerify).value();
    return segment.append(batch).value();
  }

  // Batches of three records each, timestamps 10 × offset + place.
  std::shared_ptr<Segment> filled(int batches) {
    auto segment = Segment::create(files(), spec()).value();
    for (int i = 0; i < batches; ++i) {
      const Offset base = kBase + 3 * i;
      append(*segment, make_batch(base, 3, 10 * base, i % 4 == 1 ? Codec::kZstd : Codec::kNone));
    }
    return segment;
  }

  static std::vector<Offset> bases_in(const FileSlice& slice) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(slice.length));
    EXPECT_EQ(slice.file->pread(bytes, static_cast<std::uint64_t>(slice.position)).value(),
              bytes.size());
    std::vector<Offset> bases;
    BatchCursor cursor(bytes, CrcCheck::kVerify);
    for (auto batch = cursor.next(); batch && batch->has_value(); batch = cursor.next()) {
      bases.push_back((*batch)->base_offset());
    }
    EXPECT_EQ(cursor.position(), bytes.size()) << "whole batches only";
    return bases;
  }

  // What every way of opening the same data must answer alike.
  static void expect_reads(const Segment& segment, int batches) {
    const Offset end = kBase + 3 * batches;
    EXPECT_EQ(segment.next_offset(), end);
    EXPECT_EQ(segment.first_timestamp(), 10 * kBase + 2);
    EXPECT_EQ(segment.max_timestamp(), 10 * (end - 3) + 2);
    for (int i = 0; i < batches; i += 7) {
      for (const Offset from : {kBase + 3 * i, kBase + 3 * i + 2}) {
        const auto slice = segment.read({from, end, 0}).value();
        ASSERT_TRUE(slice);
        ASSERT_EQ(bases_in(*slice), (std::vector<Offset>{kBase + 3 * i}));
        const auto found = segment.find_by_timestamp(10 * (kBase + 3 * i) + 1, end).value();
        ASSERT_TRUE(found);
        ASSERT_EQ(found->offset, kBase + 3 * i + 1);
      }
    }
    const auto all = segment.read({kBase, end, kEverything}).value();
    EXPECT_EQ(bases_in(*all).size(), static_cast<std::size_t>(batches));
    EXPECT_FALSE(segment.read({end, end, kEverything}).value());
    EXPECT_FALSE(segment.find_by_timestamp(segment.max_timestamp() + 1, end).value());
    EXPECT_EQ(segment.find_max_timestamp(end).value()->offset, end - 1);
  }

  test::TempDir dir_;
  PosixEnv posix_;
};

TEST_F(SegmentTest, ReadsAgree_WhileAppendedSealedReopenedAndRecovered) {
  constexpr int kBatches = 500;
  auto segment = filled(kBatches);
  expect_reads(*segment, kBatches);
  ASSERT_TRUE(segment->seal());
  EXPECT_EQ(segment->sync().value(), kBase + 3 * kBatches);
  expect_reads(*segment, kBatches);
  EXPECT_GT(file_size(index_path()), 0U);
  expect_reads(*Segment::open(files(), spec(), SegmentUse::kReadOnly).value(), kBatches);
  expect_reads(*Segment::open(files(), spec(), SegmentUse::kAppend).value(), kBatches);
  SegmentTail tail;
  expect_reads(*Segment::recover(files(), spec(), {0}, tail).value(), kBatches);
  EXPECT_EQ(tail.break_reason, "");
}

TEST_F(SegmentTest, LostOrDamagedIndexes_AreRebuilt) {
  constexpr int kBatches = 300;
  ASSERT_TRUE(filled(kBatches)->seal());
  const auto good_size = file_size(index_path());
  ASSERT_TRUE(files().remove(index_path()));
  expect_reads(*Segment::open(files(), spec(), SegmentUse::kReadOnly).value(), kBatches);
  EXPECT_EQ(file_size(index_path()), good_size);

  auto index = files().open(index_path(), OpenMode::kReadWrite).value();
  ASSERT_TRUE(index->pwrite(std::vector<std::byte>(good_size), 0));  // zeros, as a power cut leaves
  expect_reads(*Segment::open(files(), spec(), SegmentUse::kAppend).value(), kBatches);
}

TEST_F(SegmentTest, WrongIndexPositions_CostTimeOnly) {
  constexpr int kBatches = 300;
  ASSERT_TRUE(filled(kBatches)->seal());
  auto index = files().open(index_path(), OpenMode::kReadWrite).value();
  const std::vector<std::byte> wrong = {std::byte{0}, std::byte{0}, std::byte{0x11}, std::byte{7}};
  ASSERT_TRUE(index->pwrite(wrong, 4));
  expect_reads(*Segment::open(files(), spec(), SegmentUse::kReadOnly).value(), kBatches);
}

TEST_F(SegmentTest, Read_StopsAtBelowAndAtMaxBytes) {
  const auto segment = filled(200);
  const Offset end = segment->next_offset();
  EXPECT_EQ(bases_in(*segment->read({kBase, kBase + 7, kEverything}).value()),
            (std::vector<Offset>{kBase, kBase + 3}));
  EXPECT_FALSE(segment->read({kBase, kBase + 2, kEverything}).value());
  const auto one = segment->read({kBase + 300, end, 1}).value();
  for (const std::int64_t batches : {1, 2, 5, 60}) {
    const auto wish = segment->read({kBase + 300, end, one->length * (batches + 1) - 1}).value();
    EXPECT_GE(wish->length, one->length);
    EXPECT_LE(wish->length, one->length * (batches + 1) - 1);
    const auto bases = bases_in(*wish);
    EXPECT_EQ(bases.front(), kBase + 300);
    const auto reread = segment->read({bases.back() + 3, end, 0}).value();
    EXPECT_EQ(reread->position, wish->position + wish->length) << "nothing left out";
  }
  const auto late = segment->read({kBase + 30, kBase + 330, kEverything}).value();
  EXPECT_EQ(bases_in(*late).back(), kBase + 327);
}

TEST_F(SegmentTest, Append_LeavesAZeroHeaderBehind) {
  const auto segment = filled(2);
  EXPECT_EQ(file_size(data_path()),
            static_cast<std::uint64_t>(segment->size_bytes()) + batch_format::kHeaderBytes);
  ASSERT_TRUE(segment->seal());
  EXPECT_EQ(file_size(data_path()), static_cast<std::uint64_t>(segment->size_bytes()));
}

TEST_F(SegmentTest, StaleBytesBehindTheEnd_AreNotTakenForBatches) {
  auto segment = filled(3);
  const std::int64_t size = segment->size_bytes();
  segment.reset();
  // A whole, valid, contiguous batch right behind the zero header: left by an earlier life of the
  // file.
  auto file = files().open(data_path(), OpenMode::kReadWrite).value();
  ASSERT_TRUE(file->pwrite(make_batch(kBase + 9, 3),
                           static_cast<std::uint64_t>(size) + batch_format::kHeaderBytes));
  SegmentTail tail;
  segment = Segment::recover(files(), spec(), {0}, tail).value();
  EXPECT_EQ(segment->next_offset(), kBase + 9);
  EXPECT_GT(tail.physical_bytes, segment->size_bytes());
  ASSERT_TRUE(segment->discard_tail());
  EXPECT_EQ(file_size(data_path()), static_cast<std::uint64_t>(size));
}

TEST_F(SegmentTest, TornTail_EndsAtTheLastWholeBatch) {
  auto segment = filled(3);
  ASSERT_TRUE(segment->seal());
  const std::int64_t size = segment->size_bytes();
  const auto third_at = segment->find_batch(kBase + 6).value()->position;
  for (std::int64_t cut = third_at; cut < size; ++cut) {
    auto file = files().open(data_path(), OpenMode::kReadWrite).value();
    ASSERT_TRUE(file->truncate(static_cast<std::uint64_t>(cut)));
    SegmentTail tail;
    const auto recovered = Segment::recover(files(), spec(), {0}, tail).value();
    ASSERT_EQ(recovered->next_offset(), kBase + 6) << cut;
    ASSERT_EQ(tail.break_reason.empty(), cut == third_at);
  }
}

TEST_F(SegmentTest, OffsetsOrEpochsThatGoBack_EndTheChain) {
  auto segment = Segment::create(files(), spec()).value();
  append(*segment, make_batch(kBase, 3, 1000, Codec::kNone, 5));
  const std::int64_t size = segment->size_bytes();
  for (const auto& bad : {make_batch(kBase + 3, 3, 1000, Codec::kNone, 4),
                          make_batch(kBase + 2, 3, 1000, Codec::kNone, 5)}) {
    auto file = files().open(data_path(), OpenMode::kReadWrite).value();
    ASSERT_TRUE(file->pwrite(bad, static_cast<std::uint64_t>(size)));
    SegmentTail tail;
    const auto recovered = Segment::recover(files(), spec(), {0}, tail).value();
    EXPECT_EQ(recovered->next_offset(), kBase + 3);
    EXPECT_NE(tail.break_reason, "");
  }
}

// Index entries are 32 bits wide: no segment of ours holds such a batch.
TEST_F(SegmentTest, OffsetsTooFarApart_AreDamage) {
  auto segment = filled(1);
  ASSERT_TRUE(segment->seal());
  const std::int64_t size = segment->size_bytes();
  const Offset far = kBase + (Offset{1} << 31);
  auto file = files().open(data_path(), OpenMode::kReadWrite).value();
  ASSERT_TRUE(file->pwrite(make_batch(far, 3), static_cast<std::uint64_t>(size)));
  SegmentTail tail;
  const auto recovered = Segment::recover(files(), spec(), {.durable_end = far + 3}, tail).value();
  EXPECT_EQ(recovered->next_offset(), kBase + 3);
  EXPECT_NE(tail.break_reason, "");
  for (const SegmentUse use : {SegmentUse::kAppend, SegmentUse::kReadOnly}) {
    const auto opened = Segment::open(files(), spec(), use);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  }
}

TEST_F(SegmentTest, RotBelowTheDurableEnd_IsKeptAndNeverCut) {
  auto segment = filled(5);
  ASSERT_TRUE(segment->seal());
  const auto second = segment->find_batch(kBase + 3).value().value();
  auto file = files().open(data_path(), OpenMode::kReadWrite).value();
  const std::vector<std::byte> rot(8, std::byte{0xee});
  ASSERT_TRUE(file->pwrite(rot, static_cast<std::uint64_t>(second.end() - 8)));

  SegmentTail tail;
  auto kept = Segment::recover(files(), spec(), {kBase + 15}, tail).value();
  EXPECT_EQ(kept->next_offset(), kBase + 15);
  auto cut = Segment::recover(files(), spec(), {kBase + 3}, tail).value();
  EXPECT_EQ(cut->next_offset(), kBase + 3);

  ASSERT_TRUE(file->pwrite(rot, static_cast<std::uint64_t>(second.position + 8)));
  const auto lost = Segment::recover(files(), spec(), {kBase + 15}, tail).value();
  EXPECT_EQ(lost->next_offset(), kBase + 3);
  EXPECT_NE(tail.break_reason, "");
}

TEST_F(SegmentTest, RecoveryBehindTheSyncedEnd_AnswersLikeAFullOne) {
  constexpr int kBatches = 500;
  for (Offset synced_end = kBase; synced_end <= kBase + 3 * kBatches + 7; synced_end += 7) {
    ASSERT_TRUE(filled(kBatches)->seal());
    SegmentTail tail;
    const auto recovered =
        Segment::recover(files(), spec(), {.synced_end = synced_end}, tail).value();
    ASSERT_NO_FATAL_FAILURE(expect_reads(*recovered, kBatches)) << synced_end;
    ASSERT_EQ(tail.break_reason, "");
    append(*recovered, make_batch(kBase + 3 * kBatches, 3, 10 * (kBase + 3 * kBatches)));
    ASSERT_TRUE(recovered->seal());
    ASSERT_NO_FATAL_FAILURE(
        expect_reads(*Segment::open(files(), spec(), SegmentUse::kReadOnly).value(), kBatches + 1));
  }
}

// What was checked before it was synced is not read again, so rot there is for readers to find.
TEST_F(SegmentTest, RecoveryBehindTheSyncedEnd_DoesNotLookAtWhatIsBelow) {
  constexpr int kBatches = 500;
  auto segment = filled(kBatches);
  ASSERT_TRUE(segment->seal());
  const auto first = segment->find_batch(kBase).value().value();
  auto file = files().open(data_path(), OpenMode::kReadWrite).value();
  ASSERT_TRUE(file->pwrite(std::vector<std::byte>(1, std::byte{0xee}),
                           static_cast<std::uint64_t>(first.end() - 1)));
  SegmentTail tail;
  const Offset end = kBase + 3 * kBatches;
  const auto scanned = Segment::recover(files(), spec(), {.durable_end = end}, tail).value();
  EXPECT_EQ(scanned->first_timestamp(), kNoTimestamp) << "of a batch that failed its check";
  ASSERT_TRUE(scanned->seal());
  const auto resumed =
      Segment::recover(files(), spec(), {.durable_end = end, .synced_end = end}, tail).value();
  EXPECT_EQ(resumed->next_offset(), end);
  EXPECT_EQ(resumed->first_timestamp(), 10 * kBase + 2);
  EXPECT_FALSE(resumed->verify({resumed->file(), 0, first.end()}));
}

TEST_F(SegmentTest, RecoveryBehindTheSyncedEnd_DoesWithoutGoodIndexes) {
  constexpr int kBatches = 300;
  const Offset end = kBase + 3 * kBatches;
  ASSERT_TRUE(filled(kBatches)->seal());
  const auto index_bytes = file_size(index_path());
  const std::vector<std::vector<std::byte>> damage = {
      std::vector<std::byte>(index_bytes),                       // zeros
      std::vector<std::byte>(index_bytes / 2, std::byte{0x11}),  // a half that does not rise
  };
  for (const auto& bytes : damage) {
    auto index = files().open(index_path(), OpenMode::kReadWrite).value();
    ASSERT_TRUE(index->pwrite(bytes, 0));
    SegmentTail tail;
    const auto recovered = Segment::recover(files(), spec(), {.synced_end = end}, tail).value();
    ASSERT_NO_FATAL_FAILURE(expect_reads(*recovered, kBatches));
    ASSERT_TRUE(recovered->seal());
  }
  const auto time_index = dir_.file(format::segment_file_name(kBase, format::kTimeIndexSuffix));
  auto times = files().open(time_index, OpenMode::kReadWrite).value();
  ASSERT_TRUE(times->truncate(12 * (file_size(time_index) / 24)));  // its last block is missing
  SegmentTail tail;
  expect_reads(*Segment::recover(files(), spec(), {.synced_end = end}, tail).value(), kBatches);
}

TEST_F(SegmentTest, RecoveryThatCannotResume_BelievesNothingOfTheIndexes) {
  constexpr int kBatches = 300;
  const Offset end = kBase + 3 * kBatches;
  const auto segment = filled(kBatches);
  ASSERT_TRUE(segment->seal());
  const auto path = dir_.file(format::segment_file_name(kBase, format::kTimeIndexSuffix));
  const auto times = files().open(path, OpenMode::kReadWrite).value();
  const std::uint64_t half = 12 * (file_size(path) / 24);
  ASSERT_TRUE(times->truncate(half));
  ASSERT_TRUE(times->pwrite(std::vector<std::byte>(1, std::byte{0x7f}), half - 12));  // far ahead
  const auto data = files().open(data_path(), OpenMode::kReadWrite).value();
  const auto damaged = segment->find_batch(end - 300).value().value();
  ASSERT_TRUE(data->pwrite(std::vector<std::byte>(batch_format::kHeaderBytes),
                           static_cast<std::uint64_t>(damaged.position)));
  SegmentTail tail;
  const auto recovered =
      Segment::recover(files(), spec(), {.durable_end = end, .synced_end = end}, tail).value();
  EXPECT_EQ(recovered->next_offset(), damaged.base_offset);
  EXPECT_EQ(recovered->max_timestamp(), 10 * (damaged.base_offset - 3) + 2);
}

TEST_F(SegmentTest, Truncate_DropsTheBatchThatHoldsTheOffset) {
  auto segment = filled(400);
  ASSERT_TRUE(segment->seal());
  ASSERT_TRUE(segment->truncate(kBase + 301));
  EXPECT_EQ(segment->next_offset(), kBase + 300);
  EXPECT_EQ(segment->max_timestamp(), 10 * (kBase + 297) + 2);
  append(*segment, make_batch(kBase + 300, 3, 10 * (kBase + 300)));
  expect_reads(*segment, 101);
  ASSERT_TRUE(segment->truncate(kBase));
  EXPECT_EQ(segment->next_offset(), kBase);
  EXPECT_EQ(segment->size_bytes(), 0);
  EXPECT_EQ(segment->max_timestamp(), kNoTimestamp);
  EXPECT_EQ(segment->first_timestamp(), kNoTimestamp);
}

TEST_F(SegmentTest, CleanStopThenAppend_GoesOn) {
  auto segment = filled(300);
  ASSERT_TRUE(segment->seal());
  segment = Segment::open(files(), spec(), SegmentUse::kAppend).value();
  for (int i = 300; i < 400; ++i) {
    const Offset base = kBase + 3 * i;
    append(*segment, make_batch(base, 3, 10 * base));
  }
  expect_reads(*segment, 400);
}

std::vector<std::byte> batch_with(Offset base, const NewRecord& second, Codec codec) {
  RecordBatchBuilder builder({.base_offset = base, .codec = codec});
  builder.append({.timestamp_ms = 10 * base, .key = {}, .value = to_bytes("first"), .headers = {}});
  builder.append(second);
  return std::move(builder).build().value();
}

// A fired copy has more headers than are accepted from a client.
TEST_F(SegmentTest, Timestamps_AreFoundInABatchWithMoreHeadersThanAreAccepted) {
  auto segment = Segment::create(files(), spec()).value();
  const std::vector<HeaderView> headers(RecordLimits{}.headers_max + 4, HeaderView{"h", {}});
  append(
      *segment,
      batch_with(
          kBase,
          {.timestamp_ms = 10 * kBase + 5, .key = {}, .value = to_bytes("v"), .headers = headers},
          Codec::kNone));
  const auto found = segment->find_by_timestamp(10 * kBase + 1, kBase + 2);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found.value()->offset, kBase + 1);
  EXPECT_EQ(segment->find_max_timestamp(kBase + 2).value()->offset, kBase + 1);
}

TEST_F(SegmentTest, Timestamps_OfABatchTooLargeToOpen_AreFoundByItsFirstOffset) {
  auto segment = Segment::create(files(), spec()).value();
  append(*segment, make_batch(kBase, 3, 10 * kBase));
  const std::string large(kLookupLimits.decompressed_max_bytes, 'x');
  append(*segment,
         batch_with(
             kBase + 3,
             {.timestamp_ms = 10 * kBase + 35, .key = {}, .value = to_bytes(large), .headers = {}},
             Codec::kZstd));
  const auto found = segment->find_by_timestamp(10 * kBase + 31, kBase + 5);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found.value()->offset, kBase + 3);
  EXPECT_EQ(found.value()->timestamp_ms, 10 * kBase + 35);
  EXPECT_EQ(segment->find_max_timestamp(kBase + 5).value()->offset, kBase + 3);
}

TEST_F(SegmentTest, Timestamps_NeedNotRise) {
  auto segment = Segment::create(files(), spec()).value();
  append(*segment, make_batch(kBase, 2, 5000));
  append(*segment, make_batch(kBase + 2, 2, 9000));
  append(*segment, make_batch(kBase + 4, 2, 7000));
  auto stamped = make_batch(kBase + 6, 2, 1);
  set_log_append_time(stamped, 8000);
  append(*segment, stamped);
  const Offset end = kBase + 8;
  EXPECT_EQ(segment->find_by_timestamp(5001, end).value()->offset, kBase + 1);
  EXPECT_EQ(segment->find_by_timestamp(5002, end).value()->offset, kBase + 2);
  EXPECT_EQ(segment->find_by_timestamp(8999, end).value()->offset, kBase + 2);
  EXPECT_FALSE(segment->find_by_timestamp(7000, kBase + 2).value());
  EXPECT_EQ(segment->find_max_timestamp(end).value()->offset, kBase + 3);
  EXPECT_EQ(segment->find_max_timestamp(kBase + 2).value()->offset, kBase + 1);
  EXPECT_FALSE(segment->find_max_timestamp(kBase).value());
}

TEST_F(SegmentTest, HolesOfCompaction_AreReadOver) {
  auto segment = Segment::create(files(), spec()).value();
  append(*segment, make_batch(kBase + 5, 2));
  append(*segment, make_batch(kBase + 50, 2));
  EXPECT_EQ(bases_in(*segment->read({kBase, kBase + 52, kEverything}).value()),
            (std::vector<Offset>{kBase + 5, kBase + 50}));
  EXPECT_EQ(segment->find_batch(kBase + 20).value()->base_offset, kBase + 50);
}

TEST_F(SegmentTest, SuffixAndRemoval_TakeAllThreeFiles) {
  auto segment = filled(2);
  const auto slice = segment->read({kBase, kBase + 6, kEverything}).value();
  ASSERT_TRUE(segment->change_suffix(std::string(format::kDeletedSuffix)));
  for (const DirectoryEntry& entry : files().list(dir_.path()).value()) {
    EXPECT_TRUE(entry.name.ends_with(".deleted")) << entry.name;
  }
  ASSERT_TRUE(segment->remove_files());
  EXPECT_TRUE(files().list(dir_.path()).value().empty());
  EXPECT_EQ(bases_in(*slice).size(), 2U) << "open readers keep the bytes";
}

TEST_F(SegmentTest, ReadersBesideAWriter_SeeWholeBatchesOnly) {
  const auto segment = Segment::create(files(), spec()).value();
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&, seen = Offset{kBase}]() mutable {
      while (!stop || seen < segment->next_offset()) {
        const Offset end = segment->next_offset();
        const auto slice = segment->read({seen, end, 20'000}).value();
        if (!slice) {
          std::this_thread::yield();
          continue;
        }
        for (const Offset base : bases_in(*slice)) {
          EXPECT_EQ(base, seen);
          seen = base + 3;
        }
        EXPECT_TRUE(segment->find_by_timestamp(10 * kBase, end));
      }
    });
  }
  for (int i = 0; i < 600; ++i) {
    const Offset base = kBase + 3 * i;
    append(*segment, make_batch(base, 3, 10 * base));
  }
  EXPECT_TRUE(segment->seal());
  stop = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  expect_reads(*segment, 600);
}

TEST_F(SegmentTest, Fits_BoundsOffsetsAndPositions) {
  const auto segment = filled(1);
  EXPECT_TRUE(segment->fits(kBase + INT32_MAX, 1000));
  EXPECT_FALSE(segment->fits(kBase + INT32_MAX + 1LL, 1000));
  EXPECT_FALSE(segment->fits(kBase + 10, INT32_MAX));
}

}  // namespace
}  // namespace orloj::log
