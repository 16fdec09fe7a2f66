#include <gtest/gtest.h>

#include <map>
#include <random>

#include "log/producer_state_file.h"
#include "tests/log/partition_fixture.h"

namespace orloj::log {
namespace {

using Table = std::map<std::string, std::string>;

class PartitionCompactionTest : public PartitionFixture {
 protected:
  PartitionCompactionTest() {
    spec_.config.segment_bytes = 400;
    spec_.config.cleanup_delete = false;
    spec_.config.cleanup_compact = true;
    spec_.config.min_cleanable_dirty_ratio = 0;
    spec_.config.delete_retention_ms = 1'000;
  }

  void put(const std::string& key, const std::optional<std::string>& value,
           const ProducerEvidence& producer = {}) {
    BatchHeaderFields fields;
    fields.producer_id = producer.producer_id;
    fields.producer_epoch = producer.producer_epoch;
    fields.base_sequence = producer.base_sequence;
    RecordBatchBuilder builder(fields);
    NewRecord record;
    record.timestamp_ms = clock_.wall_ms();
    record.key = to_bytes(key);
    if (value) {
      record.value = to_bytes(*value);
    }
    builder.append(record);
    TestBatch batch;
    batch.data = std::move(builder).build().value();
    batch.producer = producer;
    ASSERT_TRUE(append(batch));
    journal_->sync();
  }
  void put_many(int records, int keys) {
    for (int i = 0; i < records; ++i) {
      put("key-" + std::to_string(i % keys), "value-" + std::to_string(i));
    }
  }
  // Calls for each record in the log.
  template <class Visit>
  void for_each_record(Visit visit) {
    Offset next = partition_->offsets().log_start;
    while (next < partition_->offsets().high_watermark) {
      const auto read = partition_->read({.offset = next, .max_bytes = 1 << 20});
      ASSERT_TRUE(read) << read.error().message;
      const auto bytes = bytes_of(*read);
      BatchCursor cursor(bytes, CrcCheck::kVerify);
      ScratchBuffer scratch;
      ASSERT_FALSE(bytes.empty()) << "nothing to read at " << next;
      for (auto batch = cursor.next().value(); batch; batch = cursor.next().value()) {
        ASSERT_GT(batch->record_count(), 0) << "an empty batch at " << batch->base_offset();
        ASSERT_GE(batch->last_offset(), next) << "a batch below what was asked for";
        next = batch->next_offset();
        auto reader = RecordReader::open(*batch, scratch).value();
        RecordView record;
        while (reader.next(record)) {
          visit(batch->base_offset() + record.offset_delta, record);
        }
      }
    }
  }
  // What a reader builds from start to end.
  Table table() {
    Table out;
    for_each_record([&](Offset, const RecordView& record) {
      const std::string key(to_text(*record.key));
      if (record.value) {
        out[key] = std::string(to_text(*record.value));
      } else {
        out.erase(key);
      }
    });
    return out;
  }
  std::int64_t records() {
    std::int64_t count = 0;
    for_each_record([&](Offset, const RecordView&) { ++count; });
    return count;
  }
  std::vector<std::string> leftovers() {
    std::vector<std::string> names;
    for (const auto& entry : env_.files().list(spec_.directory).value()) {
      for (const char* ending : {".cleaned", ".swap", ".deleted"}) {
        if (entry.name.ends_with(ending)) {
          names.push_back(entry.name);
        }
      }
    }
    return names;
  }
};

TEST_F(PartitionCompactionTest, Run_KeepsTheLatestOfEachKey_AndLeavesNoFilesBehind) {
  create();
  put_many(60, 5);
  const Table before = table();
  ASSERT_TRUE(partition_->run_compaction());
  EXPECT_EQ(table(), before);
  EXPECT_LT(records(), 20);
  EXPECT_EQ(partition_->offsets().log_end, 60);
  EXPECT_TRUE(leftovers().empty());
  ASSERT_TRUE(partition_->run_compaction());  // nothing is dirty now
  EXPECT_EQ(table(), before);
}

TEST_F(PartitionCompactionTest, Compacted_SurvivesRestarts_AndGoesOn) {
  create();
  put_many(60, 5);
  ASSERT_TRUE(partition_->run_compaction());
  const Table before = table();
  crash_and_open();
  EXPECT_EQ(table(), before);
  restart_clean();
  EXPECT_EQ(table(), before);
  put_many(60, 7);
  const Table later = table();
  ASSERT_TRUE(partition_->run_compaction());
  EXPECT_EQ(table(), later);
  EXPECT_LT(records(), 30);
}

TEST_F(PartitionCompactionTest, Tombstones_GoAfterTheirRetention) {
  create();
  put("gone", "once");
  put("gone", std::nullopt);
  put_many(30, 3);
  const auto tombstones = [&] {
    int count = 0;
    for_each_record([&](Offset, const RecordView& record) { count += record.value ? 0 : 1; });
    return count;
  };
  ASSERT_TRUE(partition_->run_compaction());
  EXPECT_EQ(tombstones(), 1);
  clock_.advance_ms(1'001);
  put_many(30, 3);
  ASSERT_TRUE(partition_->run_compaction());
  EXPECT_EQ(tombstones(), 0);
  EXPECT_FALSE(table().contains("gone"));
}

TEST_F(PartitionCompactionTest, SmallMap_NeedsSeveralPasses_AndGetsThere) {
  options_.compaction_map_bytes = 24 * 8;  // six keys at a time
  create();
  put_many(80, 40);
  const Table before = table();
  for (int pass = 0; pass < 40; ++pass) {
    ASSERT_TRUE(partition_->run_compaction());
    ASSERT_EQ(table(), before);
  }
  EXPECT_LT(records(), 60);
}

TEST_F(PartitionCompactionTest, DirtyRatio_IsWaitedFor) {
  spec_.config.min_cleanable_dirty_ratio = 0.5;
  create();
  put_many(60, 40);
  ASSERT_TRUE(partition_->run_compaction());
  const auto cleaned = records();
  put_many(12, 2);
  ASSERT_TRUE(partition_->run_compaction());
  EXPECT_EQ(records(), cleaned + 12);
  put_many(60, 2);
  ASSERT_TRUE(partition_->run_compaction());
  EXPECT_LT(records(), cleaned + 12);
}

TEST_F(PartitionCompactionTest, UndurablePinnedAndReplayable_IsNotTouched) {
  create();
  put_many(30, 1);
  partition_->set_retention_pin(0);
  ASSERT_TRUE(partition_->run_compaction());
  EXPECT_EQ(records(), 30);
  partition_->set_retention_pin(kNoOffset);
  journal_->floor = 0;
  ASSERT_TRUE(partition_->run_compaction());
  EXPECT_EQ(records(), 30);
  journal_->floor = INT64_MAX;
  ASSERT_TRUE(partition_->run_compaction());
  EXPECT_LT(records(), 30);
}

TEST_F(PartitionCompactionTest, ProducerWindow_OutlivesTheBatchesThatAreCleanedAway) {
  create();
  const ProducerEvidence producer{
      .producer_id = kProducer, .producer_epoch = 0, .base_sequence = 0, .sequence_count = 1};
  put("key", "first", producer);
  put_many(30, 1);
  put("key", "last");
  put_many(10, 1);
  ASSERT_TRUE(partition_->run_compaction());
  ProducerStateFile file(env_, spec_.directory);
  ASSERT_TRUE(file.load());
  EXPECT_TRUE(file.both_cover(1, 0));
  crash_and_open();
  ASSERT_TRUE(partition_->producer_position(kProducer));
  EXPECT_EQ(partition_->producer_position(kProducer)->last_sequence, 0);
}

TEST_F(PartitionCompactionTest, DamagedBatch_HaltsTheCleaner_AndStaysVisible) {
  create();
  put_many(30, 1);
  damage("00000000000000000000.log", 65);
  ASSERT_TRUE(partition_->run_compaction());
  EXPECT_TRUE(partition_->stats().compaction_halted);
  EXPECT_TRUE(leftovers().empty());
  EXPECT_EQ(partition_->offsets().log_start, 0);
}

TEST_F(PartitionCompactionTest, DamageFoundAtTheStart_HaltsTheCleaner_AndStaysVisible) {
  create();
  put_many(30, 1);
  damage("00000000000000000000.log", 16);  // the magic of the first batch
  crash_and_open();
  ASSERT_TRUE(partition_->run_compaction());
  EXPECT_TRUE(partition_->stats().compaction_halted);
  crash_and_open();
  const auto read = partition_->read({.offset = 0, .max_bytes = 1 << 20});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
}

// What was accepted under other limits is cleaned as everything else.
TEST_F(PartitionCompactionTest, BatchPastTheLimitsOfToday_IsCleaned) {
  options_.decompressed_batch_max_bytes = 1'000;
  options_.record_headers_max = 10;
  create();
  const std::string large(2'000, 'x');
  const std::vector<HeaderView> headers(RecordLimits{}.headers_max + 4, HeaderView{"h", {}});
  for (int i = 0; i < 2; ++i) {
    BatchHeaderFields fields;
    fields.codec = Codec::kZstd;
    RecordBatchBuilder builder(fields);
    builder.append({.timestamp_ms = clock_.wall_ms(),
                    .key = to_bytes("key"),
                    .value = to_bytes(large),
                    .headers = headers});
    TestBatch batch;
    batch.data = std::move(builder).build().value();
    ASSERT_TRUE(append(batch));
  }
  put_many(30, 1);
  const auto run = partition_->run_compaction();
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_FALSE(partition_->stats().compaction_halted);
  EXPECT_LT(records(), 20);
  EXPECT_EQ(table().at("key"), large);
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(PartitionCompactionTest, RandomWrites_GiveTheSameTable_BeforeAndAfterEachPass) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  options_.compaction_map_bytes = 24 * 16;
  create();
  Table model;
  for (int round = 0; round < 8; ++round) {
    for (int i = 0; i < 40; ++i) {
      const std::string key = "key-" + std::to_string(random() % 20);
      if (random() % 5 == 0) {
        put(key, std::nullopt);
        model.erase(key);
      } else {
        put(key, std::to_string(round) + "-" + std::to_string(i));
        model[key] = std::to_string(round) + "-" + std::to_string(i);
      }
    }
    clock_.advance_ms(static_cast<std::int64_t>(random() % 700));
    ASSERT_TRUE(partition_->run_compaction());
    ASSERT_EQ(table(), model);
    if (random() % 3 == 0) {
      crash_and_open();
      ASSERT_EQ(table(), model);
    }
  }
}

}  // namespace
}  // namespace orloj::log
