// Views of bytes and big-endian integers in them (Kafka's byte order). No checks: callers know the
// size.
#pragma once

#include <boost/endian/conversion.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace orloj::log {

using ByteView = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline ByteView to_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::string_view to_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Integer>
Integer load_big(const std::byte* from) {
  std::make_unsigned_t<Integer> raw;
  std::memcpy(&raw, from, sizeof raw);
  return static_cast<Integer>(boost::endian::big_to_native(raw));
}

template <class Integer>
void store_big(std::byte* to, Integer value) {
  const auto raw = boost::endian::native_to_big(static_cast<std::make_unsigned_t<Integer>>(value));
  std::memcpy(to, &raw, sizeof raw);
}

}  // namespace orloj::log
