// Segments on a disk that fails and forgets.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "log/segment.h"
#include "tests/support/batches.h"
#include "tests/support/sim_env.h"

namespace orloj::log {
namespace {

using test::make_batch;
using test::SimCall;
using test::SimEnv;
using test::SimFault;

const SegmentSpec kSpec{.directory = "/log"};

Result<std::int64_t> append(Segment& segment, std::int32_t records, Codec codec = Codec::kNone) {
  const auto bytes = make_batch(segment.next_offset(), records, 1000, codec);
  return segment.append(RecordBatchView::parse(bytes, CrcCheck::kVerify).value());
}

std::shared_ptr<Segment> make_segment(SimEnv& sim) {
  EXPECT_TRUE(sim.disk.create_directories("/log"));
  EXPECT_TRUE(sim.disk.sync_directory("/"));
  return Segment::create(sim.disk, kSpec).value();
}

// Every byte that the segment publishes is a good batch, in order.
void expect_whole(const Segment& segment) {
  BatchWalk walk(*segment.file(), {0, segment.size_bytes()}, CrcCheck::kVerify);
  Offset next = segment.base_offset();
  for (;;) {
    const auto batch = walk.next();
    ASSERT_TRUE(batch) << batch.error().message;
    if (!batch->has_value()) {
      break;
    }
    ASSERT_EQ((*batch)->base_offset(), next);
    next = (*batch)->next_offset();
  }
  ASSERT_EQ(next, segment.next_offset());
}

TEST(SegmentCrash, PowerCut_KeepsWhatWasSyncedAndNothingTorn) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SimEnv sim(seed);
    std::mt19937_64 random(seed);
    auto segment = make_segment(sim);
    Offset durable = 0;
    Offset end = 0;
    for (int life = 0; life < 4; ++life) {
      for (std::uint64_t i = random() % 30; i > 0; --i) {
        ASSERT_TRUE(append(*segment, 1 + static_cast<std::int32_t>(random() % 50),
                           random() % 3 == 0 ? Codec::kLz4 : Codec::kNone));
        if (random() % 5 == 0) {
          durable = segment->sync().value();
        }
      }
      end = segment->next_offset();
      sim.disk.restart_after_power_cut();
      if (durable == 0 && life == 0 && !sim.disk.exists(segment->file()->path()).value()) {
        break;  // even the name was lost, as it may be
      }
      SegmentTail tail;
      auto recovered = Segment::recover(sim.disk, kSpec, {durable}, tail);
      ASSERT_TRUE(recovered) << recovered.error().message;
      segment = *recovered;
      ASSERT_GE(segment->next_offset(), durable);
      ASSERT_LE(segment->next_offset(), end);
      expect_whole(*segment);
      ASSERT_TRUE(segment->discard_tail());
      durable = segment->sync().value();
    }
  }
}

TEST(SegmentCrash, FailedWrite_LeavesReadersAndTheNextAppendAsTheyWere) {
  for (const SimFault fault : {SimFault::kIoError, SimFault::kNoSpace, SimFault::kShortWrite}) {
    SimEnv sim(1);
    auto segment = make_segment(sim);
    ASSERT_TRUE(append(*segment, 10));
    const std::int64_t size = segment->size_bytes();
    sim.disk.inject({.call = SimCall::kWrite, .fault = fault, .path_contains = ".log"});
    EXPECT_FALSE(append(*segment, 10));
    EXPECT_EQ(segment->size_bytes(), size);
    EXPECT_EQ(segment->next_offset(), 10);
    expect_whole(*segment);
    ASSERT_TRUE(append(*segment, 7));
    EXPECT_EQ(segment->next_offset(), 17);
    expect_whole(*segment);
  }
}

TEST(SegmentCrash, FullDiskForIndexes_DoesNotFailTheAppend) {
  SimEnv sim(1);
  auto segment = make_segment(sim);
  for (int i = 0; i < 1000; ++i) {
    sim.disk.inject(
        {.call = SimCall::kWrite, .fault = SimFault::kNoSpace, .path_contains = "index"});
    ASSERT_TRUE(append(*segment, 100));
  }
  sim.disk.kill_process();
  SegmentTail tail;
  segment = Segment::recover(sim.disk, kSpec, {0}, tail).value();
  EXPECT_EQ(segment->next_offset(), 100'000);
  EXPECT_EQ(segment->find_batch(50'000).value()->base_offset, 50'000);
}

TEST(SegmentCrash, FailedSync_IsReported) {
  SimEnv sim(1);
  auto segment = make_segment(sim);
  ASSERT_TRUE(append(*segment, 1));
  sim.disk.inject({.call = SimCall::kSync, .fault = SimFault::kIoError});
  EXPECT_EQ(segment->sync().error().code, ErrorCode::kIo);
  sim.disk.inject({.call = SimCall::kSyncDirectory, .fault = SimFault::kIoError});
  EXPECT_EQ(segment->sync().error().code, ErrorCode::kIo);
  EXPECT_EQ(segment->sync().value(), 1);
}

}  // namespace
}  // namespace orloj::log
