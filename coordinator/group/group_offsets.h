// The committed offsets of one group. Only what is durable is here; what is on its way is counted,
// so that nothing removes an offset behind a commit that will still land.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/group/group_records.h"
#include "coordinator/group/group_types.h"

namespace orloj::coordinator {

class GroupOffsets {
 public:
  // The base of an offset's retention; nullopt: it does not expire now.
  using ExpiryBase =
      std::function<std::optional<std::int64_t>(const std::string& topic, const OffsetValue&)>;

  void apply(const OffsetKey& key, const std::optional<OffsetValue>& value);
  void begin(const std::string& topic, std::int32_t partition);  // a record is on its way
  void end(const std::string& topic, std::int32_t partition);    // it landed, or was refused

  FetchedOffset fetch(const std::string& topic, std::int32_t partition) const;
  OffsetFetchResponse fetch_all() const;

  bool has(const std::string& topic, std::int32_t partition) const;
  bool has_pending() const { return !pending_.empty(); }
  bool is_empty() const { return size_ == 0 && pending_.empty(); }
  std::size_t size() const { return size_; }
  // Every partition with a committed offset or one on its way.
  std::vector<TopicPartitions> all() const;
  std::vector<std::int32_t> partitions_of(const std::string& topic) const;

  struct Retention {
    std::int64_t now_ms = 0;
    std::int64_t retention_ms = 0;
    ExpiryBase base;
  };
  // Partitions whose offset is past its time and which nothing is on its way for.
  std::vector<TopicPartitions> expired(const Retention& retention) const;

 private:
  using Key = std::pair<std::string, std::int32_t>;
  std::map<std::string, std::map<std::int32_t, OffsetValue>> topics_;
  std::map<Key, int> pending_;
  std::size_t size_ = 0;
};

}  // namespace orloj::coordinator
