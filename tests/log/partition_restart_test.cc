#include <gtest/gtest.h>

#include <array>

#include "tests/log/partition_fixture.h"

namespace orloj::log {
namespace {

class PartitionRestartTest : public PartitionFixture {
 protected:
  // The whole window of five batches, of every mix, is answered as the first time.
  void expect_window_of(const std::vector<std::string>& shapes,
                        const std::vector<AppendResult>& first_answers) {
    std::int32_t sequence = 0;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      const auto again = append(batch(shapes[i], sequence));
      ASSERT_TRUE(again) << shapes[i] << ": " << again.error().message;
      EXPECT_EQ(again->verdict, AppendVerdict::kDuplicate) << shapes[i];
      EXPECT_EQ(again->base_offset, first_answers[i].base_offset) << shapes[i];
      EXPECT_EQ(again->schedule_base_offset, first_answers[i].schedule_base_offset) << shapes[i];
      EXPECT_EQ(again->durable.data_end, first_answers[i].durable.data_end) << shapes[i];
      EXPECT_EQ(again->durable.schedule_end, first_answers[i].durable.schedule_end) << shapes[i];
      sequence += static_cast<std::int32_t>(shapes[i].size());
    }
  }
  std::vector<AppendResult> append_all(const std::vector<std::string>& shapes) {
    std::vector<AppendResult> answers;
    std::int32_t sequence = 0;
    for (const std::string& shape : shapes) {
      answers.push_back(append(batch(shape, sequence)).value());
      sequence += static_cast<std::int32_t>(shape.size());
    }
    journal_->sync();
    return answers;
  }
  TestBatch firing(std::int32_t base_sequence) {
    TestBatch fired = make_client_batch("i",
                                        {.producer_id = kFirstReservedProducerId,
                                         .producer_epoch = 0,
                                         .base_sequence = base_sequence,
                                         .sequence_count = 0},
                                        clock_.wall_ms());
    fired.origin = AppendOrigin::kScheduler;
    return fired;
  }

