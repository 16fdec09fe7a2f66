#include "log/format.h"

#include <algorithm>
#include <charconv>

namespace orloj::log::format {
namespace {

constexpr std::size_t kOffsetDigits = 20;

}  // namespace

std::string segment_file_name(Offset base_offset, std::string_view suffix) {
  std::string digits = std::to_string(base_offset);
  digits.insert(0, kOffsetDigits - std::min(kOffsetDigits, digits.size()), '0');
  return digits.append(suffix);
}

std::optional<SegmentFileName> parse_segment_file_name(std::string_view name) {
  if (name.size() <= kOffsetDigits || name[kOffsetDigits] != '.') {
    return std::nullopt;
  }
  SegmentFileName parsed;
  const char* const end = name.data() + kOffsetDigits;
  const auto [stopped_at, error] = std::from_chars(name.data(), end, parsed.base_offset);
  if (error != std::errc() || stopped_at != end || parsed.base_offset < 0) {
    return std::nullopt;
  }
  parsed.suffix = name.substr(kOffsetDigits);
  return parsed;
}

}  // namespace orloj::log::format
