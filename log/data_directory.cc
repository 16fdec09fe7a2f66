#include "log/data_directory.h"

#include <array>
#include <charconv>
#include <utility>

#include "log/env/whole_file.h"

namespace orloj::log {
namespace {

constexpr std::string_view kLockName = ".lock";
constexpr std::string_view kMetaName = "meta.properties";
constexpr std::string_view kCleanMarkerName = ".clean-stop";
constexpr std::string_view kJournalName = "journal";
constexpr std::string_view kMetadataName = "partition.metadata";
constexpr std::string_view kTrashSuffix = "-delete";
constexpr std::size_t kTrashHexDigits = 16;
constexpr std::size_t kSmallFileBytesMax = 64 << 10;
constexpr std::size_t kTopicIdTextBytes = 22;

// The value behind "key<separator>" at the start of a line.
std::optional<std::string_view> value_of(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with(key)) {
      line.remove_prefix(key.size());
      if (line.ends_with('\r')) {
        line.remove_suffix(1);
      }
      return line;
    }
  }
  return std::nullopt;
}

std::optional<int> parse_int(std::string_view text) {
  int value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

Result<DataDirectory> DataDirectory::open(Env env, std::string path) {
  if (const Status made = env.files().create_directories(path); !made) {
    return made.error();
  }
  auto lock = env.files().lock_file(join_path(path, kLockName));
  if (lock.has_error()) {
    return lock.error();
  }
  return DataDirectory(env, std::move(path), std::move(*lock));
}

std::string DataDirectory::journal_path() const {
  return join_path(path_, kJournalName);
}

Result<std::optional<std::string>> DataDirectory::read_meta(std::int32_t node_id) const {
  const std::string path = join_path(path_, kMetaName);
  const auto content = read_whole_file(env_.files(), path, kSmallFileBytesMax);
  if (content.has_error()) {
    if (content.error().code == ErrorCode::kNotFound) {
      return std::nullopt;
    }
    return content.error();
  }
  const std::string_view text = to_text(*content);
  const auto version_text = value_of(text, "version=");
  const auto cluster_id = value_of(text, "cluster.id=");
  const auto version = version_text ? parse_int(*version_text) : std::nullopt;
  if (!version || !cluster_id || cluster_id->empty()) {
    return Error{ErrorCode::kCorrupt,
                 path + " lacks version or cluster.id; restore it from a copy"};
  }
  if (*version > kDataDirectoryVersion) {
    return Error{ErrorCode::kUnsupportedFormat,
                 path + " says version " + std::to_string(*version) + ", this broker knows " +
                     std::to_string(kDataDirectoryVersion) + "; start the version that wrote it"};
  }
  const auto stored_node_id = value_of(text, "node.id=");
  if (!stored_node_id || parse_int(*stored_node_id) != node_id) {
    return Error{ErrorCode::kCorrupt, path + " belongs to node.id " +
                                          std::string(stored_node_id.value_or("(none)")) +
                                          ", the configuration says " + std::to_string(node_id) +
                                          "; set node.id or log.dirs right"};
  }
  return std::string(*cluster_id);
}

Result<std::string> DataDirectory::create_meta(std::int32_t node_id) const {
  TopicId random;
  env_.random().fill(std::as_writable_bytes(std::span(random.bytes)));
  const std::string cluster_id = random.to_string();
  const std::string text = "version=" + std::to_string(kDataDirectoryVersion) +
                           "\ncluster.id=" + cluster_id + "\nnode.id=" + std::to_string(node_id) +
                           "\n";
  if (const Status written =
          replace_file(env_.files(), join_path(path_, kMetaName), to_bytes(text));
      !written) {
    return written.error();
  }
  return cluster_id;
}

Result<bool> DataDirectory::take_clean_marker() const {
  const Status removed = env_.files().remove(join_path(path_, kCleanMarkerName));
  if (removed.has_error()) {
    if (removed.error().code == ErrorCode::kNotFound) {
      return false;
    }
    return removed.error();
  }
  if (const Status synced = env_.files().sync_directory(path_); !synced) {
    return synced.error();
  }
  return true;
}

Status DataDirectory::write_clean_marker() const {
  return replace_file(env_.files(), join_path(path_, kCleanMarkerName), to_bytes("clean\n"));
}

std::string partition_directory_name(std::string_view topic, std::int32_t partition) {
  return std::string(topic) + "-" + std::to_string(partition);
}

std::optional<PartitionName> parse_partition_directory_name(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash == 0) {
    return std::nullopt;
  }
  const std::string_view digits = name.substr(dash + 1);
  const auto partition = parse_int(digits);
  if (!partition || *partition < 0 || std::to_string(*partition) != digits) {
    return std::nullopt;
  }
  return PartitionName{std::string(name.substr(0, dash)), *partition};
}

std::string trash_name(std::string_view directory_name, std::uint64_t random) {
  std::array<char, kTrashHexDigits> digits;
  for (char& digit : digits) {
    digit = "0123456789abcdef"[random & 15U];
    random >>= 4;
  }
  return std::string(directory_name) + "." + std::string(digits.data(), digits.size()) +
         std::string(kTrashSuffix);
}

bool is_trash_name(std::string_view name) {
  if (!name.ends_with(kTrashSuffix)) {
    return false;
  }
  name.remove_suffix(kTrashSuffix.size());
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || name.size() - dot - 1 != kTrashHexDigits) {
    return false;
  }
  return name.find_first_not_of("0123456789abcdef", dot + 1) == std::string_view::npos &&
         parse_partition_directory_name(name.substr(0, dot)).has_value();
}

std::optional<TopicId> parse_topic_id(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (text.size() != kTopicIdTextBytes) {
    return std::nullopt;
  }
  TopicId id;
  std::uint32_t pending = 0;
  int bits = 0;
  std::size_t at = 0;
  for (const char letter : text) {
    const std::size_t digit = kAlphabet.find(letter);
    if (digit == std::string_view::npos) {
      return std::nullopt;
    }
    pending = (pending << 6) | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits >= 8 && at < id.bytes.size()) {
      bits -= 8;
      id.bytes[at++] = static_cast<std::uint8_t>(pending >> bits);
    }
  }
  return id.to_string() == text ? std::optional(id) : std::nullopt;
}

Result<TopicId> read_partition_metadata(Env env, const std::string& directory) {
  const std::string path = join_path(directory, kMetadataName);
  const auto content = read_whole_file(env.files(), path, kSmallFileBytesMax);
  if (content.has_error()) {
    return content.error();
  }
  const auto text = value_of(to_text(*content), "topic_id: ");
  const auto id = text ? parse_topic_id(*text) : std::nullopt;
  if (!id) {
    return Error{ErrorCode::kCorrupt, path + " holds no topic id; restore it from a copy"};
  }
  return *id;
}

Status write_partition_metadata(Env env, const std::string& directory, const TopicId& id) {
  const std::string text = "version: 0\ntopic_id: " + id.to_string() + "\n";
  return replace_file(env.files(), join_path(directory, kMetadataName), to_bytes(text));
}

}  // namespace orloj::log
