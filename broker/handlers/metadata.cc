#include "broker/handlers/metadata.h"

#include <set>

#include "broker/answering.h"
#include "broker/blocking.h"
#include "broker/error_map.h"
#include "broker/handlers/authorized_operations.h"
#include "broker/handlers/wire_types.h"
#include "broker/waiting_handler.h"
#include "protocol/messages/metadata.h"

namespace orloj::broker {

namespace asio = boost::asio;
using coordinator::Topic;
using protocol::ErrorCode;
using protocol::MetadataRequest;
using protocol::MetadataResponse;
using TopicPtr = std::shared_ptr<const Topic>;
using Created = coordinator::Result<TopicPtr>;

namespace {

constexpr std::int16_t kFirstVersionThatMayForbidCreation = 4;

class MetadataHandler : public WaitingHandler {
 public:
  MetadataHandler(const BrokerOptions& options, const Identity& identity, Topics& topics,
                  BlockingPool& blocking)
      : options_(options), identity_(identity), topics_(topics), blocking_(blocking) {}

  asio::awaitable<Answer> handle(std::shared_ptr<Request> request) override;

 private:
  using Described = MetadataResponse::Topic;

  asio::awaitable<Described> find_or_create(MetadataRequest::Topic asked, bool may_create);
  asio::awaitable<Described> create(std::string name);
  MetadataResponse about_brokers(const Request& request) const;
  Described describe(const Topic& topic) const;

  const BrokerOptions& options_;
  const Identity& identity_;
  Topics& topics_;
  BlockingPool& blocking_;
};

MetadataResponse::Topic unknown(const MetadataRequest::Topic& asked) {
  MetadataResponse::Topic answer;
  answer.topic_id = asked.topic_id;
  if (asked.name) answer.name = std::string(*asked.name);
  answer.error_code =
      asked.topic_id.is_zero() ? ErrorCode::kUnknownTopicOrPartition : ErrorCode::kUnknownTopicId;
  return answer;
}

MetadataResponse MetadataHandler::about_brokers(const Request& request) const {
  MetadataResponse response;
  const Endpoint& endpoint = identity_.endpoints[request.client->listener];
  auto& self = response.brokers.emplace_back();
  self.node_id = identity_.node_id;
  self.host = endpoint.host;
  self.port = endpoint.port;
  if (!identity_.rack.empty()) self.rack = identity_.rack;
  response.cluster_id = identity_.cluster_id;
  response.controller_id = identity_.node_id;
  return response;
}

MetadataResponse::Topic MetadataHandler::describe(const Topic& topic) const {
  Described answer;
  answer.name = topic.name;
  answer.topic_id = to_wire_id(topic.id);
  answer.is_internal = topic.internal;
  answer.partitions.reserve(static_cast<std::size_t>(topic.partition_count));
  for (std::int32_t index = 0; index < topic.partition_count; ++index) {
    auto& partition = answer.partitions.emplace_back();
    partition.partition_index = index;
    partition.replica_nodes = {identity_.node_id};
    partition.isr_nodes = {identity_.node_id};
    const auto opened = topics_.partition(topic, index);
    if (opened) {
      partition.leader_id = topics_.catalog().leader_of({topic.id, index});
      partition.leader_epoch = opened->leader_epoch();
    } else {
      partition.error_code = ErrorCode::kLeaderNotAvailable;
      partition.leader_id = -1;
    }
  }
  return answer;
}

asio::awaitable<MetadataResponse::Topic> MetadataHandler::create(std::string name) {
  Described answer;
  answer.name = name;
  if (is_reserved_topic_name(name)) {
    answer.error_code = ErrorCode::kUnknownTopicOrPartition;
    co_return answer;
  }
  const auto made = std::make_shared<std::optional<Created>>();
  std::function<void()> work = [this, name, made] {
    coordinator::NewTopic topic;
    topic.name = name;
    *made = topics_.create(topic);
  };
  const bool done = co_await on_blocking_thread(blocking_, std::move(work));
  if (!done) {
    answer.error_code = ErrorCode::kLeaderNotAvailable;
    co_return answer;
  }
  const Created& created = **made;
  if (created) co_return describe(**created);
  if (created.error().code == coordinator::ErrorCode::kTopicExists) {
    // Somebody else was faster.
    if (const auto topic = topics_.catalog().find(name)) co_return describe(*topic);
  }
  answer.error_code = to_wire(created.error().code);
  co_return answer;
}

asio::awaitable<MetadataResponse::Topic> MetadataHandler::find_or_create(
    MetadataRequest::Topic asked, bool may_create) {
  const bool by_id = !asked.topic_id.is_zero();
  const TopicPtr topic = by_id ? topics_.catalog().find(to_log(asked.topic_id))
                               : topics_.catalog().find(asked.name.value_or(std::string_view{}));
  if (topic) co_return describe(*topic);
  if (by_id || !asked.name || !may_create) co_return unknown(asked);
  std::string name(*asked.name);
  co_return co_await create(std::move(name));
}

asio::awaitable<Answer> MetadataHandler::handle(std::shared_ptr<Request> request) {
  const std::int16_t version = request->header.api_version;
  const auto message = protocol::decode_request<MetadataRequest>(request->body, version);
  if (!message) co_return Answer::close(message.error().message);
  MetadataResponse response = about_brokers(*request);
  const bool all = !message->topics || (version == 0 && message->topics->empty());
  if (all) {
    const auto snapshot = topics_.catalog().snapshot();
    for (const auto& [name, topic] : snapshot->by_name) {
      response.topics.push_back(describe(*topic));
    }
  } else {
    const bool may_create =
        options_.auto_create_topics &&
        (version < kFirstVersionThatMayForbidCreation || message->allow_auto_topic_creation);
    std::set<std::pair<protocol::Uuid, std::optional<std::string_view>>> named;
    for (const auto& asked : *message->topics) {
      if (!named.emplace(asked.topic_id, asked.name).second) continue;
      Described described = co_await find_or_create(asked, may_create);
      request->failed |= described.error_code != ErrorCode::kNone;
      response.topics.push_back(std::move(described));
    }
  }
  if (message->include_topic_authorized_operations) {
    for (auto& topic : response.topics) topic.topic_authorized_operations = kTopicOperations;
  }
  if (message->include_cluster_authorized_operations) {
    response.cluster_authorized_operations = kClusterOperations;
  }
  co_return reply(*request, response);
}

}  // namespace

Route metadata_route(const BrokerOptions& options, const Identity& identity, Topics& topics,
                     BlockingPool& blocking) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kMetadata);
  route.waiting = std::make_shared<MetadataHandler>(options, identity, topics, blocking);
  return route;
}

}  // namespace orloj::broker
