#include "coordinator/group/group_offsets.h"

#include <cassert>
#include <set>

namespace orloj::coordinator {

void GroupOffsets::apply(const OffsetKey& key, const std::optional<OffsetValue>& value) {
  if (value) {
    size_ += topics_[key.topic].insert_or_assign(key.partition, *value).second ? 1 : 0;
    return;
  }
  const auto topic = topics_.find(key.topic);
  if (topic == topics_.end()) return;
  size_ -= topic->second.erase(key.partition);
  if (topic->second.empty()) topics_.erase(topic);
}

void GroupOffsets::begin(const std::string& topic, std::int32_t partition) {
  ++pending_[{topic, partition}];
}

void GroupOffsets::end(const std::string& topic, std::int32_t partition) {
  const auto found = pending_.find({topic, partition});
  assert(found != pending_.end());
  if (--found->second == 0) pending_.erase(found);
}

bool GroupOffsets::has(const std::string& topic, std::int32_t partition) const {
  const auto found = topics_.find(topic);
  return found != topics_.end() && found->second.contains(partition);
}

FetchedOffset GroupOffsets::fetch(const std::string& topic, std::int32_t partition) const {
  FetchedOffset fetched;
  fetched.partition = partition;
  if (has(topic, partition)) fetched.committed = topics_.at(topic).at(partition).committed;
  return fetched;
}

OffsetFetchResponse GroupOffsets::fetch_all() const {
  OffsetFetchResponse response;
  for (const auto& [name, partitions] : topics_) {
    FetchedTopic topic{name, {}};
    for (const auto& [partition, value] : partitions) {
      topic.partitions.push_back({partition, value.committed, GroupError::kNone});
    }
    response.topics.push_back(std::move(topic));
  }
  return response;
}

std::vector<TopicPartitions> GroupOffsets::all() const {
  std::map<std::string, std::set<std::int32_t>> found;
  for (const auto& [name, partitions] : topics_) {
    for (const auto& [partition, value] : partitions) found[name].insert(partition);
  }
  for (const auto& [key, count] : pending_) found[key.first].insert(key.second);
  std::vector<TopicPartitions> result;
  for (const auto& [name, partitions] : found) {
    result.push_back({name, {partitions.begin(), partitions.end()}});
  }
  return result;
}

std::vector<std::int32_t> GroupOffsets::partitions_of(const std::string& topic) const {
  std::set<std::int32_t> found;
  if (const auto committed = topics_.find(topic); committed != topics_.end()) {
    for (const auto& [partition, value] : committed->second) found.insert(partition);
  }
  for (auto at = pending_.lower_bound({topic, INT32_MIN});
       at != pending_.end() && at->first.first == topic; ++at) {
    found.insert(at->first.second);
  }
  return {found.begin(), found.end()};
}

std::vector<TopicPartitions> GroupOffsets::expired(const Retention& retention) const {
  std::vector<TopicPartitions> result;
  for (const auto& [name, partitions] : topics_) {
    TopicPartitions old{name, {}};
    for (const auto& [partition, value] : partitions) {
      if (pending_.contains({name, partition})) continue;
      const auto base = retention.base(name, value);
      if (!base) continue;
      const bool past = value.expire_timestamp_ms != -1
                            ? retention.now_ms >= value.expire_timestamp_ms
                            : retention.now_ms - *base >= retention.retention_ms;
      if (past) old.partitions.push_back(partition);
    }
    if (!old.partitions.empty()) result.push_back(std::move(old));
  }
  return result;
}

}  // namespace orloj::coordinator
