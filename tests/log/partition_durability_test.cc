#include <gtest/gtest.h>

#include "tests/log/partition_fixture.h"

namespace orloj::log {
namespace {

using Offsets = std::vector<Offset>;

class PartitionDurabilityTest : public PartitionFixture {
 protected:
  void become(Durability durability) {
    spec_.config.durability = durability;
    partition_->set_config(spec_.config);
  }
  PartitionOffsets offsets() { return partition_->offsets(); }
};

TEST_F(PartitionDurabilityTest, SyncData_OnAsyncTopics_MovesTheDurableEndAfterItsNote) {
  spec_.config.durability = Durability::kAsync;
  create();
  append(plain(3)).value();
  EXPECT_EQ(offsets().durable_end, 0);
  ASSERT_TRUE(partition_->sync_data());
  ASSERT_EQ(journal_->notes.size(), 1U);
  EXPECT_EQ(journal_->notes[0].second, 3);
  EXPECT_EQ(offsets().durable_end, 3);
  ASSERT_TRUE(partition_->sync_data());  // nothing to do
  EXPECT_EQ(journal_->notes.size(), 1U);
}

TEST_F(PartitionDurabilityTest, OnStableStorage_OnAsyncTopics_WaitsForTheSync) {
  spec_.config.durability = Durability::kAsync;
  create();
  const auto result = append(plain(3)).value();
  bool acknowledged = false;
  bool stable = false;
  partition_->when_acknowledged(result.durable, [&](const Status&) { acknowledged = true; });
  partition_->when_on_stable_storage(result.durable, [&](const Status&) { stable = true; });
  EXPECT_TRUE(acknowledged);
  EXPECT_FALSE(stable);
  ASSERT_TRUE(partition_->sync_data());
  EXPECT_TRUE(stable);
}

TEST_F(PartitionDurabilityTest, BecomingSync_SyncsFirst_ThenJournalsWithoutAGap) {
  spec_.config.durability = Durability::kAsync;
  create();
  append(plain(3)).value();
  become(Durability::kSync);
  EXPECT_EQ(journal_->notes.back().second, 3);
  EXPECT_EQ(offsets().durable_end, 3);
  append(plain(2)).value();
  ASSERT_EQ(journal_->frames().size(), 1U);
  EXPECT_EQ(journal_->frames()[0].frame.base_offset, 3);
  EXPECT_EQ(offsets().high_watermark, 3);
  journal_->sync();
  EXPECT_EQ(offsets().high_watermark, 5);
}

TEST_F(PartitionDurabilityTest, BecomingAsync_ShowsTheLogEndAtOnce) {
  create();
  append(plain(3)).value();
  EXPECT_EQ(offsets().high_watermark, 0);
  become(Durability::kAsync);
  EXPECT_EQ(offsets().high_watermark, 3);
  append(plain(1)).value();
  EXPECT_EQ(journal_->frames().size(), 1U);  // the first one only
  journal_->sync();
  EXPECT_EQ(offsets().durable_end, 3);
}

TEST_F(PartitionDurabilityTest, ThereAndBackAgain_LosesNothing) {
  create();
  append(plain(1)).value();
  journal_->sync();
  become(Durability::kAsync);
  append(plain(1)).value();
  become(Durability::kSync);
  append(plain(1)).value();
  journal_->sync();
  EXPECT_EQ(readable(LogKind::kData), (Offsets{0, 1, 2}));
  EXPECT_EQ(offsets().durable_end, 3);
}

TEST_F(PartitionDurabilityTest, FlushMessages_SyncsAfterSoManyRecords) {
  spec_.config.durability = Durability::kAsync;
  spec_.config.flush_messages = 4;
  create();
  append(plain(3)).value();
  ASSERT_TRUE(partition_->run_flush());
  EXPECT_EQ(offsets().durable_end, 0);
  append(plain(1)).value();
  ASSERT_TRUE(partition_->run_flush());
  EXPECT_EQ(offsets().durable_end, 4);
}

class FlushMessagesTest : public PartitionDurabilityTest {
 protected:
  void create_with(std::int64_t flush_messages) {
    spec_.config.durability = Durability::kAsync;
    spec_.config.flush_messages = flush_messages;
    create();
    partition_->on_flush_due([this] { ++requests_; });
  }
  // Counts the answers of acks=all.
  AppendResult append_and_wait(TestBatch batch) {
    const auto result = append(std::move(batch)).value();
    partition_->when_acknowledged(result.durable, [this](const Status& status) {
      EXPECT_TRUE(status);
      ++answers_;
    });
    return result;
  }

