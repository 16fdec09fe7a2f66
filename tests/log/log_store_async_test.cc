// Async topics: what is on stable storage without anyone having waited for it is not lost to damage
// elsewhere in the log.
#include <gtest/gtest.h>

#include <memory>

#include "log/log_store.h"
#include "tests/support/batches.h"
#include "tests/support/sim_env.h"

namespace orloj::log {
namespace {

constexpr int kBatches = 60;
constexpr int kRecords = 10;
constexpr const char* kFirstSegment = "/data/t-0/00000000000000000000.log";

class LogStoreAsyncTest : public ::testing::Test {
 protected:
  LogStoreAsyncTest() {
    options_.data_dir = "/data";
    options_.journal_file_bytes = 256 << 10;
    topic_.topic_id.bytes[0] = 1;
    topic_.name = "t";
    topic_.partition_count = 1;
    topic_.config.durability = Durability::kAsync;
    topic_.config.segment_bytes = 4096;
    open();
    facts_.topics = {topic_};
    EXPECT_TRUE(store_->create_topic(topic_).has_value());
    for (int i = 0; i < kBatches; ++i) {
      auto batch = test::make_batch(0, kRecords);
      AppendRequest request;
      request.data = batch;
      EXPECT_TRUE(partition()->append(request).has_value());
    }
  }

  void open() {
    auto opened = LogStore::open(
        sim_.env(), options_, [this]() -> Result<CatalogFacts> { return facts_; },
        [](const Error&) {});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = *std::move(opened);
  }
  void kill() {
    sim_.disk.arm("now", 1);
    sim_.disk.reached("now");
    store_.reset();
    sim_.disk.kill_process();
    sim_.disk.disarm();
  }
  // One bit of the length of the first segment's first batch: nothing behind it can be found.
  void damage_the_first_segment() {
    const auto file = sim_.disk.open(kFirstSegment, OpenMode::kReadWrite).value();
    std::array<std::byte, 1> byte{};
    ASSERT_EQ(file->pread(byte, 10).value(), byte.size());
    byte[0] ^= std::byte{0x40};
    const ByteView changed(byte);
    ASSERT_TRUE(file->pwrite(std::span(&changed, 1), 10));
    ASSERT_TRUE(file->sync_data());
  }
  void expect_all_but_the_first_segment() {
    EXPECT_EQ(partition()->offsets().log_end, kBatches * kRecords);
    EXPECT_EQ(partition()->read({.offset = 0}).error().code, ErrorCode::kCorrupt);
    const auto last = partition()->read({.offset = kBatches * kRecords - kRecords});
    ASSERT_TRUE(last.has_value()) << last.error().message;
    EXPECT_GT(last->size_bytes, 0);
  }
  std::shared_ptr<Partition> partition() const { return store_->find({topic_.topic_id, 0}); }

  test::SimEnv sim_{1};
  LogOptions options_;
  KnownTopic topic_;
  CatalogFacts facts_;
  std::unique_ptr<LogStore> store_;
};

TEST_F(LogStoreAsyncTest, Promise9_DamageAfterAKill_CostsNoLaterSegmentThatWasClosed) {
  ASSERT_TRUE(partition()->run_flush());
  kill();
  damage_the_first_segment();
  open();
  expect_all_but_the_first_segment();
}

TEST_F(LogStoreAsyncTest, Promise9_DamageAfterACleanStop_CostsNoLaterSegment) {
  ASSERT_TRUE(store_->close());
  store_.reset();
  damage_the_first_segment();
  open();
  expect_all_but_the_first_segment();
}

TEST_F(LogStoreAsyncTest, WhatClosedSegmentsHold_SurvivesAPowerCut) {
  ASSERT_TRUE(partition()->run_flush());
  sim_.disk.arm("now", 1);
  sim_.disk.reached("now");
  store_.reset();
  sim_.disk.restart_after_power_cut();
  sim_.disk.disarm();
  open();
  EXPECT_EQ(partition()->offsets().log_end, kBatches * kRecords);
}

}  // namespace
}  // namespace orloj::log
