#include "log/producer_state_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "log/crc32c.h"
#include "log/env/posix_env.h"
#include "tests/support/temp_dir.h"

namespace orloj::log {
namespace {

ProducerFacts facts_at(Offset data, Offset schedule) {
  ProducerFacts facts;
  facts.data_position = data;
  facts.schedule_position = schedule;
  ProducerBatch batch;
  batch.base_sequence = 12;
  batch.sequence_count = 5;
  batch.has_data_half = true;
  batch.has_schedule_half = true;
  batch.data.last_delta = 2;  // expected, not stored
  batch.schedule = {40, 1};
  batch.appended_ms = 1'700'000'000'000;
  facts.entries.push_back({.producer_id = 9,
                           .epoch = 3,
                           .last_append_ms = 1'700'000'000'001,
                           .batches = {batch, batch}});
  facts.entries.push_back(
      {.producer_id = kFirstReservedProducerId, .epoch = 0, .has_open_start = true, .batches = {}});
  return facts;
}

class ProducerStateFileTest : public ::testing::Test {
 protected:
  ProducerStateFile file() { return {posix_.env(), directory_.path()}; }
  void damage(const std::string& name) {
    std::fstream stream(directory_.file(name), std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(stream.good());
    stream.seekg(30);
    const int byte = stream.get();
    stream.seekp(30);
    stream.put(static_cast<char>(byte ^ 0x10));
  }

  test::TempDir directory_;
  PosixEnv posix_;
};

TEST_F(ProducerStateFileTest, Decode_OfEncode_GivesTheSameFacts) {
  const auto bytes = encode_producer_facts(facts_at(100, 50), 8);
  const auto file = decode_producer_facts(bytes).value();
  EXPECT_EQ(file.generation, 8U);
  EXPECT_EQ(file.facts.data_position, 100);
  EXPECT_EQ(file.facts.schedule_position, 50);
  EXPECT_FALSE(file.facts.damaged);
  ASSERT_EQ(file.facts.entries.size(), 2U);
  EXPECT_EQ(file.facts.entries[0].producer_id, 9);
  EXPECT_EQ(file.facts.entries[0].epoch, 3);
  EXPECT_EQ(file.facts.entries[0].last_append_ms, 1'700'000'000'001);
  ASSERT_EQ(file.facts.entries[0].batches.size(), 2U);
  const ProducerBatch& batch = file.facts.entries[0].batches[1];
  EXPECT_EQ(batch.base_sequence, 12);
  EXPECT_EQ(batch.sequence_count, 5);
  EXPECT_TRUE(batch.has_data_half);
  EXPECT_TRUE(batch.has_schedule_half);
  EXPECT_FALSE(batch.data.stored());
  EXPECT_EQ(batch.data.last_delta, 2);
  EXPECT_EQ(batch.schedule.base_offset, 40);
  EXPECT_EQ(batch.schedule.last_delta, 1);
  EXPECT_EQ(batch.appended_ms, 1'700'000'000'000);
  EXPECT_FALSE(file.facts.entries[0].has_open_start);
  EXPECT_EQ(file.facts.entries[1].producer_id, kFirstReservedProducerId);
  EXPECT_TRUE(file.facts.entries[1].has_open_start);
}

TEST_F(ProducerStateFileTest, Decode_OfAnyChangedOrMissingByte_IsRefused) {
  const auto bytes = encode_producer_facts(facts_at(100, 50), 1);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto changed = bytes;
    changed[i] ^= std::byte{1};
    EXPECT_FALSE(decode_producer_facts(changed)) << "byte " << i;
    EXPECT_FALSE(decode_producer_facts(ByteView(bytes).first(i))) << "length " << i;
  }
}

TEST_F(ProducerStateFileTest, Decode_OfANewerVersion_IsUnsupported) {
  auto bytes = encode_producer_facts(facts_at(100, 50), 1);
  bytes[5] = std::byte{2};
  store_big(bytes.data() + bytes.size() - 4, crc32c(ByteView(bytes).first(bytes.size() - 4)));
  EXPECT_EQ(decode_producer_facts(bytes).error().code, ErrorCode::kUnsupportedFormat);
}

TEST_F(ProducerStateFileTest, Decode_OfOffsetsAndSequencesThatNoBatchHas_IsRefused) {
  const auto refused = [](auto&& change) {
    ProducerFacts facts = facts_at(100, 50);
    change(facts.entries[0].batches[1]);
    const auto file = decode_producer_facts(encode_producer_facts(facts, 1));
    return !file && file.error().code == ErrorCode::kCorrupt;
  };
  EXPECT_TRUE(refused([](ProducerBatch& batch) { batch.data.base_offset = INT64_MIN; }));
  EXPECT_TRUE(refused([](ProducerBatch& batch) { batch.data.base_offset = INT64_MAX; }));
  EXPECT_TRUE(refused([](ProducerBatch& batch) { batch.schedule.last_delta = -2; }));
  EXPECT_TRUE(refused([](ProducerBatch& batch) { batch.base_sequence = -2; }));
  EXPECT_TRUE(refused([](ProducerBatch& batch) { batch.sequence_count = -1; }));
}

TEST_F(ProducerStateFileTest, Load_TakesTheNewestGeneration) {
  auto writer = file();
  ASSERT_TRUE(writer.load());
  ASSERT_TRUE(writer.write(facts_at(10, 1)));
  ASSERT_TRUE(writer.write(facts_at(20, 2)));
  ASSERT_TRUE(writer.write(facts_at(30, 3)));
  auto reader = file();
  const auto loaded = reader.load().value();
  ASSERT_TRUE(loaded.facts);
  EXPECT_EQ(loaded.facts->data_position, 30);
  EXPECT_TRUE(reader.is_current(30, 3));
  EXPECT_TRUE(reader.both_cover(20, 2));
  EXPECT_FALSE(reader.both_cover(21, 2));
  EXPECT_FALSE(reader.both_cover(20, 3));
}

TEST_F(ProducerStateFileTest, Load_WithTheNewestDamaged_TakesTheOther) {
  auto writer = file();
  ASSERT_TRUE(writer.load());
  ASSERT_TRUE(writer.write(facts_at(10, 1)));
  ASSERT_TRUE(writer.write(facts_at(20, 2)));
  damage("producer-state.1");
  auto reader = file();
  const auto loaded = reader.load().value();
  EXPECT_EQ(loaded.damaged_files, 1);
  ASSERT_TRUE(loaded.facts);
  EXPECT_EQ(loaded.facts->data_position, 10);
  EXPECT_FALSE(reader.both_cover(0, 0));
  // The damaged one is replaced next.
  ASSERT_TRUE(reader.write(facts_at(30, 3)));
  EXPECT_TRUE(reader.both_cover(10, 1));
}

TEST_F(ProducerStateFileTest, Load_WithBothDamaged_HasNoFacts) {
  auto writer = file();
  ASSERT_TRUE(writer.load());
  ASSERT_TRUE(writer.write_both(facts_at(10, 1)));
  EXPECT_TRUE(writer.both_cover(10, 1));
  damage("producer-state.0");
  damage("producer-state.1");
  const auto loaded = file().load().value();
  EXPECT_FALSE(loaded.facts);
  EXPECT_EQ(loaded.damaged_files, 2);
}

TEST_F(ProducerStateFileTest, Load_OfNothing_IsNoDamage) {
  const auto loaded = file().load().value();
  EXPECT_FALSE(loaded.facts);
  EXPECT_EQ(loaded.damaged_files, 0);
}

}  // namespace
}  // namespace orloj::log
