#include "log/producer_state.h"

#include <gtest/gtest.h>

#include "log/types.h"

namespace orloj::log {
namespace {

using Kind = ProducerJudgement::Kind;

constexpr ProducerId kProducer = 7;

// A plain batch: every record immediate.
OfferedBatch plain(std::int32_t base_sequence, std::int32_t count, std::int16_t epoch = 0) {
  return {.producer_id = kProducer,
          .producer_epoch = epoch,
          .base_sequence = base_sequence,
          .sequence_count = count,
          .data_last_delta = count - 1};
}

OfferedBatch scheduled(std::int32_t base_sequence, std::int32_t count) {
  OfferedBatch offered = plain(base_sequence, count);
  offered.data_last_delta = -1;
  offered.schedule_last_delta = count - 1;
  return offered;
}

// The last `tail` records are scheduled.
OfferedBatch mixed(std::int32_t base_sequence, std::int32_t count, std::int32_t tail) {
  OfferedBatch offered = plain(base_sequence, count);
  offered.data_last_delta = count - tail - 1;
  offered.schedule_last_delta = tail - 1;
  return offered;
}

class ProducerStateTest : public ::testing::Test {
 protected:
  Kind kind(const OfferedBatch& offered) { return state_.judge(offered).value().kind; }
  ErrorCode refusal(const OfferedBatch& offered) { return state_.judge(offered).error().code; }

  void store(const OfferedBatch& offered, TimestampMs now_ms = 1000) {
    store_halves(offered, offered.data_last_delta >= 0, offered.schedule_last_delta >= 0, now_ms);
  }
  void store_halves(const OfferedBatch& offered, bool data, bool schedule,
                    TimestampMs now_ms = 1000) {
    ProducerBatch batch;
    batch.base_sequence = offered.base_sequence;
    batch.sequence_count = offered.sequence_count;
    batch.has_data_half = offered.data_last_delta >= 0;
    batch.has_schedule_half = offered.schedule_last_delta >= 0;
    batch.data.last_delta = offered.data_last_delta;
    batch.appended_ms = now_ms;
    if (data) {
      batch.data = {data_end_, offered.data_last_delta};
      data_end_ = batch.data.end_offset();
    }
    if (schedule) {
      batch.schedule = {schedule_end_, offered.schedule_last_delta};
      schedule_end_ = batch.schedule.end_offset();
    }
    state_.apply(offered.producer_id, offered.producer_epoch, batch);
  }

