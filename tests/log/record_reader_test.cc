#include "log/record_reader.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "log/record_batch_builder.h"
#include "log/varint.h"
#include "tests/support/batches.h"

namespace orloj::log {
namespace {

// Walks a batch and returns its fault, or nothing.
std::string fault_of(ByteView bytes, const RecordLimits& limits = {}) {
  const auto batch = RecordBatchView::parse(bytes, CrcCheck::kSkip);
  if (!batch) {
    return batch.error().message;
  }
  ScratchBuffer scratch;
  auto reader = RecordReader::open(*batch, scratch, limits);
  if (!reader) {
    return reader.error().message;
  }
  RecordView record;
  while (reader->next(record)) {
  }
  const Status walked = reader->status();
  return walked ? "" : walked.error().message;
}

// A batch header around hand-made record bytes.
std::vector<std::byte> wrap(const std::vector<std::byte>& records, std::int32_t count,
                            std::int32_t last_offset_delta) {
  RecordBatchBuilder builder({});
  builder.set_last_offset_delta(last_offset_delta);
  auto batch = std::move(builder).build().value();
  store_big<std::int32_t>(batch.data() + batch_format::kRecordCount, count);
  batch.insert(batch.end(), records.begin(), records.end());
  store_big<std::int32_t>(batch.data() + batch_format::kLength,
                          static_cast<std::int32_t>(batch.size() - batch_format::kLengthOverhead));
  set_crc(batch);
  return batch;
}

std::vector<std::byte> record_bytes(const std::vector<std::int64_t>& varints) {
  std::vector<std::byte> body(1);
  for (const std::int64_t value : varints) {
    append_varint(body, value);
  }
  std::vector<std::byte> record;
  append_varint(record, static_cast<std::int64_t>(body.size()));
  record.insert(record.end(), body.begin(), body.end());
  return record;
}

TEST(RecordReader, EveryField_ComesBack) {
  const std::array<HeaderView, 3> headers = {HeaderView{"schedule-at", to_bytes("soon")},
                                             HeaderView{"", std::nullopt},
                                             HeaderView{"empty", ByteView{}}};
  for (const Codec codec :
       {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    RecordBatchBuilder builder({.codec = codec});
    builder.append({.timestamp_ms = 5000, .key = to_bytes("k"), .value = std::nullopt});
    builder.append_at(
        7, {.timestamp_ms = 4000, .key = std::nullopt, .value = to_bytes("v"), .headers = headers});
    builder.set_last_offset_delta(9);
    const auto bytes = std::move(builder).build().value();
    const auto batch = RecordBatchView::parse(bytes, CrcCheck::kVerify).value();
    EXPECT_EQ(batch.last_offset_delta(), 9);
    ScratchBuffer scratch;
    auto reader = RecordReader::open(batch, scratch).value();

    RecordView record;
    ASSERT_TRUE(reader.next(record));
    EXPECT_EQ(record.offset_delta, 0);
    EXPECT_EQ(record.timestamp_ms, 5000);
    EXPECT_EQ(to_text(*record.key), "k");
    EXPECT_FALSE(record.value);
    EXPECT_TRUE(record.headers.empty());

    ASSERT_TRUE(reader.next(record));
    EXPECT_EQ(record.offset_delta, 7);
    EXPECT_EQ(record.timestamp_ms, 4000);
    EXPECT_FALSE(record.key);
    EXPECT_EQ(to_text(*record.value), "v");
    std::vector<HeaderView> seen;
    for (const HeaderView& header : record.headers) {
      seen.push_back(header);
    }
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[0].key, "schedule-at");
    EXPECT_EQ(to_text(*seen[0].value), "soon");
    EXPECT_EQ(seen[1].key, "");
    EXPECT_FALSE(seen[1].value);
    EXPECT_EQ(seen[2].value->size(), 0U);
    EXPECT_FALSE(reader.next(record));
    EXPECT_TRUE(reader.status());
  }
}

TEST(RecordReader, ExtremeTimestamps_ComeBack) {
  RecordBatchBuilder builder({});
  builder.append({.timestamp_ms = std::numeric_limits<TimestampMs>::min()});
  builder.append({.timestamp_ms = std::numeric_limits<TimestampMs>::max()});
  const auto bytes = std::move(builder).build().value();
  ScratchBuffer scratch;
  auto reader =
      RecordReader::open(RecordBatchView::parse(bytes, CrcCheck::kVerify).value(), scratch).value();
  RecordView record;
  ASSERT_TRUE(reader.next(record));
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.timestamp_ms, std::numeric_limits<TimestampMs>::max());
}

TEST(RecordReader, BrokenRecords_AreNamed) {
  // timestamp delta, offset delta, key length, value length, header count
  const auto good = record_bytes({0, 0, -1, -1, 0});
  EXPECT_EQ(fault_of(wrap(good, 1, 0)), "");
  EXPECT_NE(fault_of(wrap(good, 2, 1)).find("record 1: the batch holds fewer"), std::string::npos);
  EXPECT_NE(fault_of(wrap(good, 0, 0)).find("bytes follow the last"), std::string::npos);
  EXPECT_NE(fault_of(wrap(record_bytes({0, 5, -1, -1, 0}), 1, 4)).find("passes the last"),
            std::string::npos);
  EXPECT_NE(fault_of(wrap(record_bytes({0, -1, -1, -1, 0}), 1, 4)).find("does not rise"),
            std::string::npos);
  EXPECT_NE(fault_of(wrap(record_bytes({0, 0, -2, -1, 0}), 1, 0)).find("key does not fit"),
            std::string::npos);
  EXPECT_NE(fault_of(wrap(record_bytes({0, 0, 9, -1, 0}), 1, 0)).find("key does not fit"),
            std::string::npos);
  EXPECT_NE(fault_of(wrap(record_bytes({0, 0, -1, 9, 0}), 1, 0)).find("value does not fit"),
            std::string::npos);
  EXPECT_NE(fault_of(wrap(record_bytes({0, 0, -1, -1, -1}), 1, 0)).find("number of headers"),
            std::string::npos);
  EXPECT_NE(fault_of(wrap(record_bytes({0, 0, -1, -1, 9999}), 1, 0)).find("too short"),
            std::string::npos);
  EXPECT_NE(fault_of(wrap(record_bytes({0, 0, -1, -1, 1, -1, 0}), 1, 0)).find("headers does not"),
            std::string::npos);
  EXPECT_NE(fault_of(wrap(record_bytes({0, 0, -1, -1, 0, 0}), 1, 0)).find("follow its headers"),
            std::string::npos);
  auto twice = good;
  twice.insert(twice.end(), good.begin(), good.end());
  EXPECT_NE(fault_of(wrap(twice, 2, 1)).find("record 1: its offset delta does not rise"),
            std::string::npos);
}

TEST(RecordReader, HeadersPastTheLimit_NameTheLimit) {
  const std::vector<HeaderView> headers(11, HeaderView{"h", std::nullopt});
  RecordBatchBuilder builder({});
  builder.append({.timestamp_ms = 1, .headers = headers});
  const auto bytes = std::move(builder).build().value();
  EXPECT_EQ(fault_of(bytes, {.headers_max = 11}), "");
  EXPECT_NE(fault_of(bytes, {.headers_max = 10}).find("record.headers.max (10)"),
            std::string::npos);
}

TEST(RecordReader, RandomDamage_NeverReadsOutside) {
  const std::uint32_t seed = 20240607;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto good = test::make_batch(0, 20);
  for (int round = 0; round < 20'000; ++round) {
    auto bad = good;
    for (int i = 0; i < 3; ++i) {
      const std::size_t at =
          batch_format::kHeaderBytes + random() % (bad.size() - batch_format::kHeaderBytes);
      bad[at] = static_cast<std::byte>(random());
    }
    fault_of(bad);
  }
}

TEST(Varint, RoundTripsAtEveryWidth) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const std::int64_t base : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}}) {
      const auto value =
          static_cast<std::int64_t>((std::uint64_t{1} << bit) + static_cast<std::uint64_t>(base));
      std::vector<std::byte> bytes;
      append_varint(bytes, value);
      EXPECT_EQ(bytes.size(), varint_bytes(value));
      VarintReader reader(bytes);
      std::int64_t back = 0;
      ASSERT_TRUE(reader.read_i64(back));
      EXPECT_EQ(back, value);
      EXPECT_TRUE(reader.rest().empty());
    }
  }
}

TEST(Varint, TooLongOrTooWide_IsRefused) {
  const std::vector<std::byte> endless(11, std::byte{0x80});
  std::int64_t wide = 0;
  EXPECT_FALSE(VarintReader(endless).read_i64(wide));
  std::vector<std::byte> bytes;
  append_varint(bytes, std::int64_t{INT32_MAX} + 1);
  std::int32_t narrow = 0;
  EXPECT_FALSE(VarintReader(bytes).read_i32(narrow));
}

}  // namespace
}  // namespace orloj::log
