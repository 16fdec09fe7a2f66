// Any bytes through each codec: never past the limit, and what was packed comes back.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "log/compression.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using namespace orloj;
using namespace orloj::log;  // NOLINT(google-build-using-namespace)

constexpr std::size_t kMaxBytes = 1U << 20;

}  // namespace

std::vector<test::FuzzInput> test::fuzz_seeds() {
  const std::string text = "a text that repeats, a text that repeats, a text that repeats";
  std::vector<FuzzInput> seeds;
  for (unsigned codec = 0; codec < 5; ++codec) {
    for (const std::size_t zeros : {0U, 70'000U}) {
      const std::string content = text + std::string(zeros, '\0');
      ScratchBuffer packed;
      if (!compress(static_cast<Codec>(codec), to_bytes(content), packed)) std::abort();
      FuzzInput seed{static_cast<std::byte>(codec)};
      seed.insert(seed.end(), packed.view().begin(), packed.view().end());
      seeds.push_back(std::move(seed));
    }
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const auto codec = static_cast<Codec>(data[0] % 5);
  const ByteView input = std::as_bytes(std::span(data, size)).subspan(1);
  ScratchBuffer out;
  if (decompress(codec, input, out, kMaxBytes) && out.size() > kMaxBytes) {
    std::abort();
  }
  ScratchBuffer packed;
  if (!compress(codec, input, packed) || !decompress(codec, packed.view(), out, input.size()) ||
      !std::ranges::equal(out.view(), input)) {
    std::abort();
  }
  return 0;
}