  ProducerState state_{{.expiration_ms = 60'000, .producers_max = 3}};
  Offset data_end_ = 100;
  Offset schedule_end_ = 0;
};

TEST_F(ProducerStateTest, UnknownProducer_MayStartAtAnySequence) {
  EXPECT_EQ(kind(plain(4711, 3)), Kind::kNew);
}

TEST_F(ProducerStateTest, NextSequence_IsNew_GapIsOutOfOrder) {
  store(plain(0, 3));
  EXPECT_EQ(kind(plain(3, 1)), Kind::kNew);
  EXPECT_EQ(refusal(plain(4, 1)), ErrorCode::kOutOfOrderSequence);
}

TEST_F(ProducerStateTest, Repeat_InWindow_IsAnsweredWithTheFirstOffsets) {
  for (int i = 0; i < 5; ++i) {
    store(plain(i * 2, 2));
  }
  for (int i = 0; i < 5; ++i) {
    const auto judged = state_.judge(plain(i * 2, 2)).value();
    EXPECT_EQ(judged.kind, Kind::kDuplicate);
    EXPECT_EQ(judged.known.data.base_offset, 100 + i * 2);
  }
}

TEST_F(ProducerStateTest, Repeat_BehindTheWindow_IsOutOfOrder) {
  for (int i = 0; i < 6; ++i) {
    store(plain(i, 1));
  }
  EXPECT_EQ(refusal(plain(0, 1)), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(kind(plain(1, 1)), Kind::kDuplicate);
}

TEST_F(ProducerStateTest, SameBaseSequence_OtherLength_IsOutOfOrder) {
  store(plain(0, 3));
  EXPECT_EQ(refusal(plain(0, 2)), ErrorCode::kOutOfOrderSequence);
}

TEST_F(ProducerStateTest, OlderEpoch_IsRefused_NewEpochStartsAtZero) {
  store(plain(0, 3, 5));
  EXPECT_EQ(refusal(plain(3, 1, 4)), ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(refusal(plain(3, 1, 6)), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(kind(plain(0, 1, 6)), Kind::kNew);
  store(plain(0, 1, 6));
  EXPECT_EQ(refusal(plain(3, 1, 5)), ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(kind(plain(0, 1, 6)), Kind::kDuplicate);
}

TEST_F(ProducerStateTest, Sequence_WrapsBehindInt32Max) {
  store(plain(INT32_MAX - 1, 2));
  EXPECT_EQ(kind(plain(0, 4)), Kind::kNew);
  store(plain(0, 4));
  EXPECT_EQ(kind(plain(INT32_MAX - 1, 2)), Kind::kDuplicate);
  EXPECT_EQ(kind(plain(4, 1)), Kind::kNew);
}

TEST_F(ProducerStateTest, Sequence_WrapsInsideABatch) {
  store(plain(INT32_MAX - 1, 5));
  EXPECT_EQ(kind(plain(3, 1)), Kind::kNew);
  EXPECT_EQ(refusal(plain(2, 1)), ErrorCode::kOutOfOrderSequence);
}

TEST_F(ProducerStateTest, MixedBatch_WithBothHalves_IsDuplicate) {
  store(mixed(0, 5, 2));
  const auto judged = state_.judge(mixed(0, 5, 2)).value();
  EXPECT_EQ(judged.kind, Kind::kDuplicate);
  EXPECT_EQ(judged.known.data.base_offset, 100);
  EXPECT_EQ(judged.known.schedule.base_offset, 0);
  EXPECT_EQ(kind(plain(5, 1)), Kind::kNew);
}

TEST_F(ProducerStateTest, MixedBatch_WithoutDataHalf_IsCompleted) {
  store_halves(mixed(0, 5, 2), false, true);
  const auto judged = state_.judge(mixed(0, 5, 2)).value();
  EXPECT_EQ(judged.kind, Kind::kComplete);
  EXPECT_FALSE(judged.known.data.stored());
  EXPECT_TRUE(judged.known.schedule.stored());
  store_halves(mixed(0, 5, 2), true, false);
  EXPECT_EQ(kind(mixed(0, 5, 2)), Kind::kDuplicate);
}

TEST_F(ProducerStateTest, MixedBatch_KnownFromTheDataLogAlone_IsCompletedToItsWholeRange) {
  // The data log tells three records; the client's batch had five.
  store(plain(0, 3));
  const auto judged = state_.judge(mixed(0, 5, 2)).value();
  EXPECT_EQ(judged.kind, Kind::kComplete);
  EXPECT_FALSE(judged.known.schedule.stored());
  store_halves(mixed(0, 5, 2), false, true);
  EXPECT_EQ(kind(mixed(0, 5, 2)), Kind::kDuplicate);
  EXPECT_EQ(kind(plain(5, 1)), Kind::kNew);
  EXPECT_EQ(refusal(plain(3, 1)), ErrorCode::kOutOfOrderSequence);
}

TEST_F(ProducerStateTest, MissingHalf_OfAnotherShape_IsOutOfOrder) {
  store_halves(mixed(0, 5, 2), false, true);
  EXPECT_EQ(refusal(mixed(0, 5, 3)), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(refusal(plain(0, 5)), ErrorCode::kOutOfOrderSequence);
}

TEST_F(ProducerStateTest, AllScheduled_RepeatHasNoDataOffset) {
  store(scheduled(0, 3));
  const auto judged = state_.judge(scheduled(0, 3)).value();
  EXPECT_EQ(judged.kind, Kind::kDuplicate);
  EXPECT_EQ(judged.known.data.base_offset, kNoOffset);
}

TEST_F(ProducerStateTest, Halves_AppliedInAnyOrder_GiveTheSameWindow) {
  // Recovery may meet a later batch of one log before an earlier one of the other.
  store(scheduled(4, 2));
  store(plain(0, 4));
  EXPECT_EQ(kind(plain(0, 4)), Kind::kDuplicate);
  EXPECT_EQ(kind(scheduled(4, 2)), Kind::kDuplicate);
  EXPECT_EQ(kind(plain(6, 1)), Kind::kNew);
}

TEST_F(ProducerStateTest, BatchThatACrashTook_FitsIntoItsGapOnly) {
  store(plain(0, 2));
  store(scheduled(5, 2));
  EXPECT_EQ(kind(plain(2, 3)), Kind::kNew);
  EXPECT_EQ(refusal(plain(3, 2)), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(refusal(plain(2, 4)), ErrorCode::kOutOfOrderSequence);
  store(plain(2, 3));
  EXPECT_EQ(kind(plain(2, 3)), Kind::kDuplicate);
  EXPECT_EQ(kind(plain(7, 1)), Kind::kNew);
}

TEST_F(ProducerStateTest, FirstBatchesThatACrashTook_AreTakenFromTheRetry) {
  ProducerBatch second;
  second.base_sequence = 5;
  second.sequence_count = 2;
  second.has_schedule_half = true;
  second.schedule = {0, 1};
  state_.replay(kProducer, 0, second);
  EXPECT_EQ(refusal(plain(4, 2)), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(kind(plain(0, 3)), Kind::kNew);
  store(plain(0, 3));
  EXPECT_EQ(kind(plain(0, 3)), Kind::kDuplicate);
  EXPECT_EQ(kind(plain(3, 2)), Kind::kNew);
  EXPECT_EQ(refusal(plain(INT32_MAX, 1)), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(kind(scheduled(5, 2)), Kind::kDuplicate);
}

TEST_F(ProducerStateTest, FirstBatchOfALiveProducer_LeavesNothingOpenBeforeIt) {
  store(plain(5, 2));
  EXPECT_EQ(refusal(plain(0, 3)), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(refusal(plain(3, 2)), ErrorCode::kOutOfOrderSequence);
}

TEST_F(ProducerStateTest, ForgetAbove_DropsWhatTheLogsLost) {
  store(plain(0, 2));      // data 100..101
  store(mixed(2, 4, 2));   // data 102..103, schedule 0..1
  store(scheduled(6, 1));  // schedule 2
  state_.forget_above(102, 2);
  EXPECT_EQ(kind(plain(0, 2)), Kind::kDuplicate);
  EXPECT_EQ(kind(mixed(2, 4, 2)), Kind::kComplete);
  EXPECT_EQ(kind(scheduled(6, 1)), Kind::kNew);
}

TEST_F(ProducerStateTest, SilentProducer_Expires_ReservedOneNever) {
  store(plain(0, 1), 1'000);
  OfferedBatch firing = plain(0, 1);
  firing.producer_id = kFirstReservedProducerId;
  store(firing, 1'000);
  state_.expire(61'000);
  EXPECT_EQ(state_.size(), 2U);
  state_.expire(61'001);
  EXPECT_EQ(state_.find(kProducer), nullptr);
  EXPECT_NE(state_.find(kFirstReservedProducerId), nullptr);
}

TEST_F(ProducerStateTest, BeyondTheLimit_TheOneSilentLongestGoes) {
  OfferedBatch firing = plain(0, 1);
  firing.producer_id = kFirstReservedProducerId;
  store(firing);
  for (ProducerId id = 1; id <= 3; ++id) {
    OfferedBatch offered = plain(0, 1);
    offered.producer_id = id;
    store(offered);
  }
  OfferedBatch again = plain(1, 1);
  again.producer_id = 1;
  store(again);
  OfferedBatch fourth = plain(0, 1);
  fourth.producer_id = 4;
  store(fourth);
  EXPECT_NE(state_.find(1), nullptr);
  EXPECT_EQ(state_.find(2), nullptr);
  EXPECT_NE(state_.find(3), nullptr);
  EXPECT_NE(state_.find(kFirstReservedProducerId), nullptr);
}

TEST_F(ProducerStateTest, Entries_RestoredElsewhere_JudgeTheSame) {
  store(plain(0, 2));
  store_halves(mixed(2, 4, 2), false, true);
  ProducerState other{{.expiration_ms = 60'000, .producers_max = 3}};
  for (ProducerEntry& entry : state_.entries()) {
    other.restore(std::move(entry));
  }
  EXPECT_EQ(other.judge(plain(0, 2)).value().kind, Kind::kDuplicate);
  EXPECT_EQ(other.judge(mixed(2, 4, 2)).value().kind, Kind::kComplete);
  EXPECT_EQ(other.judge(plain(6, 1)).value().kind, Kind::kNew);
}

}  // namespace
}  // namespace orloj::log
