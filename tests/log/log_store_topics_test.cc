// Topics that get more partitions, and what a kill leaves of that.
#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "log/log_store.h"
#include "tests/support/batches.h"
#include "tests/support/sim_env.h"

namespace orloj::log {
namespace {

constexpr int kRecords = 3;

class LogStoreGrowthTest : public ::testing::Test {
 protected:
  LogStoreGrowthTest() {
    options_.data_dir = "/data";
    options_.journal_file_bytes = 256 << 10;
    topic_.topic_id.bytes[0] = 1;
    topic_.name = "t";
    topic_.partition_count = 1;
    open();
    facts_.topics = {topic_};
    EXPECT_TRUE(store_->create_topic(topic_).has_value());
    append_durably(0);
  }

  void open() {
    auto opened = LogStore::open(
        sim_.env(), options_, [this]() -> Result<CatalogFacts> { return facts_; },
        [](const Error&) {});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = *std::move(opened);
  }
  void kill_and_open() {
    sim_.disk.arm("now", 1);
    sim_.disk.reached("now");
    store_.reset();
    sim_.disk.kill_process();
    sim_.disk.disarm();
    open();
  }
  std::shared_ptr<Partition> partition(std::int32_t index) const {
    return store_->find({topic_.topic_id, index});
  }
  Offset end_of(std::int32_t index) const { return partition(index)->offsets().high_watermark; }
  void append_durably(std::int32_t index) {
    auto batch = test::make_batch(0, kRecords);
    AppendRequest request;
    request.data = batch;
    const auto appended = partition(index)->append(request);
    ASSERT_TRUE(appended.has_value()) << appended.error().message;
    std::promise<Status> done;
    partition(index)->when_acknowledged(appended->durable,
                                        [&](const Status& status) { done.set_value(status); });
    ASSERT_TRUE(done.get_future().get());
  }

  test::SimEnv sim_{1};
  LogOptions options_;
  KnownTopic topic_;
  CatalogFacts facts_;
  std::unique_ptr<LogStore> store_;
};

TEST_F(LogStoreGrowthTest, WhatIsMissingIsMadeAndTheRestStays) {
  const auto first = partition(0);
  topic_.partition_count = 3;
  const auto grown = store_->create_topic(topic_);
  ASSERT_EQ(grown->size(), 3U);
  EXPECT_EQ(grown->front(), first);
  append_durably(2);
  facts_.topics = {topic_};
  kill_and_open();
  EXPECT_EQ(end_of(0), kRecords);
  EXPECT_EQ(end_of(1), 0);
  EXPECT_EQ(end_of(2), kRecords);
}

TEST_F(LogStoreGrowthTest, WhatTheCatalogueDidNotLearnIsLeftOutAndMadeAgain) {
  topic_.partition_count = 2;
  ASSERT_TRUE(store_->create_topic(topic_).has_value());
  kill_and_open();
  EXPECT_EQ(partition(1), nullptr);
  ASSERT_TRUE(store_->create_topic(topic_).has_value());
  append_durably(1);
  facts_.topics = {topic_};
  kill_and_open();
  EXPECT_EQ(end_of(0), kRecords);
  EXPECT_EQ(end_of(1), kRecords);
}

TEST_F(LogStoreGrowthTest, ACatalogueThatIsLost_IsNotTakenForAnEmptyOne) {
  ASSERT_TRUE(store_->close());
  store_.reset();
  facts_ = {};
  const auto opened = LogStore::open(
      sim_.env(), options_, [this]() -> Result<CatalogFacts> { return facts_; },
      [](const Error&) {});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(opened.error().message.find("restore both from one copy"), std::string::npos);
  EXPECT_TRUE(*sim_.disk.exists("/data/t-0"));
}

}  // namespace
}  // namespace orloj::log
