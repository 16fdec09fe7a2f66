// A partition on a simulated disk with a journal that syncs when told and a clock that stands
// still.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "log/batch_evidence.h"
#include "log/partition.h"
#include "log/record_batch_builder.h"
#include "log/recovery.h"
#include "log/segment.h"
#include "tests/support/fake_journal.h"
#include "tests/support/sim_env.h"

namespace orloj::log {

// One client batch before and after it was split.
struct TestBatch {
  std::vector<std::byte> data;
  std::vector<std::byte> schedule;
  ProducerEvidence producer;
  AppendOrigin origin = AppendOrigin::kClient;
};

// What a client sends: which of its records are scheduled, by one letter each: i immediate, s
// scheduled.
inline TestBatch make_client_batch(const std::string& shape, const ProducerEvidence& producer,
                                   TimestampMs timestamp_ms) {
  BatchHeaderFields fields;
  fields.producer_id = producer.producer_id;
  fields.producer_epoch = producer.producer_epoch;
  fields.base_sequence = producer.base_sequence;
  RecordBatchBuilder data(fields);
  RecordBatchBuilder schedule(fields);
  const std::array<std::byte, kBatchEvidenceBytes> no_evidence{};
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::string value =
        "record-" + std::to_string(producer.base_sequence) + "-" + std::to_string(i);
    if (shape[i] == 'i') {
      data.append_at(static_cast<std::int32_t>(i), {.timestamp_ms = timestamp_ms,
                                                    .key = to_bytes("key"),
                                                    .value = to_bytes(value),
                                                    .headers = {}});
    } else {
      schedule.append({.timestamp_ms = timestamp_ms,
                       .key = ByteView(no_evidence),
                       .value = to_bytes(value),
                       .headers = {}});
    }
  }
  TestBatch batch;
  batch.producer = producer;
  batch.producer.sequence_count = static_cast<std::int32_t>(shape.size());
  if (data.record_count() > 0) {
    batch.data = std::move(data).build().value();
  }
  if (schedule.record_count() > 0) {
    batch.schedule = std::move(schedule).build().value();
  }
  return batch;
}

// What the slices of a read hold.
inline std::vector<std::byte> bytes_of(const ReadResult& read) {
  std::vector<std::byte> bytes;
  for (const FileSlice& slice : read.slices) {
    std::vector<std::byte> part(static_cast<std::size_t>(slice.length));
    EXPECT_EQ(slice.file->pread(part, static_cast<std::uint64_t>(slice.position)).value(),
              part.size());
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  return bytes;
}

class PartitionFixture : public ::testing::Test {
 protected:
  static constexpr ProducerId kProducer = 42;

  PartitionFixture() {
    spec_.topic = "orders";
    spec_.id.topic_id.bytes[0] = 7;
    spec_.id.partition = 3;
    spec_.directory = "/data/orders-3";
    options_.file_delete_delay_ms = 60'000;
  }

  std::string path(const std::string& name) const { return spec_.directory + "/" + name; }
  // Changes one byte of a file behind everybody's back.
  void damage(const std::string& name, std::uint64_t position) {
    const auto file = env_.files().open(path(name), OpenMode::kReadWrite).value();
    std::array<std::byte, 1> byte{};
    ASSERT_EQ(file->pread(byte, position).value(), 1U);
    byte[0] ^= std::byte{0x41};
    ASSERT_TRUE(file->pwrite(byte, position));
  }
  LogId log_id(LogKind kind) const { return {spec_.id.topic_id, spec_.id.partition, kind}; }

  SegmentedLog::Spec log_spec(LogKind kind) const {
    SegmentedLog::Spec spec;
    spec.id = log_id(kind);
    spec.directory = kind == LogKind::kData ? spec_.directory : spec_.directory + "/schedule";
    spec.config = spec_.config;
    return spec;
  }

  void create() {
    Partition::Parts parts;
    parts.data = create_log(env_, log_spec(LogKind::kData), 0).value();
    partition_ = Partition::open(env_, *journal_, spec_, std::move(parts), options_, true).value();
  }

  // What the next start finds; between the two a test may cut the logs.
  Partition::Parts recovered_parts(bool clean) {
    Partition::Parts parts;
    parts.data = recovered(LogKind::kData, clean);
    if (env_.files().exists(spec_.directory + "/schedule").value()) {
      parts.schedule = recovered(LogKind::kSchedule, clean);
    }
    return parts;
  }
  void open_with(Partition::Parts parts, bool clean) {
    partition_ = Partition::open(env_, *journal_, spec_, std::move(parts), options_, clean).value();
  }
  // kill -9 and start again: the page cache stays.
  void crash_and_open() {
    forget();
    open_with(recovered_parts(false), false);
  }
  void restart_clean() {
    ASSERT_TRUE(partition_->close_clean());
    forget();
    open_with(recovered_parts(true), true);
  }
  void forget() {
    known_ = {partition_->offsets(), partition_->schedule_offsets()};
    partition_.reset();
    journal_ = std::make_unique<test::FakeJournal>();
  }

  TestBatch batch(const std::string& shape, std::int32_t base_sequence,
                  std::int16_t epoch = 0) const {
    return make_client_batch(shape,
                             {.producer_id = kProducer,
                              .producer_epoch = epoch,
                              .base_sequence = base_sequence,
                              .sequence_count = 0},
                             clock_.wall_ms());
  }
  TestBatch plain(std::int32_t records) const {
    return make_client_batch(std::string(static_cast<std::size_t>(records), 'i'), {},
                             clock_.wall_ms());
  }

  Result<AppendResult> append(TestBatch batch) {
    return partition_->append({.data = batch.data,
                               .schedule = batch.schedule,
                               .producer = batch.producer,
                               .origin = batch.origin});
  }

  // Offsets of the records that can be read, from `from` on; checks each batch.
  std::vector<Offset> readable(LogKind kind, Offset from = 0) {
    const ReadRequest request{.offset = from, .max_bytes = 1 << 30};
    const auto read =
        kind == LogKind::kData ? partition_->read(request) : partition_->read_schedule(request);
    std::vector<Offset> offsets;
    if (!read) {
      ADD_FAILURE() << read.error().message;
      return offsets;
    }
    const auto bytes = bytes_of(*read);
    BatchCursor cursor(bytes, CrcCheck::kVerify);
    ScratchBuffer scratch;
    for (auto next = cursor.next().value(); next; next = cursor.next().value()) {
      auto reader = RecordReader::open(*next, scratch).value();
      RecordView record;
      while (reader.next(record)) {
        offsets.push_back(next->base_offset() + record.offset_delta);
      }
    }
    return offsets;
  }

  test::SimEnv sim_{1};
  test::SimClock& clock_ = sim_.clock;
  Env& env_ = sim_.env();
  LogOptions options_;
  PartitionSpec spec_;
  std::unique_ptr<test::FakeJournal> journal_ = std::make_unique<test::FakeJournal>();
  std::shared_ptr<Partition> partition_;

 private:
  std::unique_ptr<SegmentedLog> recovered(LogKind kind, bool clean) {
    LogRecovery recovery;
    recovery.spec = log_spec(kind);
    recovery.last_stop = clean ? LastStop::kClean : LastStop::kUnclean;
    recovery.log_start = known_[static_cast<std::size_t>(kind)].log_start;
    recovery.durable_end = known_[static_cast<std::size_t>(kind)].durable_end;
    return std::move(recover_log(env_, recovery).value().log);
  }

  std::array<PartitionOffsets, 2> known_{};  // as the journal would know them
};

}  // namespace orloj::log
