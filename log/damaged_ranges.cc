#include "log/damaged_ranges.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "log/crc32c.h"
#include "log/env/whole_file.h"

namespace orloj::log {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kFileBytesMax = std::size_t{16} << 20;

// Takes the number off the front of `text`, with the one character `end` behind it.
template <class Integer>
std::optional<Integer> take(std::string_view& text, char end) {
  Integer value{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto taken = static_cast<std::size_t>(parsed.ptr - text.data());
  if (parsed.ec != std::errc{} || taken == text.size() || *parsed.ptr != end) {
    return std::nullopt;
  }
  text.remove_prefix(taken + 1);
  return value;
}

// What lies before the last line, when that is the checksum of it.
std::optional<std::string_view> checked(std::string_view text) {
  const std::size_t last = text.size() < 2 ? text.npos : text.rfind('\n', text.size() - 2);
  if (last == text.npos) {
    return std::nullopt;
  }
  const std::string_view content = text.substr(0, last + 1);
  text.remove_prefix(content.size());
  const auto crc = take<std::uint32_t>(text, '\n');
  return crc && text.empty() && *crc == crc32c(to_bytes(content)) ? std::optional(content)
                                                                  : std::nullopt;
}

// Version line, count line, then "from to" lines; nothing else.
std::optional<std::vector<DamagedRange>> parse_ranges(std::string_view text) {
  const auto count = take<std::size_t>(text, '\n');
  std::vector<DamagedRange> ranges;
  while (!text.empty()) {
    const auto from = take<Offset>(text, ' ');
    const auto to = from ? take<Offset>(text, '\n') : std::nullopt;
    const Offset previous = ranges.empty() ? 0 : ranges.back().to;
    if (!to || *from < previous || *to <= *from) {
      return std::nullopt;
    }
    ranges.push_back({*from, *to});
  }
  return count == ranges.size() ? std::optional(std::move(ranges)) : std::nullopt;
}

}  // namespace

std::vector<DamagedRange> normal(std::vector<DamagedRange> ranges, const DamagedRange& within) {
  std::sort(ranges.begin(), ranges.end(),
            [](const DamagedRange& a, const DamagedRange& b) { return a.from < b.from; });
  std::vector<DamagedRange> joined;
  for (const DamagedRange& range : ranges) {
    const DamagedRange inside{std::max(range.from, within.from), std::min(range.to, within.to)};
    if (inside.from >= inside.to) {
      continue;
    }
    if (!joined.empty() && inside.from <= joined.back().to) {
      joined.back().to = std::max(joined.back().to, inside.to);
    } else {
      joined.push_back(inside);
    }
  }
  return joined;
}

Result<std::vector<DamagedRange>> load_damaged_ranges(FileSystem& files,
                                                      const std::string& directory) {
  const std::string path = join_path(directory, kDamagedOffsetsFile);
  const auto bytes = read_whole_file(files, path, kFileBytesMax);
  if (!bytes && bytes.error().code != ErrorCode::kTooLarge) {
    return bytes.error();
  }
  auto content = bytes ? checked(to_text(*bytes)) : std::nullopt;
  const auto version = content ? take<int>(*content, '\n') : std::nullopt;
  if (version && *version > kVersion) {
    return Error{ErrorCode::kUnsupportedFormat,
                 path + " is of version " + std::to_string(*version) +
                     "; this broker reads version 1: start the newer one"};
  }
  auto ranges = version ? parse_ranges(*content) : std::nullopt;
  if (!ranges) {
    return Error{ErrorCode::kCorrupt, path + " is damaged"};
  }
  return std::move(*ranges);
}

Status store_damaged_ranges(FileSystem& files, const std::string& directory,
                            const std::vector<DamagedRange>& ranges) {
  const std::string path = join_path(directory, kDamagedOffsetsFile);
  if (ranges.empty()) {
    const Status removed = files.remove(path);
    return removed ? files.sync_directory(directory) : removed;
  }
  std::string text = std::to_string(kVersion) + "\n" + std::to_string(ranges.size()) + "\n";
  for (const DamagedRange& range : ranges) {
    text += std::to_string(range.from) + " " + std::to_string(range.to) + "\n";
  }
  text += std::to_string(crc32c(to_bytes(text))) + "\n";
  return replace_file(files, path, to_bytes(text));
}

}  // namespace orloj::log
