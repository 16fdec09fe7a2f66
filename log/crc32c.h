// CRC-32C (Castagnoli), the checksum of v2 record batches, in hardware where the processor has it.
#pragma once

#include <cstdint>

#include "log/bytes.h"

namespace orloj::log {

// The checksum of "123456789" is 0xE3069283.
std::uint32_t crc32c(ByteView bytes);

// The checksum of what `crc` covers followed by `bytes`: crc32c_extend(crc32c(a), b) == crc32c(a +
// b).
std::uint32_t crc32c_extend(std::uint32_t crc, ByteView bytes);

}  // namespace orloj::log
