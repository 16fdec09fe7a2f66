#include "log/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace orloj::log {

std::uint32_t crc32c(ByteView bytes) {
  return crc32c_extend(0, bytes);
}

std::uint32_t crc32c_extend(std::uint32_t crc, ByteView bytes) {
  constexpr std::size_t kCallMaxBytes = std::size_t{1} << 30;  // the library counts in int
  std::uint32_t state = ~crc;  // the library leaves both inversions to its caller
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(bytes.size(), kCallMaxBytes));
    auto* data = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(part.data()));
    state = crc32_iscsi(data, static_cast<int>(part.size()), state);
    bytes = bytes.subspan(part.size());
  }
  return ~state;
}

}  // namespace orloj::log
