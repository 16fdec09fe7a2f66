// Every message in every version: what is encoded decodes to itself, and damaged bytes are refused.
#include <gtest/gtest.h>

#include <random>

#include "protocol/api_table.h"
#include "tests/protocol/sample_case_names.h"

namespace orloj::protocol {
namespace {

constexpr int kRounds = 20;

class EveryMessage : public testing::TestWithParam<SampleCase> {
 protected:
  // Calls `check` for each version and round, with a source whose seed a failure prints.
  void for_each_round(int rounds,
                      const std::function<void(std::int16_t, SampleSource&)>& check) const {
    const std::uint64_t base = std::random_device{}();
    for (std::int16_t version = GetParam().min_version; version <= GetParam().max_version;
         ++version) {
      for (int round = 0; round < rounds; ++round) {
        const std::uint64_t seed = base + static_cast<std::uint64_t>(round);
        SCOPED_TRACE("version " + std::to_string(version) + ", seed " + std::to_string(seed));
        SampleSource source(seed);
        check(version, source);
        if (HasFailure()) return;
      }
    }
  }
};

TEST_P(EveryMessage, RandomValues_SurviveARoundTrip) {
  for_each_round(kRounds, [](std::int16_t version, SampleSource& source) {
    EXPECT_EQ(GetParam().round_trip(version, source), "");
  });
}

TEST_P(EveryMessage, TrailingByte_IsRefused) {
  for_each_round(1, [](std::int16_t version, SampleSource& source) {
    Bytes body = GetParam().sample(version, source);
    body.push_back(std::byte{0});
    const Status status = GetParam().decode(body, version);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Fault::kTrailingBytes) << status.error().message;
  });
}

TEST_P(EveryMessage, EveryTruncation_IsRefused) {
  for_each_round(1, [](std::int16_t version, SampleSource& source) {
    const Bytes body = GetParam().sample(version, source);
    for (std::size_t size = 0; size < body.size(); ++size) {
      EXPECT_FALSE(GetParam().decode(BytesView(body.data(), size), version)) << size;
    }
  });
}

TEST_P(EveryMessage, DamagedBytes_AreRefusedOrMeanOneMessage) {
  for_each_round(kRounds, [](std::int16_t version, SampleSource& source) {
    Bytes body = GetParam().sample(version, source);
    for (std::uint64_t left = body.empty() ? 0 : 1 + source.below(3); left > 0; --left) {
      body[source.below(body.size())] = static_cast<std::byte>(source.below(256));
    }
    EXPECT_TRUE(GetParam().survives(body, version));
  });
}

TEST_P(EveryMessage, VersionOutsideTheRange_IsRefused) {
  for (const int version : {GetParam().min_version - 1, GetParam().max_version + 1}) {
    const Status status = GetParam().decode(BytesView(), static_cast<std::int16_t>(version));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Fault::kUnsupportedVersion);
  }
}

TEST_P(EveryMessage, HasTheVersionsOfTheApiTable) {
  const ApiRow* row = find_api(GetParam().key);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->min_version, GetParam().min_version);
  EXPECT_EQ(row->max_version, GetParam().max_version);
}

INSTANTIATE_TEST_SUITE_P(Generated, EveryMessage, testing::ValuesIn(all_sample_cases()), case_name);

}  // namespace
}  // namespace orloj::protocol
