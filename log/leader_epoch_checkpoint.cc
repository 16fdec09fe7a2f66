#include "log/leader_epoch_checkpoint.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "log/env/whole_file.h"

namespace orloj::log {
namespace {

constexpr std::string_view kFileName = "leader-epoch-checkpoint";
constexpr std::size_t kFileBytesMax = std::size_t{16} << 20;

// Takes one line off `text`; nullopt at the end or without a line break.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

template <class Integer>
std::optional<Integer> parse(std::string_view text) {
  Integer value{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

// Version line, count line, then "epoch start" lines with both rising; nothing else.
std::optional<std::vector<EpochStart>> parse_entries(std::string_view text) {
  const auto version = take_line(text);
  const auto count_line = take_line(text);
  if (!version || *version != "0" || !count_line) {
    return std::nullopt;
  }
  const auto count = parse<std::size_t>(*count_line);
  std::vector<EpochStart> entries;
  while (const auto line = take_line(text)) {
    const std::size_t space = line->find(' ');
    if (space == std::string_view::npos) {
      return std::nullopt;
    }
    const auto epoch = parse<LeaderEpoch>(line->substr(0, space));
    const auto start = parse<Offset>(line->substr(space + 1));
    if (!epoch || !start || *epoch < 0 || *start < 0 ||
        (!entries.empty() &&
         (*epoch <= entries.back().epoch || *start < entries.back().start_offset))) {
      return std::nullopt;
    }
    entries.push_back({*epoch, *start});
  }
  if (!count || *count != entries.size() || !text.empty()) {
    return std::nullopt;
  }
  return entries;
}

}  // namespace

LeaderEpochCheckpoint::LeaderEpochCheckpoint(Env& env, std::string directory,
                                             std::vector<EpochStart> entries)
    : env_(&env), directory_(std::move(directory)), entries_(std::move(entries)) {
}

LeaderEpochCheckpoint::LeaderEpochCheckpoint(LeaderEpochCheckpoint&& other) noexcept
    : env_(other.env_),
      directory_(std::move(other.directory_)),
      entries_(std::move(other.entries_)) {
}

Result<LeaderEpochCheckpoint> LeaderEpochCheckpoint::load(Env& env, std::string directory) {
  const std::string path = join_path(directory, kFileName);
  const auto content = read_whole_file(env.files(), path, kFileBytesMax);
  if (content.has_error()) {
    if (content.error().code == ErrorCode::kNotFound) {
      return LeaderEpochCheckpoint(env, std::move(directory), {});
    }
    return content.error();
  }
  auto entries = parse_entries(to_text(*content));
  if (!entries) {
    return Error{ErrorCode::kCorrupt, path + " is damaged; it is rebuilt from the batches"};
  }
  return LeaderEpochCheckpoint(env, std::move(directory), std::move(*entries));
}

LeaderEpochCheckpoint LeaderEpochCheckpoint::rebuilt(Env& env, std::string directory,
                                                     std::vector<EpochStart> entries) {
  return LeaderEpochCheckpoint(env, std::move(directory), std::move(entries));
}

LeaderEpoch LeaderEpochCheckpoint::latest() const {
  const std::lock_guard lock(mutex_);
  return entries_.empty() ? -1 : entries_.back().epoch;
}

Status LeaderEpochCheckpoint::assign(LeaderEpoch epoch, Offset start_offset) {
  const std::lock_guard lock(mutex_);
  if (!entries_.empty() && epoch <= entries_.back().epoch) {
    return {};
  }
  const std::vector<EpochStart> before = entries_;
  // Epochs in which nothing was appended leave no trace: two epochs can't start at one offset.
  while (!entries_.empty() && entries_.back().start_offset >= start_offset) {
    entries_.pop_back();
  }
  entries_.push_back({epoch, start_offset});
  Status written = write_locked();
  if (!written) {
    entries_ = before;
  }
  return written;
}

Status LeaderEpochCheckpoint::truncate_from_end(Offset end_offset) {
  const std::lock_guard lock(mutex_);
  const std::vector<EpochStart> before = entries_;
  while (!entries_.empty() && entries_.back().start_offset >= end_offset) {
    entries_.pop_back();
  }
  if (entries_.size() == before.size()) {
    return {};
  }
  Status written = write_locked();
  if (!written) {
    entries_ = before;
  }
  return written;
}

EpochEnd LeaderEpochCheckpoint::end_offset_for(LeaderEpoch epoch, Offset log_end_offset) const {
  const std::lock_guard lock(mutex_);
  if (entries_.empty() || epoch > entries_.back().epoch || epoch < 0) {
    return {};
  }
  if (epoch == entries_.back().epoch) {
    return {epoch, log_end_offset};
  }
  const auto next = std::upper_bound(
      entries_.begin(), entries_.end(), epoch,
      [](LeaderEpoch wanted, const EpochStart& entry) { return wanted < entry.epoch; });
  if (next == entries_.begin()) {
    // Older than the first one known: it ends where that starts.
    return {epoch, next->start_offset};
  }
  return {std::prev(next)->epoch, next->start_offset};
}

std::vector<EpochStart> LeaderEpochCheckpoint::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

Status LeaderEpochCheckpoint::write_locked() const {
  std::string text = "0\n" + std::to_string(entries_.size()) + "\n";
  for (const EpochStart& entry : entries_) {
    text += std::to_string(entry.epoch) + " " + std::to_string(entry.start_offset) + "\n";
  }
  return replace_file(env_->files(), join_path(directory_, kFileName), to_bytes(text));
}

}  // namespace orloj::log
