#include "log/segment_file.h"

#include <gtest/gtest.h>

#include <vector>

#include "log/format.h"
#include "log/segment.h"
#include "tests/support/batches.h"
#include "tests/support/sim_env.h"

namespace orloj::log {
namespace {

using test::make_batch;
using test::SimCall;

constexpr int kBatches = 8;

// A sealed segment of eight batches, and how often the disk was asked for its bytes.
class VerifiedSegmentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files().create_directories("log"));
    segment_ = Segment::create(files(), spec()).value();
    for (int i = 0; i < kBatches; ++i) {
      const auto bytes = make_batch(3 * i, 3, 10 * i);
      ASSERT_TRUE(segment_->append(RecordBatchView::parse(bytes, CrcCheck::kVerify).value()));
    }
    ASSERT_TRUE(segment_->seal());
    sim_.disk.set_cached(true);
  }

  FileSystem& files() { return sim_.env().files(); }
  SegmentSpec spec() const { return {.directory = "log", .base_offset = 0}; }
  FileSlice whole() const { return {segment_->file(), 0, segment_->size_bytes()}; }
  // Verifies the segment; returns how often it was read for that.
  std::int64_t reads_of_verify() {
    const std::int64_t before = sim_.disk.calls(SimCall::kRead);
    EXPECT_EQ(segment_->verify(whole()).value(), segment_->size_bytes());
    return sim_.disk.calls(SimCall::kRead) - before;
  }
  void flip_a_byte_of_the_last_batch() {
    const auto file =
        files()
            .open("log/" + format::segment_file_name(0, format::kDataSuffix), OpenMode::kReadWrite)
            .value();
    const auto at = static_cast<std::uint64_t>(segment_->size_bytes()) - 1;
    std::byte last{};
    ASSERT_TRUE(file->pread({&last, 1}, at));
    last ^= std::byte{1};
    ASSERT_TRUE(file->pwrite(ByteView{&last, 1}, at));
  }

  test::SimEnv sim_{1};
  std::shared_ptr<Segment> segment_;
};

TEST_F(VerifiedSegmentTest, WrittenHereAndStillCached_IsNotReadAgain) {
  EXPECT_EQ(reads_of_verify(), 0);
}

TEST_F(VerifiedSegmentTest, NotCached_IsReadEachTime) {
  sim_.disk.set_cached(false);
  EXPECT_GT(reads_of_verify(), 0);
  EXPECT_GT(reads_of_verify(), 0);
}

TEST_F(VerifiedSegmentTest, OpenedFromDisk_IsReadOnceWhileItStaysCached) {
  segment_ = Segment::open(files(), spec(), SegmentUse::kReadOnly).value();
  EXPECT_GT(reads_of_verify(), 0);
  EXPECT_EQ(reads_of_verify(), 0);
}

TEST_F(VerifiedSegmentTest, APageThatALookupBroughtBack_IsCheckedAgain) {
  sim_.disk.set_cached(false);
  ASSERT_TRUE(segment_->find_batch(0));  // reads the headers from the disk
  sim_.disk.set_cached(true);
  EXPECT_GT(reads_of_verify(), 0);
}

TEST_F(VerifiedSegmentTest, ChangedBySomebodyElse_IsReadAndTheIntactPartTold) {
  flip_a_byte_of_the_last_batch();
  const auto intact = segment_->verify(whole());
  ASSERT_TRUE(intact);
  EXPECT_GT(*intact, 0);
  EXPECT_LT(*intact, segment_->size_bytes());
  const FileSlice last{segment_->file(), *intact, segment_->size_bytes() - *intact};
  EXPECT_EQ(segment_->verify(last).error().code, ErrorCode::kInvalidBatch);
}

TEST_F(VerifiedSegmentTest, ChangedAfterItWasVerified_IsFound) {
  segment_ = Segment::open(files(), spec(), SegmentUse::kReadOnly).value();
  EXPECT_GT(reads_of_verify(), 0);
  flip_a_byte_of_the_last_batch();
  EXPECT_LT(segment_->verify(whole()).value(), segment_->size_bytes());
}

}  // namespace
}  // namespace orloj::log
