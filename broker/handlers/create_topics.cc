#include "broker/handlers/create_topics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "broker/answering.h"
#include "broker/blocking.h"
#include "broker/error_map.h"
#include "broker/handlers/wire_types.h"
#include "protocol/messages/create_topics.h"

namespace orloj::broker {

using coordinator::NewTopic;
using coordinator::Topic;
using protocol::CreateTopicsRequest;
using protocol::CreateTopicsResponse;
using protocol::ErrorCode;
using Answered = CreateTopicsResponse::Topic;
using Failure = coordinator::Error;

namespace {

class CreateTopics {
 public:
  CreateTopics(const Identity& identity, Topics& topics) : identity_(identity), topics_(topics) {}

  CreateTopicsResponse create_all(const CreateTopicsRequest& message, Request& request) const;

 private:
  coordinator::Result<NewTopic> to_new_topic(const CreateTopicsRequest::Topic& asked) const;
  coordinator::Result<Topic> make(const NewTopic& topic, bool validate_only) const;
  void describe(const Topic& topic, Answered& answer) const;

  const Identity& identity_;
  Topics& topics_;
};

Failure bad_assignment(std::string message) {
  return {coordinator::ErrorCode::kInvalidReplicaAssignment, std::move(message)};
}

// The number of partitions that the assignments describe.
coordinator::Result<std::int32_t> check_assignments(const CreateTopicsRequest::Topic& asked,
                                                    std::int32_t node_id) {
  const auto count = static_cast<std::int32_t>(asked.assignments.size());
  std::vector<bool> seen(asked.assignments.size());
  for (const auto& assignment : asked.assignments) {
    const std::int32_t index = assignment.partition_index;
    if (index < 0 || index >= count || seen[static_cast<std::size_t>(index)]) {
      return bad_assignment("partitions must be numbered from 0 without gaps or repeats");
    }
    seen[static_cast<std::size_t>(index)] = true;
    if (assignment.broker_ids != std::vector<std::int32_t>{node_id}) {
      return bad_assignment(fmt::format(
          "partition {}: broker {} is the only one and must be named once", index, node_id));
    }
  }
  return count;
}

coordinator::Result<NewTopic> CreateTopics::to_new_topic(
    const CreateTopicsRequest::Topic& asked) const {
  NewTopic topic;
  topic.name = asked.name;
  topic.partitions = asked.num_partitions;
  topic.replication_factor = asked.replication_factor;
  if (is_reserved_topic_name(asked.name)) {
    return Failure{coordinator::ErrorCode::kInternalTopic,
                   fmt::format("{} is internal: the broker makes it itself", asked.name)};
  }
  if (!asked.assignments.empty()) {
    if (asked.num_partitions != -1 || asked.replication_factor != -1) {
      return Failure{coordinator::ErrorCode::kInvalidReplicaAssignment,
                     "with assignments, partitions and replication factor must be -1"};
    }
    const auto count = check_assignments(asked, identity_.node_id);
    if (!count) return count.error();
    topic.partitions = *count;
    topic.replication_factor = 1;
  }
  for (const auto& config : asked.configs) {
    if (!config.value) {
      return Failure{coordinator::ErrorCode::kInvalidConfig,
                     fmt::format("{} has no value", config.name)};
    }
    topic.configs.insert_or_assign(std::string(config.name), std::string(*config.value));
  }
  return topic;
}

coordinator::Result<Topic> CreateTopics::make(const NewTopic& topic, bool validate_only) const {
  if (validate_only) return topics_.catalog().plan(topic);
  const auto created = topics_.create(topic);
  if (!created) return created.error();
  return **created;
}

void CreateTopics::describe(const Topic& topic, Answered& answer) const {
  answer.topic_id = to_wire_id(topic.id);
  answer.num_partitions = topic.partition_count;
  answer.replication_factor = 1;
  answer.configs.emplace();
  for (auto& config : coordinator::describe_topic_configs(topic.configs, topics_.defaults())) {
    auto& described = answer.configs->emplace_back();
    described.name = std::move(config.name);
    described.value = std::move(config.value);
    described.config_source = static_cast<std::int8_t>(config.source);
  }
}

CreateTopicsResponse CreateTopics::create_all(const CreateTopicsRequest& message,
                                              Request& request) const {
  std::map<std::string_view, int> named;
  for (const auto& asked : message.topics) ++named[asked.name];
  CreateTopicsResponse response;
  for (const auto& asked : message.topics) {
    if (named[asked.name] == 0) continue;
    auto& answer = response.topics.emplace_back();
    answer.name = asked.name;
    if (std::exchange(named[asked.name], 0) > 1) {
      answer.error_code = ErrorCode::kInvalidRequest;
      answer.error_message = "the topic is named twice in this request";
      continue;
    }
    const auto wanted = to_new_topic(asked);
    const auto made =
        wanted ? make(*wanted, message.validate_only) : coordinator::Result<Topic>(wanted.error());
    if (!made) {
      answer.error_code = to_wire(made.error().code);
      answer.error_message = made.error().message;
      continue;
    }
    describe(*made, answer);
    if (message.validate_only) answer.topic_id = {};
  }
  request.failed = std::ranges::any_of(response.topics, [](const Answered& answer) {
    return answer.error_code != ErrorCode::kNone;
  });
  return response;
}

}  // namespace

Route create_topics_route(const Identity& identity, Topics& topics, BlockingPool& blocking) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kCreateTopics);
  const auto maker = std::make_shared<CreateTopics>(identity, topics);
  route.waiting = on_blocking_pool(
      blocking,
      answering<CreateTopicsRequest>([maker](const CreateTopicsRequest& message, Request& request) {
        return maker->create_all(message, request);
      }));
  return route;
}

}  // namespace orloj::broker
