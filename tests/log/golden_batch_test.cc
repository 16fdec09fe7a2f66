// Our bytes against those of Kafka's Java client.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "log/record_batch_builder.h"
#include "log/record_reader.h"
#include "tests/log/golden_batches.h"

namespace orloj::log {
namespace {

std::vector<std::byte> from_hex(std::string_view hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

const std::array<HeaderView, 2> kHeaders = {HeaderView{"schedule-at", to_bytes("soon")},
                                            HeaderView{"nothing", std::nullopt}};

const std::array<NewRecord, 3> kRecords = {
    NewRecord{.timestamp_ms = 1'700'000'000'000,
              .key = to_bytes("key-one"),
              .value = to_bytes("value-one"),
              .headers = kHeaders},
    NewRecord{.timestamp_ms = 1'699'999'999'000,
              .value = to_bytes("value-two value-two value-two value-two")},
    NewRecord{.timestamp_ms = 1'700'000'005'000, .key = to_bytes("key-three")},
};

TEST(GoldenBatch, BuilderWritesTheSameBytes) {
  RecordBatchBuilder builder({.base_offset = 1000,
                              .leader_epoch = 3,
                              .transaction = BatchTransaction::kTransactional,
                              .producer_id = 4242,
                              .producer_epoch = 7,
                              .base_sequence = 15});
  for (const NewRecord& record : kRecords) {
    builder.append(record);
  }
  EXPECT_EQ(std::move(builder).build().value(), from_hex(test::kGoldenBatches[0].hex));
}

TEST(GoldenBatch, ReaderReadsEveryCodec) {
  for (const auto& golden : test::kGoldenBatches) {
    SCOPED_TRACE(golden.codec);
    const auto bytes = from_hex(golden.hex);
    const auto batch = RecordBatchView::parse(bytes, CrcCheck::kVerify);
    ASSERT_TRUE(batch) << batch.error().message;
    EXPECT_EQ(name(batch->codec()), golden.codec);
    EXPECT_EQ(batch->base_offset(), 1000);
    EXPECT_EQ(batch->max_timestamp(), 1'700'000'005'000);
    ScratchBuffer scratch;
    auto reader = RecordReader::open(*batch, scratch);
    ASSERT_TRUE(reader) << reader.error().message;
    RecordView record;
    for (const NewRecord& expected : kRecords) {
      ASSERT_TRUE(reader->next(record)) << reader->status().error().message;
      EXPECT_EQ(record.timestamp_ms, expected.timestamp_ms);
      ASSERT_EQ(record.key.has_value(), expected.key.has_value());
      EXPECT_EQ(to_text(record.key.value_or(ByteView())),
                to_text(expected.key.value_or(ByteView())));
      ASSERT_EQ(record.value.has_value(), expected.value.has_value());
      EXPECT_EQ(to_text(record.value.value_or(ByteView())),
                to_text(expected.value.value_or(ByteView())));
      EXPECT_EQ(static_cast<std::size_t>(record.headers.size()), expected.headers.size());
    }
    EXPECT_FALSE(reader->next(record));
    EXPECT_TRUE(reader->status());
  }
}

}  // namespace
}  // namespace orloj::log
