// Promise 8: whatever the bytes, decoding a request claims at most four times the frame and 64 KiB.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <random>

#include "tests/protocol/sample_case_names.h"

namespace {

std::atomic<std::size_t> allocated_bytes{0};

void* counted(std::size_t size) {
  allocated_bytes += size;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace orloj::protocol {
namespace {

constexpr std::uint32_t kFillBytes = 100'000;
constexpr std::uint32_t kHugeCount = 0x7ffffffd;

class EveryRequest : public testing::TestWithParam<SampleCase> {
 protected:
  static void expect_bounded(const Bytes& body, std::int16_t version) {
    const std::size_t before = allocated_bytes;
    (void)GetParam().decode(body, version);
    EXPECT_LE(allocated_bytes - before, 4 * body.size() + 64 * 1024);
  }

  // `head` bytes of the sample, then a count, then `fill` for as long as the count could need.
  static void bomb(const Bytes& sample, std::size_t head, BytesView count, std::byte fill,
                   std::int16_t version) {
    Bytes body(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(head));
    body.insert(body.end(), count.begin(), count.end());
    body.resize(body.size() + kFillBytes, fill);
    expect_bounded(body, version);
  }
};

// At every position, a count that asks for as many elements as the bytes could hold, and one that
// asks for two billion.
TEST_P(EveryRequest, Promise8_CountBombAnywhere_StaysWithinTheBudget) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::vector<Bytes> counts;
  for (const std::uint32_t count : {kFillBytes - 8, kFillBytes / 4, kFillBytes / 16, kHugeCount}) {
    Writer classic(Encoding::kClassic);
    classic.write(count);
    counts.push_back(classic.finish()->bytes);
    Writer flexible(Encoding::kFlexible);
    flexible.write_uvarint(count + 1);
    counts.push_back(flexible.finish()->bytes);
  }
  for (std::int16_t version = GetParam().min_version; version <= GetParam().max_version;
       ++version) {
    SampleSource source(seed);
    Bytes sample = GetParam().sample(version, source);
    sample.resize(std::min<std::size_t>(sample.size(), 64));
    for (std::size_t head = 0; head <= sample.size(); ++head) {
      for (const Bytes& count : counts) {
        for (const std::byte fill : {std::byte{0}, std::byte{1}, std::byte{2}}) {
          bomb(sample, head, count, fill, version);
        }
      }
      if (HasFailure()) FAIL() << "version " << version << ", after byte " << head;
    }
  }
}

std::vector<SampleCase> requests() {
  std::vector<SampleCase> cases = all_sample_cases();
  std::erase_if(cases, [](const SampleCase& each) { return each.side != Side::kRequest; });
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Generated, EveryRequest, testing::ValuesIn(requests()), case_name);

}  // namespace
}  // namespace orloj::protocol
