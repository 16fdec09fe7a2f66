// Topics that get more partitions, and what a kill leaves of that.
#include <future>

#include "tests/log/log_store_fixture.h"

namespace orloj::log {
namespace {

constexpr int kRecords = 3;

class LogStoreGrowthTest : public LogStoreFixture {
 protected:
  LogStoreGrowthTest() { append_durably(0); }

  void kill_and_open() {
    kill();
    open();
  }
  Offset end_of(std::int32_t index) const { return partition(index)->offsets().high_watermark; }
  void append_durably(std::int32_t index) {
    const auto appended = append(index, kRecords);
    ASSERT_TRUE(appended.has_value()) << appended.error().message;
    std::promise<Status> done;
    partition(index)->when_acknowledged(appended->durable,
                                        [&](const Status& status) { done.set_value(status); });
    ASSERT_TRUE(done.get_future().get());
  }
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
  const auto opened = try_to_open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(opened.error().message.find("restore both from one copy"), std::string::npos);
  EXPECT_TRUE(*sim_.disk.exists("/data/t-0"));
}

}  // namespace
}  // namespace orloj::log