  const std::vector<std::string> shapes_{"iii", "isi", "sss", "ssi", "iss"};
};

TEST_F(PartitionRestartTest, FiveBatchWindow_OfEveryMix_SurvivesAKill) {
  create();
  const auto answers = append_all(shapes_);
  crash_and_open();
  expect_window_of(shapes_, answers);
  EXPECT_TRUE(append(batch("i", 15)));
}

TEST_F(PartitionRestartTest, FiveBatchWindow_OfEveryMix_SurvivesACleanStop) {
  create();
  const auto answers = append_all(shapes_);
  restart_clean();
  expect_window_of(shapes_, answers);
  restart_clean();
  expect_window_of(shapes_, answers);
  EXPECT_TRUE(append(batch("i", 15)));
}

TEST_F(PartitionRestartTest, FiveBatchWindow_PartlyInTheFileAndPartlyInTheLogs_SurvivesAKill) {
  create();
  append(batch("isi", 0)).value();
  append(batch("ss", 3)).value();
  journal_->sync();
  restart_clean();
  append(batch("is", 5)).value();
  append(batch("ii", 7)).value();
  append(batch("s", 9)).value();
  journal_->sync();
  crash_and_open();
  for (const auto& [shape, sequence] :
       std::vector<std::pair<std::string, int>>{{"isi", 0}, {"ss", 3}, {"is", 5}, {"ii", 7}}) {
    EXPECT_EQ(append(batch(shape, sequence)).value().verdict, AppendVerdict::kDuplicate) << shape;
  }
  EXPECT_EQ(append(batch("i", 10)).value().verdict, AppendVerdict::kAppended);
}

TEST_F(PartitionRestartTest, DataHalfThatWasLost_IsCompletedByTheRetry) {
  for (const std::string shape : {"is", "si", "isi", "ssi", "iis"}) {
    SCOPED_TRACE(shape);
    spec_.id.partition += 1;
    spec_.directory = "/data/orders-" + std::to_string(spec_.id.partition);
    journal_ = std::make_unique<test::FakeJournal>();
    create();
    append(batch("i", 0)).value();
    const auto first = append(batch(shape, 1)).value();
    forget();
    auto parts = recovered_parts(false);
    ASSERT_TRUE(parts.data->truncate(first.base_offset));
    open_with(std::move(parts), false);
    const auto completed = append(batch(shape, 1)).value();
    EXPECT_EQ(completed.verdict, AppendVerdict::kAppended);
    EXPECT_EQ(completed.base_offset, first.base_offset);
    EXPECT_EQ(completed.schedule_base_offset, first.schedule_base_offset);
    EXPECT_EQ(partition_->schedule_offsets().log_end, first.durable.schedule_end);
    EXPECT_EQ(append(batch(shape, 1)).value().verdict, AppendVerdict::kDuplicate);
    journal_->sync();
    crash_and_open();
    EXPECT_EQ(append(batch(shape, 1)).value().verdict, AppendVerdict::kDuplicate);
    EXPECT_TRUE(append(batch("i", 1 + static_cast<std::int32_t>(shape.size()))));
  }
}

TEST_F(PartitionRestartTest, ScheduleHalfThatWasLost_IsCompletedByTheRetry) {
  for (const std::string shape : {"is", "si", "isi", "ssi", "iis"}) {
    SCOPED_TRACE(shape);
    spec_.id.partition += 1;
    spec_.directory = "/data/orders-" + std::to_string(spec_.id.partition);
    journal_ = std::make_unique<test::FakeJournal>();
    create();
    append(batch("s", 0)).value();
    const auto first = append(batch(shape, 1)).value();
    forget();
    auto parts = recovered_parts(false);
    ASSERT_TRUE(parts.schedule->truncate(first.schedule_base_offset));
    open_with(std::move(parts), false);
    const auto completed = append(batch(shape, 1)).value();
    EXPECT_EQ(completed.verdict, AppendVerdict::kAppended);
    EXPECT_EQ(completed.base_offset, first.base_offset);
    EXPECT_EQ(completed.schedule_base_offset, first.schedule_base_offset);
    EXPECT_EQ(partition_->offsets().log_end, first.durable.data_end);
    journal_->sync();
    crash_and_open();
    EXPECT_EQ(append(batch(shape, 1)).value().verdict, AppendVerdict::kDuplicate);
    EXPECT_TRUE(append(batch("i", 1 + static_cast<std::int32_t>(shape.size()))));
  }
}

TEST_F(PartitionRestartTest, WholeBatchThatWasLost_BeforeOneThatStands_IsTakenFromTheRetry) {
  create();
  append(batch("i", 0)).value();
  append(batch("ii", 1)).value();
  append(batch("ss", 3)).value();
  forget();
  auto parts = recovered_parts(false);
  ASSERT_TRUE(parts.data->truncate(1));
  open_with(std::move(parts), false);
  EXPECT_EQ(append(batch("ii", 1)).value().verdict, AppendVerdict::kAppended);
  EXPECT_EQ(append(batch("ss", 3)).value().verdict, AppendVerdict::kDuplicate);
  EXPECT_EQ(append(batch("i", 5)).value().verdict, AppendVerdict::kAppended);
}

TEST_F(PartitionRestartTest, FileThatIsAheadOfTheLogs_DoesNotVouchForWhatWasLost) {
  spec_.config.durability = Durability::kAsync;
  create();
  append(batch("ii", 0)).value();
  append(batch("ii", 2)).value();
  ASSERT_TRUE(partition_->close_clean());
  forget();
  auto parts = recovered_parts(true);
  ASSERT_TRUE(parts.data->truncate(2));
  open_with(std::move(parts), false);
  EXPECT_EQ(append(batch("ii", 0)).value().verdict, AppendVerdict::kDuplicate);
  // Another batch takes the offsets of the lost one; a second crash must not revive the old file.
  EXPECT_EQ(append(plain(2)).value().base_offset, 2);
  crash_and_open();
  EXPECT_EQ(append(batch("ii", 2)).value().base_offset, 4);
}

TEST_F(PartitionRestartTest, LeaderEpoch_StartsAtZero_AndRisesWithUncleanStartsOnly) {
  create();
  EXPECT_EQ(partition_->leader_epoch(), 0);
  append(batch("is", 0)).value();
  journal_->sync();
  restart_clean();
  EXPECT_EQ(partition_->leader_epoch(), 0);
  crash_and_open();
  EXPECT_EQ(partition_->leader_epoch(), 1);
  append(batch("is", 2)).value();
  EXPECT_EQ(partition_->end_offset_for_epoch(0).end_offset, 1);
  EXPECT_EQ(partition_->end_offset_for_epoch(1).end_offset, 2);
  const auto frames = journal_->frames();
  ASSERT_EQ(frames.size(), 2U);
  for (const auto& frame : frames) {
    EXPECT_EQ(frame.frame.leader_epoch, 1);
  }
  crash_and_open();
  EXPECT_EQ(partition_->leader_epoch(), 2);
}

TEST_F(PartitionRestartTest, ReservedProducer_IsRemembered_HoweverLongItWasSilent) {
  create();
  append(firing(0)).value();
  append(batch("i", 0)).value();
  journal_->sync();
  restart_clean();
  clock_.advance_ms(options_.producer_id_expiration_ms + 1);
  ASSERT_TRUE(partition_->run_retention());
  ASSERT_TRUE(partition_->producer_position(kFirstReservedProducerId));
  EXPECT_FALSE(partition_->producer_position(kProducer));
  EXPECT_EQ(append(firing(0)).value().verdict, AppendVerdict::kDuplicate);
}

// Producers choose the timestamps of their records; how long they were silent is the broker's word.
TEST_F(PartitionRestartTest, Producers_AreForgottenByTheBrokersClock_WhateverTheirRecordsSay) {
  constexpr std::int64_t kCenturyMs = 100LL * 365 * 86'400'000;
  const TimestampMs now = clock_.wall_ms();
  const std::array<TimestampMs, 4> times = {kNoTimestamp, 0, now - kCenturyMs, now + kCenturyMs};
  const auto append_each = [&](AppendVerdict expected) {
    for (std::size_t i = 0; i < times.size(); ++i) {
      const ProducerEvidence producer{.producer_id = 100 + static_cast<ProducerId>(i),
                                      .producer_epoch = 0,
                                      .base_sequence = 0,
                                      .sequence_count = 0};
      EXPECT_EQ(append(make_client_batch("is", producer, times[i])).value().verdict, expected)
          << times[i];
    }
    journal_->sync();
  };
  spec_.config.timestamp_after_max_ms = INT64_MAX;
  create();
  append_each(AppendVerdict::kAppended);
  for (const bool restarts : {false, true}) {
    if (restarts) {
      crash_and_open();
      append_each(AppendVerdict::kDuplicate);
      restart_clean();
    }
    clock_.advance_ms(options_.producer_id_expiration_ms);
    ASSERT_TRUE(partition_->run_retention());
    append_each(AppendVerdict::kDuplicate);
    clock_.advance_ms(1);
    ASSERT_TRUE(partition_->run_retention());
    append_each(AppendVerdict::kAppended);
  }
}

TEST_F(PartitionRestartTest, BothGenerationsDamaged_StopFiring_ClientsGoOn) {
  create();
  append(batch("is", 0)).value();
  append(firing(0)).value();
  journal_->sync();
  restart_clean();
  append(batch("i", 2)).value();
  journal_->sync();
  restart_clean();
  for (const char* name : {"producer-state.0", "producer-state.1"}) {
    damage(name, 20);
  }
  crash_and_open();
  EXPECT_TRUE(partition_->stats().producer_state_damaged);
  EXPECT_EQ(append(firing(1)).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(append(batch("is", 0)).value().verdict, AppendVerdict::kDuplicate);
  EXPECT_EQ(append(batch("i", 3)).value().verdict, AppendVerdict::kAppended);
  // Nothing heals it silently.
  journal_->sync();
  restart_clean();
  EXPECT_TRUE(partition_->stats().producer_state_damaged);
  EXPECT_EQ(append(firing(1)).error().code, ErrorCode::kCorrupt);
}

TEST_F(PartitionRestartTest, RottenBatchThatNoProducerFileCovers_StopsFiring_NotTheStart) {
  create();
  append(batch("ss", 0)).value();
  append(batch("ss", 2)).value();
  append(firing(0)).value();
  journal_->sync();
  damage("schedule/00000000000000000000.log", 66);  // what the first record says of its batch
  crash_and_open();
  EXPECT_TRUE(partition_->stats().producer_state_damaged);
  EXPECT_EQ(append(firing(1)).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(append(batch("ss", 2)).value().verdict, AppendVerdict::kDuplicate);
}

TEST_F(PartitionRestartTest, OneGenerationDamaged_IsMadeUpForByTheOther) {
  create();
  append(batch("is", 0)).value();
  journal_->sync();
  restart_clean();
  append(batch("ii", 2)).value();
  append(firing(0)).value();
  journal_->sync();
  restart_clean();
  damage("producer-state.1", 20);
  crash_and_open();
  EXPECT_FALSE(partition_->stats().producer_state_damaged);
  EXPECT_EQ(append(batch("is", 0)).value().verdict, AppendVerdict::kDuplicate);
  EXPECT_EQ(append(batch("ii", 2)).value().verdict, AppendVerdict::kDuplicate);
  EXPECT_EQ(append(firing(0)).value().verdict, AppendVerdict::kDuplicate);
}

TEST_F(PartitionRestartTest, HeadIsGone_AndNoProducerFileIsThere_CountsAsDamaged) {
  create();
  append(batch("is", 0)).value();
  append(batch("ii", 2)).value();
  journal_->sync();
  clock_.advance_ms(1);
  partition_->delete_records(3, [](const Status& status) { ASSERT_TRUE(status); });
  ASSERT_TRUE(env_.files().remove(path("producer-state.0")));
  ASSERT_TRUE(env_.files().remove(path("producer-state.1")));
  crash_and_open();
  EXPECT_TRUE(partition_->stats().producer_state_damaged);
}

TEST_F(PartitionRestartTest, CleanStop_WritesKafkasSnapshot) {
  create();
  append(batch("iii", 0)).value();
  journal_->sync();
  ASSERT_TRUE(partition_->close_clean());
  EXPECT_TRUE(env_.files().exists(path("00000000000000000003.snapshot")).value());
}

}  // namespace
}  // namespace orloj::log
