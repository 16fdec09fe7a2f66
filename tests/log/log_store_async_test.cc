// Async topics: what is on stable storage without anyone having waited for it is not lost to damage
// elsewhere in the log.
#include <array>
#include <chrono>
#include <cstdlib>
#include <future>

#include "tests/log/log_store_fixture.h"

namespace orloj::log {
namespace {

constexpr int kBatches = 60;
constexpr int kRecords = 10;
constexpr const char* kFirstSegment = "/data/t-0/00000000000000000000.log";

TopicLogConfig async_config() {
  TopicLogConfig config;
  config.durability = Durability::kAsync;
  config.segment_bytes = 4096;
  return config;
}

class LogStoreAsyncTest : public LogStoreFixture {
 protected:
  LogStoreAsyncTest() : LogStoreFixture(async_config()) {
    for (int i = 0; i < kBatches; ++i) {
      EXPECT_TRUE(append(0, kRecords).has_value());
    }
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
  cut_power();
  open();
  EXPECT_EQ(partition()->offsets().log_end, kBatches * kRecords);
}

class LogStoreFlushTest : public LogStoreFixture {
 protected:
  LogStoreFlushTest() : LogStoreFixture(flushed_config()) { store_->start_background(); }

  static TopicLogConfig flushed_config() {
    TopicLogConfig config;
    config.durability = Durability::kAsync;
    config.flush_messages = 1;
    return config;
  }
  Status append_and_wait() {
    const auto appended = append(0, kRecords);
    std::promise<Status> acknowledged;
    partition()->when_acknowledged(appended->durable,
                                   [&](const Status& status) { acknowledged.set_value(status); });
    auto answer = acknowledged.get_future();
    if (answer.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
      std::abort();  // it would call back later, when nothing is left to call
    }
    return answer.get();
  }
};

TEST_F(LogStoreFlushTest, WhatWasAcknowledgedBehindFlushMessages_SurvivesAPowerCut) {
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(append_and_wait());
    ASSERT_TRUE(append_and_wait());
    const Offset end = partition()->offsets().log_end;
    cut_power();
    open();
    store_->start_background();
    EXPECT_EQ(partition()->offsets().log_end, end);
  }
}

}  // namespace
}  // namespace orloj::log
