// Big-endian primitives of the values this room stores: Kafka's non-flexible encoding (16-bit
// string lengths, 32-bit byte lengths, -1 for null). The Reader is bounded: it never reads past its
// input nor allocates from an unchecked length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace orloj::coordinator {

class Writer {
 public:
  template <class Integer>
  Writer& integer(Integer value) {
    using Unsigned = std::make_unsigned_t<Integer>;
    for (std::size_t i = sizeof(Integer); i-- > 0;) {
      out_.push_back(static_cast<char>(static_cast<Unsigned>(value) >> (8 * i)));
    }
    return *this;
  }
  // At most 32,767 bytes: the caller has checked.
  Writer& string(std::string_view text) {
    integer(static_cast<std::int16_t>(text.size()));
    out_.append(text);
    return *this;
  }
  Writer& nullable_string(const std::optional<std::string>& text) {
    return text ? string(*text) : integer(std::int16_t{-1});
  }
  Writer& bytes(std::span<const std::byte> data) {
    integer(static_cast<std::int32_t>(data.size()));
    out_.append(reinterpret_cast<const char*>(data.data()), data.size());
    return *this;
  }
  Writer& raw(std::string_view data) {
    out_.append(data);
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// After a read past the end every value is zero or empty and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  template <class Integer>
  Integer integer() {
    using Unsigned = std::make_unsigned_t<Integer>;
    const std::string_view data = take(sizeof(Integer));
    std::uint64_t value = 0;
    for (const char c : data) value = (value << 8) | static_cast<unsigned char>(c);
    return static_cast<Integer>(static_cast<Unsigned>(value));
  }
  std::string string() { return std::string(take_sized(integer<std::int16_t>())); }
  std::optional<std::string> nullable_string() {
    const auto size = integer<std::int16_t>();
    if (size == -1) return std::nullopt;
    return std::string(take_sized(size));
  }
  std::string_view bytes() { return take_sized(integer<std::int32_t>()); }
  std::string_view raw(std::size_t size) { return take(size); }

  // A count of items of at least `item_min_bytes` each; 0 and not ok() when they cannot be there.
  std::int32_t count(std::size_t item_min_bytes) {
    const auto items = integer<std::int32_t>();
    if (items < 0 || static_cast<std::size_t>(items) > in_.size() / item_min_bytes) {
      ok_ = false;
      return 0;
    }
    return items;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return in_.empty(); }

 private:
  std::string_view take_sized(std::int64_t size) {
    if (size < 0) {
      ok_ = false;
      return {};
    }
    return take(static_cast<std::size_t>(size));
  }
  std::string_view take(std::size_t size) {
    if (!ok_ || size > in_.size()) {
      ok_ = false;
      in_ = {};
      return {};
    }
    const std::string_view data = in_.substr(0, size);
    in_.remove_prefix(size);
    return data;
  }

  std::string_view in_;
  bool ok_ = true;
};

}  // namespace orloj::coordinator
