#include "broker/handlers/describe_topic_partitions.h"

#include <algorithm>
#include <set>

#include "broker/answering.h"
#include "broker/handlers/authorized_operations.h"
#include "broker/handlers/wire_types.h"
#include "protocol/messages/describe_topic_partitions.h"

namespace orloj::broker {

using coordinator::Topic;
using protocol::DescribeTopicPartitionsRequest;
using protocol::DescribeTopicPartitionsResponse;
using protocol::ErrorCode;

namespace {

class Pager {
 public:
  Pager(const Identity& identity, const Topics& topics, std::int32_t partitions_max)
      : identity_(identity), topics_(topics), left_(partitions_max) {}

  // False: the page is full; next_cursor is set.
  bool add(std::string_view name, std::int32_t first_partition) {
    if (left_ <= 0) return stop_at(name, 0);
    auto& answer = response_.topics.emplace_back();
    answer.name = std::string(name);
    const auto topic = topics_.catalog().find(name);
    if (!topic) {
      answer.error_code = ErrorCode::kUnknownTopicOrPartition;
      return true;
    }
    answer.topic_id = to_wire_id(topic->id);
    answer.is_internal = topic->internal;
    answer.topic_authorized_operations = kTopicOperations;
    for (std::int32_t index = first_partition; index < topic->partition_count; ++index) {
      if (left_ <= 0) return stop_at(name, index);
      --left_;
      answer.partitions.push_back(describe(*topic, index));
    }
    return true;
  }

  DescribeTopicPartitionsResponse take() { return std::move(response_); }

 private:
  bool stop_at(std::string_view name, std::int32_t partition) {
    auto& cursor = response_.next_cursor.emplace();
    cursor.topic_name = std::string(name);
    cursor.partition_index = partition;
    return false;
  }

  DescribeTopicPartitionsResponse::Partition describe(const Topic& topic,
                                                      std::int32_t index) const {
    DescribeTopicPartitionsResponse::Partition answer;
    answer.partition_index = index;
    answer.leader_id = identity_.node_id;
    answer.replica_nodes = {identity_.node_id};
    answer.isr_nodes = {identity_.node_id};
    answer.eligible_leader_replicas.emplace();
    answer.last_known_elr.emplace();
    if (const auto partition = topics_.partition(topic, index)) {
      answer.leader_epoch = partition->leader_epoch();
    } else {
      answer.error_code = ErrorCode::kLeaderNotAvailable;
      answer.leader_id = -1;
    }
    return answer;
  }

  const Identity& identity_;
  const Topics& topics_;
  std::int32_t left_;
  DescribeTopicPartitionsResponse response_;
};

std::set<std::string> names_of(const DescribeTopicPartitionsRequest& message,
                               const Topics& topics) {
  std::set<std::string> names;
  for (const auto& topic : message.topics) names.emplace(topic.name);
  if (!message.topics.empty()) return names;
  for (const auto& [name, topic] : topics.catalog().snapshot()->by_name) names.insert(name);
  return names;
}

}  // namespace

Route describe_topic_partitions_route(const BrokerOptions& options, const Identity& identity,
                                      const Topics& topics) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kDescribeTopicPartitions);
  route.answer = answering<DescribeTopicPartitionsRequest>(
      [&options, &identity, &topics](const DescribeTopicPartitionsRequest& message, Request&) {
        const std::int32_t partitions_max =
            std::clamp(message.response_partition_limit, 1, options.response_partitions_max);
        Pager pager(identity, topics, partitions_max);
        const auto names = names_of(message, topics);
        auto next = names.begin();
        std::int32_t first_partition = 0;
        if (message.cursor) {
          next = names.lower_bound(std::string(message.cursor->topic_name));
          if (next != names.end() && *next == message.cursor->topic_name) {
            first_partition = std::max(message.cursor->partition_index, 0);
          }
        }
        while (next != names.end() && pager.add(*next, first_partition)) {
          first_partition = 0;
          ++next;
        }
        return pager.take();
      });
  return route;
}

}  // namespace orloj::broker
