// A short run of what the generated fuzz programs do without end: damaged requests are refused, or
// decode to something that encodes to the same again.
#include <gtest/gtest.h>

#include <random>

#include "tests/fuzz/mutator.h"
#include "tests/protocol/sample_case.h"
#include "tests/protocol/sample_case_names.h"

namespace orloj::protocol {
namespace {

constexpr int kSamples = 8;
constexpr int kDamagedOfEachVersion = 150;

class EveryRequestDamaged : public ::testing::TestWithParam<SampleCase> {};

TEST_P(EveryRequestDamaged, Promise8_IsRefusedOrStaysWhatItIs) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  test::Mutator mutator(seed);
  SampleSource source(seed);
  for (auto version = GetParam().min_version; version <= GetParam().max_version; ++version) {
    std::vector<Bytes> samples;
    for (int i = 0; i < kSamples; ++i) samples.push_back(GetParam().sample(version, source));
    for (int i = 0; i < kDamagedOfEachVersion; ++i) {
      const Bytes body = mutator.damaged(samples);
      ASSERT_TRUE(GetParam().survives(body, version)) << "version " << version << ", run " << i;
    }
  }
}

std::vector<SampleCase> requests() {
  std::vector<SampleCase> cases = all_sample_cases();
  std::erase_if(cases, [](const SampleCase& each) { return each.side != Side::kRequest; });
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Generated, EveryRequestDamaged, testing::ValuesIn(requests()), case_name);

}  // namespace
}  // namespace orloj::protocol