  int requests_ = 0;
  int answers_ = 0;
};

TEST_F(FlushMessagesTest, TheAppendThatReachesThem_IsAnsweredBehindTheSync) {
  create_with(3);
  EXPECT_FALSE(append_and_wait(plain(2)).waits_for_flush);
  EXPECT_EQ(answers_, 1);
  EXPECT_EQ(requests_, 0);
  EXPECT_TRUE(append_and_wait(plain(1)).waits_for_flush);
  EXPECT_EQ(answers_, 1);
  EXPECT_EQ(requests_, 1);
  EXPECT_FALSE(append_and_wait(plain(1)).waits_for_flush) << "counted anew";
  EXPECT_EQ(answers_, 2);
  ASSERT_TRUE(partition_->run_flush());
  EXPECT_EQ(answers_, 3);
  EXPECT_EQ(offsets().durable_end, 4);
}

TEST_F(FlushMessagesTest, AppendsThatWaitAtTheSameTime_ShareOneSync) {
  create_with(1);
  for (int i = 0; i < 5; ++i) {
    append_and_wait(plain(1));
  }
  EXPECT_EQ(requests_, 1);
  EXPECT_EQ(answers_, 0);
  ASSERT_TRUE(partition_->run_flush());
  EXPECT_EQ(answers_, 5);
  EXPECT_EQ(journal_->notes.size(), 1U);
  append_and_wait(plain(1));
  EXPECT_EQ(requests_, 2);
}

TEST_F(FlushMessagesTest, ARetryOfWhatWaits_WaitsToo) {
  create_with(1);
  append_and_wait(batch("i", 0));
  const auto again = append_and_wait(batch("i", 0));
  EXPECT_EQ(again.verdict, AppendVerdict::kDuplicate);
  EXPECT_TRUE(again.waits_for_flush);
  EXPECT_EQ(answers_, 0);
  ASSERT_TRUE(partition_->run_flush());
  EXPECT_EQ(answers_, 2);
}

TEST_F(FlushMessagesTest, RaisedMeanwhile_TheSyncIsMadeAllTheSame) {
  create_with(1);
  append_and_wait(plain(1));
  ASSERT_EQ(answers_, 0);
  TopicLogConfig config = spec_.config;
  config.flush_messages = INT64_MAX;
  partition_->set_config(config);
  ASSERT_TRUE(partition_->run_flush());
  EXPECT_EQ(answers_, 1);
}

TEST_F(FlushMessagesTest, OfASyncTopic_AddNothing) {
  spec_.config.flush_messages = 1;
  create();
  EXPECT_FALSE(append(plain(1)).value().waits_for_flush);
}

TEST_F(PartitionDurabilityTest, FlushMs_SyncsAfterSoLong) {
  spec_.config.durability = Durability::kAsync;
  spec_.config.flush_ms = 500;
  create();
  append(plain(1)).value();
  clock_.step_wall_ms(-3'600'000);  // nobody's business
  clock_.advance_ms(499);
  ASSERT_TRUE(partition_->run_flush());
  EXPECT_EQ(offsets().durable_end, 0);
  clock_.advance_ms(1);
  ASSERT_TRUE(partition_->run_flush());
  EXPECT_EQ(offsets().durable_end, 1);
}

TEST_F(PartitionDurabilityTest, CleanStop_ReleasesWaitersWithWhatIsDurable) {
  create();
  const auto result = append(batch("is", 0)).value();
  Status answer = Error{ErrorCode::kIo, "not called"};
  partition_->when_acknowledged(result.durable, [&](const Status& status) { answer = status; });
  ASSERT_TRUE(partition_->close_clean());
  EXPECT_TRUE(answer);
  EXPECT_EQ(append(plain(1)).error().code, ErrorCode::kClosed);
}

TEST_F(PartitionDurabilityTest, ScheduleListener_HearsOfDurableEntriesOnly) {
  create();
  std::vector<Offset> heard;
  partition_->set_schedule_listener([&](Offset offset) { heard.push_back(offset); });
  append(batch("ss", 0)).value();
  EXPECT_TRUE(heard.empty());
  journal_->sync();
  EXPECT_EQ(heard, Offsets{2});
}

}  // namespace
}  // namespace orloj::log
