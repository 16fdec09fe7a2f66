// Wire types that have no counterpart in the standard library.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace orloj::protocol {

// A 128-bit id in network order; all zero means "none".
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;
  bool is_zero() const { return *this == Uuid{}; }
};

// Bytes that someone else owns: in a decoded request, the frame that it was decoded from.
class BytesView : public std::span<const std::byte> {
 public:
  using std::span<const std::byte>::span;
  BytesView() = default;
  BytesView(std::span<const std::byte> bytes) : std::span<const std::byte>(bytes) {}
  explicit BytesView(std::string_view text)
      : std::span<const std::byte>(std::as_bytes(std::span(text.data(), text.size()))) {}
  std::string_view text() const { return {reinterpret_cast<const char*>(data()), size()}; }
  friend bool operator==(const BytesView& a, const BytesView& b) {
    return std::ranges::equal(a, b);
  }
};

using Bytes = std::vector<std::byte>;

// The same bytes as `part`, writable. `part` must lie inside `frame`, whose owner calls this in
// order to patch a record batch in place.
inline std::span<std::byte> writable(std::span<std::byte> frame, BytesView part) {
  return part.empty()
             ? std::span<std::byte>{}
             : frame.subspan(static_cast<std::size_t>(part.data() - frame.data()), part.size());
}

// The record batches of one partition in a Fetch response: null, a view of bytes that must live
// until the response is encoded, or `length` bytes that the caller will put on the socket itself
// (from a file or another buffer). The encoder leaves room for the latter as a Splice carrying
// `handle`.
class RecordsField {
 public:
  RecordsField() = default;  // null
  RecordsField(BytesView view) : kind_(Kind::kView), view_(view) {}
  static RecordsField external(std::uint64_t length, std::uint32_t handle) {
    RecordsField field;
    field.kind_ = Kind::kExternal;
    field.length_ = length;
    field.handle_ = handle;
    return field;
  }

  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_external() const { return kind_ == Kind::kExternal; }
  std::uint64_t length() const { return kind_ == Kind::kView ? view_.size() : length_; }
  BytesView view() const { return view_; }  // empty unless it is a view
  std::uint32_t handle() const { return handle_; }
  bool operator==(const RecordsField&) const = default;

 private:
  enum class Kind : std::uint8_t { kNull, kView, kExternal };
  Kind kind_ = Kind::kNull;
  std::uint32_t handle_ = 0;
  std::uint64_t length_ = 0;
  BytesView view_;
};

}  // namespace orloj::protocol
