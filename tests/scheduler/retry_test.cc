// A retry of any mix of immediate and scheduled records is answered as the first time and leaves
// one copy, before and after a crash.
#include <gtest/gtest.h>

#include <map>

#include "tests/scheduler/scheduler_fixture.h"

namespace orloj::scheduler {
namespace {

// i: immediate, s: scheduled.
std::vector<std::byte> batch(const std::string& shape, std::int32_t base_sequence) {
  std::vector<test::TextRecord> records;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    records.push_back({"k", std::to_string(base_sequence + static_cast<std::int32_t>(i)),
                       shape[i] == 's' ? test::delayed(1'000) : test::TextHeaders{}});
  }
  log::BatchHeaderFields fields;
  fields.producer_id = 900;
  fields.producer_epoch = 0;
  fields.base_sequence = base_sequence;
  return test::build_batch(records, fields);
}

class RetryTest : public testing::TestWithParam<std::string> {};

TEST_P(RetryTest, SameBatchAgain_IsADuplicateWithTheFirstAnswer) {
  const std::string shape = GetParam();
  const auto size = static_cast<std::int32_t>(shape.size());
  test::SchedulerHouse house(1);
  ASSERT_TRUE(house.open());
  std::vector<log::AppendResult> first;
  for (std::int32_t i = 0; i < 5; ++i) {
    first.push_back(house.produce_bytes(batch(shape, i * size)).value());
  }
  for (int crash = 0; crash < 3; ++crash) {
    for (std::int32_t i = 0; i < 5; ++i) {
      const auto again = house.produce_bytes(batch(shape, i * size)).value();
      EXPECT_EQ(again.verdict, log::AppendVerdict::kDuplicate);
      EXPECT_EQ(again.base_offset, first[static_cast<std::size_t>(i)].base_offset);
    }
    house.kill_and_open();
  }
  house.sim.clock.advance_ms(1'000);
  house.run_until_pending(0);
  EXPECT_EQ(house.produce_bytes(batch(shape, 4 * size)).value().verdict,
            log::AppendVerdict::kDuplicate);
  std::map<std::string, int> copies;
  for (const auto& record : house.consume()) {
    ++copies[*record.value];
  }
  EXPECT_EQ(copies.size(), 5 * shape.size());
  for (const auto& [value, count] : copies) {
    EXPECT_EQ(count, 1) << value;
  }
}

INSTANTIATE_TEST_SUITE_P(Mixes, RetryTest,
                         testing::Values("i", "s", "is", "si", "sis", "isi", "ssii", "iiss"),
                         [](const auto& parameters) { return parameters.param; });

}  // namespace
}  // namespace orloj::scheduler
