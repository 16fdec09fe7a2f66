#include "broker/handlers/delete_topics.h"

#include <algorithm>
#include <set>

#include "broker/answering.h"
#include "broker/blocking.h"
#include "broker/error_map.h"
#include "broker/handlers/wire_types.h"
#include "protocol/messages/delete_topics.h"

namespace orloj::broker {

using protocol::DeleteTopicsRequest;
using protocol::DeleteTopicsResponse;
using protocol::ErrorCode;
using Answered = DeleteTopicsResponse::Topic;
using TopicPtr = std::shared_ptr<const coordinator::Topic>;

namespace {

constexpr std::int16_t kFirstVersionWithDeletionDisabled = 3;
constexpr std::int16_t kFirstVersionWithIds = 6;

class DeleteTopics {
 public:
  DeleteTopics(const BrokerOptions& options, Topics& topics, coordinator::GroupCoordinator& groups)
      : options_(options), topics_(topics), groups_(groups) {}

  DeleteTopicsResponse delete_all(const DeleteTopicsRequest& message, Request& request);

 private:
  Answered delete_one(const DeleteTopicsRequest::Topic& asked, std::set<log::TopicId>& done);

  const BrokerOptions& options_;
  Topics& topics_;
  coordinator::GroupCoordinator& groups_;
};

void refuse(Answered& answer, ErrorCode code, std::string message) {
  answer.error_code = code;
  answer.error_message = std::move(message);
}

Answered DeleteTopics::delete_one(const DeleteTopicsRequest::Topic& asked,
                                  std::set<log::TopicId>& done) {
  Answered answer;
  answer.topic_id = asked.topic_id;
  if (asked.name) answer.name = std::string(*asked.name);
  const bool by_id = !asked.topic_id.is_zero();
  if (by_id == asked.name.has_value()) {
    refuse(answer, ErrorCode::kInvalidRequest, "a topic needs a name or an id, not both");
    return answer;
  }
  const TopicPtr topic =
      by_id ? topics_.catalog().find(to_log(asked.topic_id)) : topics_.catalog().find(*asked.name);
  if (!topic) {
    refuse(answer, by_id ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition,
           "no such topic");
    return answer;
  }
  answer.name = topic->name;
  answer.topic_id = to_wire_id(topic->id);
  if (!done.insert(topic->id).second) {
    refuse(answer, ErrorCode::kInvalidRequest, "the topic is named twice in this request");
    return answer;
  }
  const auto removed = topics_.remove(topic->id);
  if (!removed) {
    refuse(answer, to_wire(removed.error().code), removed.error().message);
    return answer;
  }
  groups_.on_topic_deleted(topic->name);
  return answer;
}

DeleteTopicsResponse DeleteTopics::delete_all(const DeleteTopicsRequest& message,
                                              Request& request) {
  const std::int16_t version = request.header.api_version;
  std::vector<DeleteTopicsRequest::Topic> asked = message.topics;
  if (version < kFirstVersionWithIds) {
    for (const std::string_view name : message.topic_names) asked.emplace_back().name = name;
  }
  DeleteTopicsResponse response;
  std::set<log::TopicId> done;
  for (const auto& topic : asked) {
    if (options_.delete_topics) {
      response.responses.push_back(delete_one(topic, done));
      continue;
    }
    auto& answer = response.responses.emplace_back();
    answer.topic_id = topic.topic_id;
    if (topic.name) answer.name = std::string(*topic.name);
    refuse(answer,
           version >= kFirstVersionWithDeletionDisabled ? ErrorCode::kTopicDeletionDisabled
                                                        : ErrorCode::kInvalidRequest,
           "delete.topic.enable is false");
  }
  request.failed = std::ranges::any_of(response.responses, [](const Answered& answer) {
    return answer.error_code != ErrorCode::kNone;
  });
  return response;
}

}  // namespace

Route delete_topics_route(const BrokerOptions& options, Topics& topics,
                          coordinator::GroupCoordinator& groups, BlockingPool& blocking) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kDeleteTopics);
  const auto maker = std::make_shared<DeleteTopics>(options, topics, groups);
  route.waiting = on_blocking_pool(
      blocking,
      answering<DeleteTopicsRequest>([maker](const DeleteTopicsRequest& message, Request& request) {
        return maker->delete_all(message, request);
      }));
  return route;
}

}  // namespace orloj::broker
