// Zigzag varints of the record format: 7 bits a byte, low bits first. Pure.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "log/bytes.h"

namespace orloj::log {

inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

inline std::size_t varint_bytes(std::int64_t value) {
  const auto bits = static_cast<std::size_t>(std::bit_width(zigzag(value) | 1U));
  return (bits + 6) / 7;
}

inline void append_varint(std::vector<std::byte>& out, std::int64_t value) {
  std::uint64_t rest = zigzag(value);
  while (rest >= 0x80U) {
    out.push_back(static_cast<std::byte>((rest & 0x7fU) | 0x80U));
    rest >>= 7;
  }
  out.push_back(static_cast<std::byte>(rest));
}

// Takes varints off the front of a view.
class VarintReader {
 public:
  explicit VarintReader(ByteView bytes) : bytes_(bytes) {}

  ByteView rest() const { return bytes_; }

  // False when the bytes end too soon or the number has more than ten bytes or 64 bits.
  bool read_i64(std::int64_t& value) {
    std::uint64_t raw = 0;
    for (std::size_t i = 0; i < bytes_.size() && i < 10; ++i) {
      const auto byte = std::to_integer<std::uint64_t>(bytes_[i]);
      if (i == 9 && byte > 1) {
        return false;
      }
      raw |= (byte & 0x7fU) << (7 * i);
      if ((byte & 0x80U) == 0) {
        bytes_ = bytes_.subspan(i + 1);
        value = static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1U);
        return true;
      }
    }
    return false;
  }

  // As read_i64, and the number must fit 32 bits.
  bool read_i32(std::int32_t& value) {
    std::int64_t wide = 0;
    if (!read_i64(wide) || wide < INT32_MIN || wide > INT32_MAX) {
      return false;
    }
    value = static_cast<std::int32_t>(wide);
    return true;
  }

  bool read_bytes(std::size_t count, ByteView& out) {
    if (count > bytes_.size()) {
      return false;
    }
    out = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return true;
  }

 private:
  ByteView bytes_;
};

}  // namespace orloj::log
