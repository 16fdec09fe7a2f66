#include "broker/handlers/describe_log_dirs.h"

#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "broker/answering.h"
#include "broker/blocking.h"
#include "protocol/messages/describe_log_dirs.h"

namespace orloj::broker {

using protocol::DescribeLogDirsRequest;
using protocol::DescribeLogDirsResponse;

namespace {

class DescribeLogDirs {
 public:
  DescribeLogDirs(const log::LogOptions& options, const Topics& topics)
      : options_(options), topics_(topics) {}

  DescribeLogDirsResponse describe(const DescribeLogDirsRequest& message) const;

 private:
  using TopicPtr = std::shared_ptr<const coordinator::Topic>;
  struct ByName {
    bool operator()(const TopicPtr& a, const TopicPtr& b) const { return a->name < b->name; }
  };
  using Wanted = std::map<TopicPtr, std::set<std::int32_t>, ByName>;  // what exists of it

  Wanted wanted(const DescribeLogDirsRequest& message) const;

  const log::LogOptions& options_;
  const Topics& topics_;
};

DescribeLogDirs::Wanted DescribeLogDirs::wanted(const DescribeLogDirsRequest& message) const {
  Wanted found;
  if (!message.topics) {
    for (const auto& [name, topic] : topics_.catalog().snapshot()->by_name) {
      for (std::int32_t i = 0; i < topic->partition_count; ++i) found[topic].insert(i);
    }
    return found;
  }
  for (const auto& asked : *message.topics) {
    const auto topic = topics_.catalog().find(asked.topic);
    if (topic == nullptr) continue;
    for (const std::int32_t index : asked.partitions) {
      if (index >= 0 && index < topic->partition_count) found[topic].insert(index);
    }
  }
  return found;
}

DescribeLogDirsResponse DescribeLogDirs::describe(const DescribeLogDirsRequest& message) const {
  DescribeLogDirsResponse response;
  auto& directory = response.results.emplace_back();
  std::error_code error;
  directory.log_dir = std::filesystem::absolute(options_.data_dir, error).lexically_normal();
  const auto volume = std::filesystem::space(options_.data_dir, error);
  if (!error) {
    directory.total_bytes = static_cast<std::int64_t>(volume.capacity);
    directory.usable_bytes = static_cast<std::int64_t>(volume.available);
  }
  for (const auto& [topic, partitions] : wanted(message)) {
    DescribeLogDirsResponse::Topic answered;
    answered.name = topic->name;
    for (const std::int32_t index : partitions) {
      const auto partition = topics_.partition(*topic, index);
      if (partition == nullptr) continue;
      const auto stats = partition->stats();
      auto& described = answered.partitions.emplace_back();
      described.partition_index = index;
      described.partition_size = stats.data_bytes + stats.schedule_bytes;
    }
    if (!answered.partitions.empty()) directory.topics.push_back(std::move(answered));
  }
  return response;
}

}  // namespace

Route describe_log_dirs_route(const log::LogOptions& options, const Topics& topics,
                              BlockingPool& blocking) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kDescribeLogDirs);
  const auto maker = std::make_shared<DescribeLogDirs>(options, topics);
  route.waiting = on_blocking_pool(
      blocking,
      answering<DescribeLogDirsRequest>([maker](const DescribeLogDirsRequest& message, Request&) {
        return maker->describe(message);
      }));
  return route;
}

}  // namespace orloj::broker
