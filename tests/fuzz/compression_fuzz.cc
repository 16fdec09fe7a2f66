// Any bytes through each codec: never past the limit, and what was packed comes back.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "log/compression.h"

namespace {

using namespace orloj::log;  // NOLINT(google-build-using-namespace)

constexpr std::size_t kMaxBytes = 1U << 20;

}  // namespace

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
