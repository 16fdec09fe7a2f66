// Random values for the fields of messages, from a seed.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/types.h"

namespace orloj::protocol {

// Values that are views point into the source, which must outlive the messages it filled.
class SampleSource {
 public:
  explicit SampleSource(std::uint64_t seed) : state_(seed) {}

  bool coin() { return below(2) == 0; }
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }

  void fill(bool& value) { value = coin(); }
  void fill(std::int8_t& value) { value = static_cast<std::int8_t>(integer()); }
  void fill(std::int16_t& value) { value = static_cast<std::int16_t>(integer()); }
  void fill(std::uint16_t& value) { value = static_cast<std::uint16_t>(integer()); }
  void fill(std::int32_t& value) { value = static_cast<std::int32_t>(integer()); }
  void fill(std::uint32_t& value) { value = static_cast<std::uint32_t>(integer()); }
  void fill(std::int64_t& value) { value = static_cast<std::int64_t>(integer()); }
  void fill(double& value) { value = static_cast<double>(below(1U << 20)) / 8; }
  void fill(ErrorCode& value) { value = static_cast<ErrorCode>(static_cast<int>(below(135)) - 1); }
  void fill(Uuid& value);
  void fill(std::string& value);
  void fill(Bytes& value);
  void fill(std::string_view& value) { fill(texts_.emplace_back()), value = texts_.back(); }
  void fill(BytesView& value) { fill(blocks_.emplace_back()), value = blocks_.back(); }
  void fill(RecordsField& value, bool nullable);

  template <class T>
  void fill(std::optional<T>& value, bool nullable) {
    if (engage(value, nullable)) fill(*value);
  }
  template <class T>
  void fill_values(std::vector<T>& values) {
    for (T& value : grow(values)) fill(value);
  }
  template <class T>
  void fill_values(std::optional<std::vector<T>>& values, bool nullable) {
    if (engage(values, nullable)) fill_values(*values);
  }

  // Gives the value, or null in one of four cases if that is allowed; true if it holds one.
  template <class T>
  bool engage(std::optional<T>& value, bool nullable) {
    if (nullable && below(4) == 0) {
      value.reset();
    } else {
      value.emplace();
    }
    return value.has_value();
  }
  template <class T>
  std::span<T> grow(std::vector<T>& values) {
    values.resize(below(4));
    return values;
  }
  template <class T>
  std::span<T> grow(std::optional<std::vector<T>>& values, bool nullable) {
    if (!engage(values, nullable)) return {};
    return grow(*values);
  }

 private:
  // All magnitudes are equally likely.
  std::uint64_t integer() { return next() >> below(64); }
  std::size_t length();
  std::uint64_t next();

  std::uint64_t state_;
  std::deque<std::string> texts_;
  std::deque<Bytes> blocks_;
};

}  // namespace orloj::protocol
