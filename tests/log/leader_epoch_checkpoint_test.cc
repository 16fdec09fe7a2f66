#include "log/leader_epoch_checkpoint.h"

#include <gtest/gtest.h>

#include "log/env/whole_file.h"
#include "tests/support/sim_env.h"

namespace orloj::log {
namespace {

class LeaderEpochCheckpointTest : public ::testing::Test {
 protected:
  LeaderEpochCheckpointTest() {
    EXPECT_TRUE(sim_.disk.create_directories("/log"));
    EXPECT_TRUE(sim_.disk.sync_directory("/"));
  }
  LeaderEpochCheckpoint load() { return LeaderEpochCheckpoint::load(sim_.env(), "/log").value(); }

  test::SimEnv sim_{1};
};

TEST_F(LeaderEpochCheckpointTest, AssignedEpochs_SurviveAPowerCut) {
  auto epochs = load();
  EXPECT_EQ(epochs.latest(), -1);
  ASSERT_TRUE(epochs.assign(0, 0));
  ASSERT_TRUE(epochs.assign(3, 10));
  sim_.disk.restart_after_power_cut();
  EXPECT_EQ(load().latest(), 3);
  EXPECT_EQ(to_text(*read_whole_file(sim_.disk, "/log/leader-epoch-checkpoint", 1'000)),
            "0\n2\n0 0\n3 10\n");
}

TEST_F(LeaderEpochCheckpointTest, AnOlderEpoch_IsIgnored) {
  auto epochs = load();
  ASSERT_TRUE(epochs.assign(3, 10));
  ASSERT_TRUE(epochs.assign(2, 20));
  ASSERT_TRUE(epochs.assign(3, 30));
  EXPECT_EQ(epochs.entries().size(), 1U);
}

TEST_F(LeaderEpochCheckpointTest, AnEpochWithoutRecords_GivesWayToTheNext) {
  auto epochs = load();
  ASSERT_TRUE(epochs.assign(1, 10));
  ASSERT_TRUE(epochs.assign(2, 10));
  ASSERT_EQ(epochs.entries().size(), 1U);
  EXPECT_EQ(epochs.latest(), 2);
}

TEST_F(LeaderEpochCheckpointTest, EndOffsetFor_FollowsKip320) {
  auto epochs = load();
  ASSERT_TRUE(epochs.assign(1, 0));
  ASSERT_TRUE(epochs.assign(3, 10));
  ASSERT_TRUE(epochs.assign(5, 25));
  const auto expect = [&](LeaderEpoch asked, LeaderEpoch epoch, Offset end) {
    const EpochEnd found = epochs.end_offset_for(asked, 40);
    EXPECT_EQ(found.epoch, epoch) << asked;
    EXPECT_EQ(found.end_offset, end) << asked;
  };
  expect(5, 5, 40);
  expect(4, 3, 25);
  expect(3, 3, 25);
  expect(2, 1, 10);
  expect(0, 0, 0);
  expect(6, -1, kNoOffset);
  expect(-1, -1, kNoOffset);
}

TEST_F(LeaderEpochCheckpointTest, Truncation_ForgetsEpochsThatStartAtOrBehindTheEnd) {
  auto epochs = load();
  ASSERT_TRUE(epochs.assign(1, 0));
  ASSERT_TRUE(epochs.assign(3, 10));
  ASSERT_TRUE(epochs.truncate_from_end(11));
  EXPECT_EQ(epochs.latest(), 3);
  ASSERT_TRUE(epochs.truncate_from_end(10));
  EXPECT_EQ(epochs.latest(), 1);
  EXPECT_EQ(load().latest(), 1);
}

TEST_F(LeaderEpochCheckpointTest, ADamagedFile_IsCorrupt) {
  for (const std::string_view content : {"", "1\n0\n", "0\n2\n0 0\n", "0\n1\n0 x\n",
                                         "0\n2\n3 0\n2 5\n", "0\n2\n1 9\n2 5\n", "0\n1\n0 0"}) {
    ASSERT_TRUE(replace_file(sim_.disk, "/log/leader-epoch-checkpoint", to_bytes(content)));
    const auto loaded = LeaderEpochCheckpoint::load(sim_.env(), "/log");
    ASSERT_TRUE(loaded.has_error()) << content;
    EXPECT_EQ(loaded.error().code, ErrorCode::kCorrupt);
  }
}

TEST_F(LeaderEpochCheckpointTest, AFailedWrite_ChangesNothing) {
  auto epochs = load();
  ASSERT_TRUE(epochs.assign(1, 0));
  sim_.disk.inject({.call = test::SimCall::kSync, .fault = test::SimFault::kIoError});
  EXPECT_FALSE(epochs.assign(2, 5));
  EXPECT_EQ(epochs.latest(), 1);
}

}  // namespace
}  // namespace orloj::log
