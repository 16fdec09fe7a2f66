// The data directory as a whole: its lock, meta.properties, the clean-stop marker, and the names of
// what lies in it.
//
//   .lock                    flock, holds the process id
//   meta.properties          version, cluster.id, node.id
//   .clean-stop              present only while the broker is stopped and everything was closed
//   journal/                 see log/journal_format.h
//   <topic>-<partition>/     data log; partition.metadata names the topic id; schedule/ holds the
//   schedule log <topic>-<partition>.<hex>-delete/   trash, unlinked later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/env/env.h"
#include "log/error.h"
#include "log/types.h"

namespace orloj::log {

inline constexpr int kDataDirectoryVersion = 1;
inline constexpr std::string_view kScheduleDirectoryName = "schedule";

class DataDirectory {
 public:
  // Makes and locks the directory. kLocked names the holder.
  static Result<DataDirectory> open(Env env, std::string path);

  // cluster.id; nullopt when there is no meta.properties yet. kUnsupportedFormat when it is of a
  // newer version, kCorrupt when it can't be read or belongs to another node.
  Result<std::optional<std::string>> read_meta(std::int32_t node_id) const;
  // Writes meta.properties with a new random cluster id, and returns it.
  Result<std::string> create_meta(std::int32_t node_id) const;

  // True when the last stop was clean; the marker is gone, durably, when this returns.
  Result<bool> take_clean_marker() const;
  Status write_clean_marker() const;

  const std::string& path() const { return path_; }
  std::string journal_path() const;

 private:
  DataDirectory(Env env, std::string path, std::unique_ptr<FileLock> lock)
      : env_(env), path_(std::move(path)), lock_(std::move(lock)) {}

  Env env_;
  std::string path_;
  std::unique_ptr<FileLock> lock_;
};

// "<topic>-<partition>" and back; nullopt for any other name.
std::string partition_directory_name(std::string_view topic, std::int32_t partition);
struct PartitionName {
  std::string topic;
  std::int32_t partition = 0;
};
std::optional<PartitionName> parse_partition_directory_name(std::string_view name);

// The name of a partition directory in the trash, and whether a name is one.
std::string trash_name(std::string_view directory_name, std::uint64_t random);
bool is_trash_name(std::string_view name);

// Kafka's partition.metadata: which topic id a directory belongs to. read: kNotFound, kCorrupt.
Result<TopicId> read_partition_metadata(Env env, const std::string& directory);
Status write_partition_metadata(Env env, const std::string& directory, const TopicId& id);

std::optional<TopicId> parse_topic_id(std::string_view text);

}  // namespace orloj::log
