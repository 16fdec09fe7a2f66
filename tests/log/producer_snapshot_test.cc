#include "log/producer_snapshot.h"

#include <gtest/gtest.h>

#include "log/bytes.h"
#include "log/crc32c.h"
#include "log/env/posix_env.h"
#include "tests/support/temp_dir.h"

namespace orloj::log {
namespace {

ProducerFacts facts() {
  ProducerFacts facts;
  facts.data_position = 120;
  ProducerBatch stored;
  stored.base_sequence = 10;
  stored.sequence_count = 4;
  stored.has_data_half = true;
  stored.data = {100, 2};
  stored.appended_ms = 77;
  ProducerBatch scheduled;
  scheduled.base_sequence = 14;
  scheduled.sequence_count = 1;
  scheduled.has_schedule_half = true;
  scheduled.schedule = {5, 0};
  facts.entries.push_back(
      {.producer_id = 9, .epoch = 2, .last_append_ms = 78, .batches = {stored, scheduled}});
  facts.entries.push_back(
      {.producer_id = 10, .epoch = 0, .last_append_ms = 78, .batches = {scheduled}});
  return facts;
}

TEST(ProducerSnapshot, Encode_IsKafkasVersion1) {
  const auto bytes = encode_producer_snapshot(facts());
  ASSERT_EQ(bytes.size(), 2U + 4U + 4U + 46U);  // the second producer has nothing in the data log
  EXPECT_EQ(load_big<std::int16_t>(bytes.data()), 1);
  EXPECT_EQ(load_big<std::uint32_t>(bytes.data() + 2), crc32c(ByteView(bytes).subspan(6)));
  EXPECT_EQ(load_big<std::int32_t>(bytes.data() + 6), 1);
  EXPECT_EQ(load_big<std::int64_t>(bytes.data() + 10), 9);    // producer id
  EXPECT_EQ(load_big<std::int16_t>(bytes.data() + 18), 2);    // epoch
  EXPECT_EQ(load_big<std::int32_t>(bytes.data() + 20), 13);   // last sequence
  EXPECT_EQ(load_big<std::int64_t>(bytes.data() + 24), 102);  // last offset
  EXPECT_EQ(load_big<std::int32_t>(bytes.data() + 32), 2);    // offset delta
  EXPECT_EQ(load_big<std::int64_t>(bytes.data() + 36), 77);   // timestamp
  EXPECT_EQ(load_big<std::int32_t>(bytes.data() + 44), -1);   // coordinator epoch
  EXPECT_EQ(load_big<std::int64_t>(bytes.data() + 48), -1);   // open transaction
}

TEST(ProducerSnapshot, Write_ReplacesOlderOnes) {
  const PosixEnv posix;
  const test::TempDir directory;
  FileSystem& files = posix.env().files();
  ProducerFacts older = facts();
  older.data_position = 7;
  ASSERT_TRUE(write_producer_snapshot(files, directory.path(), older));
  ASSERT_TRUE(write_producer_snapshot(files, directory.path(), facts()));
  const auto entries = files.list(directory.path()).value();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].name, "00000000000000000120.snapshot");
}

}  // namespace
}  // namespace orloj::log
