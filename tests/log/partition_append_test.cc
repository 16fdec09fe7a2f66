#include <gtest/gtest.h>

#include "tests/log/partition_fixture.h"

namespace orloj::log {
namespace {

using Offsets = std::vector<Offset>;

class PartitionAppendTest : public PartitionFixture {
 protected:
  ErrorCode refusal(TestBatch batch) { return append(std::move(batch)).error().code; }
};

TEST_F(PartitionAppendTest, Append_GivesContiguousOffsets_AndPatchesTheEpoch) {
  create();
  EXPECT_EQ(append(plain(3)).value().base_offset, 0);
  EXPECT_EQ(append(plain(2)).value().base_offset, 3);
  journal_->sync();
  EXPECT_EQ(readable(LogKind::kData), (Offsets{0, 1, 2, 3, 4}));
  const auto bytes = bytes_of(partition_->read({.offset = 3, .max_bytes = 1}).value());
  const auto batch = RecordBatchView::parse(bytes, CrcCheck::kVerify).value();
  EXPECT_EQ(batch.base_offset(), 3);
  EXPECT_EQ(batch.leader_epoch(), 0);
}

TEST_F(PartitionAppendTest, SyncTopic_ReadersSeeOnlyWhatIsDurable) {
  create();
  append(plain(3)).value();
  append(plain(2)).value();
  EXPECT_EQ(partition_->offsets().log_end, 5);
  EXPECT_EQ(partition_->offsets().high_watermark, 0);
  EXPECT_TRUE(readable(LogKind::kData).empty());
  journal_->sync_first(1);
  EXPECT_EQ(partition_->offsets().high_watermark, 3);
  EXPECT_EQ(readable(LogKind::kData), (Offsets{0, 1, 2}));
}

TEST_F(PartitionAppendTest, AsyncTopic_ReadersSeeTheLogEnd_NothingEntersTheJournal) {
  spec_.config.durability = Durability::kAsync;
  create();
  append(plain(3)).value();
  EXPECT_EQ(readable(LogKind::kData), (Offsets{0, 1, 2}));
  EXPECT_TRUE(journal_->frames().empty());
}

TEST_F(PartitionAppendTest, AcknowledgementOfAll_WaitsForTheDurableEnd) {
  create();
  const auto result = append(plain(3)).value();
  EXPECT_EQ(result.durable.data_end, 3);
  int acknowledged = 0;
  partition_->when_acknowledged(result.durable, [&](const Status& status) {
    EXPECT_TRUE(status);
    ++acknowledged;
  });
  EXPECT_EQ(acknowledged, 0);
  journal_->sync();
  EXPECT_EQ(acknowledged, 1);
}

TEST_F(PartitionAppendTest, Read_BehindTheLogEnd_IsOutOfRange_UpToItEmpty) {
  create();
  append(plain(3)).value();
  EXPECT_TRUE(partition_->read({.offset = 3, .max_bytes = 100}).value().slices.empty());
  EXPECT_EQ(partition_->read({.offset = 4, .max_bytes = 100}).error().code,
            ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(partition_->read({.offset = -1, .max_bytes = 100}).error().code,
            ErrorCode::kOffsetOutOfRange);
  EXPECT_TRUE(partition_->read_schedule({.offset = 0, .max_bytes = 100}).value().slices.empty());
}

TEST_F(PartitionAppendTest, Duplicate_IsAnsweredAsTheFirstTime_AndStoredOnce) {
  create();
  append(plain(1)).value();
  const auto first = append(batch("iii", 0)).value();
  append(batch("i", 3)).value();
  const auto again = append(batch("iii", 0)).value();
  EXPECT_EQ(again.verdict, AppendVerdict::kDuplicate);
  EXPECT_EQ(again.base_offset, first.base_offset);
  EXPECT_EQ(again.durable.data_end, first.durable.data_end);
  EXPECT_EQ(partition_->offsets().log_end, 5);
  EXPECT_EQ(partition_->stats().duplicate_batches_total, 1);
}

TEST_F(PartitionAppendTest, SequenceGap_IsRefused_NothingIsStored) {
  create();
  append(batch("ii", 0)).value();
  EXPECT_EQ(refusal(batch("i", 5)), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(partition_->offsets().log_end, 2);
  EXPECT_EQ(refusal(batch("i", 2, 3)), ErrorCode::kOutOfOrderSequence);
  append(batch("i", 0, 3)).value();
  EXPECT_EQ(refusal(batch("i", 2, 2)), ErrorCode::kInvalidProducerEpoch);
}

TEST_F(PartitionAppendTest, ReservedProducerId_IsRefusedFromClients_NotFromTheScheduler) {
  create();
  TestBatch firing = make_client_batch("ii",
                                       {.producer_id = kFirstReservedProducerId + 3,
                                        .producer_epoch = 0,
                                        .base_sequence = 0,
                                        .sequence_count = 0},
                                       clock_.wall_ms());
  EXPECT_EQ(refusal(firing), ErrorCode::kInvalidProducerEpoch);
  firing.origin = AppendOrigin::kScheduler;
  EXPECT_EQ(append(firing).value().base_offset, 0);
  const auto position = partition_->producer_position(kFirstReservedProducerId + 3);
  ASSERT_TRUE(position);
  EXPECT_EQ(position->last_sequence, 1);
  EXPECT_FALSE(partition_->producer_position(kFirstReservedProducerId + 4));
}

TEST_F(PartitionAppendTest, BatchAboveMaxMessageBytes_IsRefusedFromClientsOnly) {
  spec_.config.max_message_bytes = 100;
  create();
  TestBatch large = plain(20);
  EXPECT_EQ(refusal(large), ErrorCode::kTooLarge);
  large.origin = AppendOrigin::kCoordinator;
  EXPECT_TRUE(append(large));
}

TEST_F(PartitionAppendTest, MaxMessageBytes_CountsTheBatchAsItWasSent) {
  spec_.config.max_message_bytes = 1'000;
  create();
  TestBatch scheduled = batch("s", 0);
  AppendRequest request{.data = {}, .schedule = scheduled.schedule, .producer = scheduled.producer};
  request.client_batch_bytes = 1'001;
  EXPECT_EQ(partition_->append(request).error().code, ErrorCode::kTooLarge);
  request.client_batch_bytes = 1'000;
  EXPECT_TRUE(partition_->append(request));
}

TEST_F(PartitionAppendTest, LowDisk_RefusesClients_FiringsAndCoordinatorsGoOn) {
  create();
  partition_->set_disk_space(DiskSpace::kLow);
  EXPECT_EQ(refusal(plain(1)), ErrorCode::kNoSpace);
  TestBatch internal = plain(1);
  internal.origin = AppendOrigin::kCoordinator;
  EXPECT_TRUE(append(internal));
  partition_->set_disk_space(DiskSpace::kEnough);
  EXPECT_TRUE(append(plain(1)));
}

TEST_F(PartitionAppendTest, ScheduleLog_CanBeMadeBeforeTheFirstAppend) {
  create();
  EXPECT_FALSE(partition_->has_schedule_log());
  ASSERT_TRUE(partition_->create_schedule_log());
  ASSERT_TRUE(partition_->create_schedule_log());
  EXPECT_TRUE(partition_->has_schedule_log());
  EXPECT_TRUE(append(batch("s", 0)));
}

TEST_F(PartitionAppendTest, Recent_IsWhatWasAppendedLastAndSinceTheStart) {
  options_.recent_bytes = 1'000;
  create();
  EXPECT_TRUE(partition_->is_recent(0));
  const auto size = static_cast<std::int64_t>(plain(1).data.size());
  Offset end = 0;
  while (partition_->is_recent(0)) {
    ASSERT_LE(end * size, 1'000 + size) << "more than recent_bytes count as recent";
    ASSERT_TRUE(append(plain(1)));
    ++end;
  }
  EXPECT_GE(end * size, 500);
  EXPECT_TRUE(partition_->is_recent(end));
  restart_clean();
  EXPECT_FALSE(partition_->is_recent(end - 1));
  EXPECT_TRUE(partition_->is_recent(end));
}

TEST_F(PartitionAppendTest, TimestampOutOfBounds_IsRefusedFromClientsOnly) {
  spec_.config.timestamp_after_max_ms = 1'000;
  spec_.config.timestamp_before_max_ms = 5'000;
  create();
  const TimestampMs now_ms = clock_.wall_ms();
  TestBatch late = make_client_batch("i", {}, now_ms + 1'001);
  EXPECT_EQ(refusal(late), ErrorCode::kInvalidTimestamp);
  EXPECT_EQ(refusal(make_client_batch("i", {}, now_ms - 5'001)), ErrorCode::kInvalidTimestamp);
  EXPECT_TRUE(append(make_client_batch("i", {}, now_ms + 1'000)));
  EXPECT_TRUE(append(make_client_batch("i", {}, now_ms - 5'000)));
  EXPECT_TRUE(append(make_client_batch("i", {}, kNoTimestamp)));
  TestBatch hidden = make_client_batch("i", {}, now_ms);  // an old record between younger ones
  EXPECT_EQ(partition_
                ->append({.data = hidden.data,
                          .schedule = {},
                          .producer = {},
                          .oldest_timestamp_ms = now_ms - 5'001,
                          .newest_timestamp_ms = now_ms})
                .error()
                .code,
            ErrorCode::kInvalidTimestamp);
  late.origin = AppendOrigin::kScheduler;
  EXPECT_TRUE(append(late));
}

TEST_F(PartitionAppendTest, LogAppendTime_StampsTheBatch_AndIsAnswered) {
  spec_.config.timestamp_type = TimestampType::kLogAppendTime;
  create();
  const auto result = append(make_client_batch("ii", {}, 5)).value();
  EXPECT_EQ(result.log_append_time_ms, clock_.wall_ms());
  journal_->sync();
  const auto bytes = bytes_of(partition_->read({.offset = 0, .max_bytes = 1}).value());
  const auto stored = RecordBatchView::parse(bytes, CrcCheck::kVerify).value();
  EXPECT_EQ(stored.timestamp_type(), TimestampType::kLogAppendTime);
  EXPECT_EQ(stored.max_timestamp(), clock_.wall_ms());
}

TEST_F(PartitionAppendTest, MixedBatch_StoresTheScheduleHalfFirst_WithItsEvidence) {
  create();
  append(plain(4)).value();
  const auto result = append(batch("isisi", 0)).value();
  EXPECT_EQ(result.base_offset, 4);
  EXPECT_EQ(result.schedule_base_offset, 0);
  EXPECT_EQ(result.durable.data_end, 9);
  EXPECT_EQ(result.durable.schedule_end, 2);
  const auto frames = journal_->frames();
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[1].id.kind, LogKind::kSchedule);
  EXPECT_EQ(frames[2].id.kind, LogKind::kData);
  const auto half = RecordBatchView::parse(frames[1].batch, CrcCheck::kVerify).value();
  ScratchBuffer scratch;
  auto reader = RecordReader::open(half, scratch).value();
  RecordView record;
  ASSERT_TRUE(reader.next(record));
  const auto evidence = decode_batch_evidence(*record.key).value();
  EXPECT_EQ(evidence.halves, BatchHalves::kMixed);
  EXPECT_EQ(evidence.sequence_count, 5);
  EXPECT_EQ(evidence.data_end_offset, 4);
  EXPECT_EQ(evidence.data_last_delta, 4);
  journal_->sync();
  EXPECT_EQ(readable(LogKind::kData), (Offsets{0, 1, 2, 3, 4, 6, 8}));
  EXPECT_EQ(readable(LogKind::kSchedule), (Offsets{0, 1}));
}

TEST_F(PartitionAppendTest, MixedBatch_EndingInScheduledRecords_LeavesNoHoleAtTheEnd) {
  create();
  EXPECT_EQ(append(batch("iiss", 0)).value().durable.data_end, 2);
  EXPECT_EQ(partition_->offsets().log_end, 2);
  EXPECT_EQ(append(batch("i", 4)).value().base_offset, 2);
}

TEST_F(PartitionAppendTest, AllScheduled_HasNoDataOffset_AlsoOnRetry) {
  create();
  for (const auto verdict : {AppendVerdict::kAppended, AppendVerdict::kDuplicate}) {
    const auto result = append(batch("ss", 0)).value();
    EXPECT_EQ(result.verdict, verdict);
    EXPECT_EQ(result.base_offset, kNoOffset);
    EXPECT_EQ(result.schedule_base_offset, 0);
    EXPECT_EQ(result.durable.data_end, kNoOffset);
    EXPECT_EQ(result.durable.schedule_end, 2);
  }
  EXPECT_EQ(partition_->offsets().log_end, 0);
}

TEST_F(PartitionAppendTest, ScheduleLog_IsMadeOnFirstUse_WithThePartitionsEpoch) {
  create();
  EXPECT_FALSE(journal_->is_attached(log_id(LogKind::kSchedule)));
  append(batch("s", 0)).value();
  EXPECT_TRUE(journal_->is_attached(log_id(LogKind::kSchedule)));
  const auto frames = journal_->frames();
  const auto stored = RecordBatchView::parse(frames[0].batch, CrcCheck::kVerify);
  EXPECT_EQ(stored->leader_epoch(), partition_->leader_epoch());
}

TEST_F(PartitionAppendTest, ScheduleHalf_OnAsyncTopics_IsJournaledAndAwaited) {
  spec_.config.durability = Durability::kAsync;
  create();
  const auto result = append(batch("is", 0)).value();
  ASSERT_EQ(journal_->frames().size(), 1U);
  bool acknowledged = false;
  partition_->when_acknowledged(result.durable,
                                [&](const Status& status) { acknowledged = status.has_value(); });
  EXPECT_FALSE(acknowledged);
  EXPECT_EQ(readable(LogKind::kData), Offsets{0});
  EXPECT_TRUE(readable(LogKind::kSchedule).empty());
  journal_->sync();
  EXPECT_TRUE(acknowledged);
  EXPECT_EQ(readable(LogKind::kSchedule), Offsets{0});
}

TEST_F(PartitionAppendTest, ScheduleHalf_WithoutRoomForEvidence_IsRefused) {
  create();
  TestBatch bad = batch("s", 0);
  RecordBatchBuilder builder(
      BatchHeaderFields{.producer_id = kProducer, .producer_epoch = 0, .base_sequence = 0});
  builder.append({.timestamp_ms = 1, .key = to_bytes("short"), .value = {}, .headers = {}});
  bad.schedule = std::move(builder).build().value();
  EXPECT_EQ(refusal(bad), ErrorCode::kInvalidBatch);
}

TEST_F(PartitionAppendTest, HeaderAndEvidenceThatDiffer_AreRefused) {
  create();
  TestBatch bad = batch("ii", 0);
  bad.producer.base_sequence = 1;
  EXPECT_EQ(refusal(bad), ErrorCode::kInvalidBatch);
  bad = batch("ii", 0);
  bad.producer.sequence_count = 1;
  EXPECT_EQ(refusal(bad), ErrorCode::kInvalidBatch);
  bad = batch("ii", 0);
  bad.producer = {};
  EXPECT_EQ(refusal(bad), ErrorCode::kInvalidBatch);
}

TEST_F(PartitionAppendTest, AfterAFailedJournalAppend_EverythingIsRefused) {
  create();
  journal_->fail_appends({ErrorCode::kIo, "the disk is gone"});
  EXPECT_EQ(refusal(plain(1)), ErrorCode::kIo);
  EXPECT_EQ(refusal(plain(1)), ErrorCode::kSealed);
  EXPECT_EQ(partition_->offsets().high_watermark, 0);
  EXPECT_EQ(journal_->failures.size(), 1U);
}

TEST_F(PartitionAppendTest, Closed_RefusesAndReleases) {
  create();
  const auto result = append(plain(1)).value();
  ErrorCode code{};
  partition_->when_acknowledged(result.durable,
                                [&](const Status& status) { code = status.error().code; });
  bool woken = false;
  ASSERT_TRUE(partition_->wake_beyond(0, [&] { woken = true; }));
  partition_->close();
  EXPECT_EQ(code, ErrorCode::kClosed);
  EXPECT_TRUE(woken);
  EXPECT_EQ(refusal(plain(1)), ErrorCode::kClosed);
  EXPECT_EQ(partition_->read({.offset = 0, .max_bytes = 1}).error().code, ErrorCode::kClosed);
  EXPECT_FALSE(journal_->is_attached(log_id(LogKind::kData)));
}

TEST_F(PartitionAppendTest, Wake_ComesWithTheDurableEnd_OutsideTheMutex) {
  create();
  bool woken = false;
  ASSERT_TRUE(partition_->wake_beyond(0, [&] {
    woken = true;
    append(plain(1)).value();  // would lock up under the mutex
  }));
  append(plain(1)).value();
  EXPECT_FALSE(woken);
  journal_->sync();
  EXPECT_TRUE(woken);
}

TEST_F(PartitionAppendTest, Timestamps_AreFoundBelowTheHighWatermark) {
  create();
  append(make_client_batch("i", {}, 1'000)).value();
  append(make_client_batch("i", {}, 2'000)).value();
  journal_->sync_first(1);
  EXPECT_EQ(partition_->find_by_timestamp(500).value()->offset, 0);
  EXPECT_FALSE(partition_->find_by_timestamp(1'500).value());
  EXPECT_EQ(partition_->find_max_timestamp().value()->timestamp_ms, 1'000);
  journal_->sync();
  EXPECT_EQ(partition_->find_by_timestamp(1'500).value()->offset, 1);
}

}  // namespace
}  // namespace orloj::log
