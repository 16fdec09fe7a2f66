#include "broker/handlers/create_partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "broker/answering.h"
#include "broker/blocking.h"
#include "broker/error_map.h"
#include "protocol/messages/create_partitions.h"

namespace orloj::broker {

using protocol::CreatePartitionsRequest;
using protocol::CreatePartitionsResponse;
using protocol::ErrorCode;
using Answered = CreatePartitionsResponse::Topic;

namespace {

class CreatePartitions {
 public:
  CreatePartitions(const Identity& identity, Topics& topics)
      : identity_(identity), topics_(topics) {}

  CreatePartitionsResponse add_all(const CreatePartitionsRequest& message, Request& request) const;

 private:
  coordinator::Status check(const CreatePartitionsRequest::Topic& asked) const;
  coordinator::Status check_assignment(std::vector<std::int32_t> broker_ids) const;
  coordinator::Status add(const CreatePartitionsRequest::Topic& asked, bool validate_only) const;

  const Identity& identity_;
  Topics& topics_;
};

coordinator::Error bad_assignment(std::string message) {
  return {coordinator::ErrorCode::kInvalidReplicaAssignment, std::move(message)};
}

coordinator::Status CreatePartitions::check_assignment(std::vector<std::int32_t> broker_ids) const {
  if (broker_ids.empty()) {
    return bad_assignment("The manual partition assignment includes an empty replica list.");
  }
  std::ranges::sort(broker_ids);
  for (std::size_t i = 0; i < broker_ids.size(); ++i) {
    const std::int32_t broker_id = broker_ids[i];
    if (broker_id != identity_.node_id) {
      return bad_assignment(fmt::format(
          "The manual partition assignment includes broker {}, but no such broker is registered.",
          broker_id));
    }
    if (i > 0) {
      return bad_assignment(fmt::format(
          "The manual partition assignment includes the broker {} more than once.", broker_id));
    }
  }
  return {};
}

coordinator::Status CreatePartitions::check(const CreatePartitionsRequest::Topic& asked) const {
  const auto grown = topics_.catalog().plan_growth(asked.name, asked.count);
  if (!grown) return grown.error();
  if (!asked.assignments) return {};
  const auto known = topics_.catalog().find(grown->id);
  const std::int32_t additional = asked.count - (known ? known->partition_count : 0);
  if (static_cast<std::size_t>(additional) != asked.assignments->size()) {
    return bad_assignment(
        fmt::format("Attempted to add {} additional partition(s), but only {} assignment(s) were "
                    "specified.",
                    additional, asked.assignments->size()));
  }
  for (const auto& assignment : *asked.assignments) {
    if (const auto fits = check_assignment(assignment.broker_ids); !fits) return fits;
  }
  return {};
}

coordinator::Status CreatePartitions::add(const CreatePartitionsRequest::Topic& asked,
                                          bool validate_only) const {
  const auto checked = check(asked);
  return checked && !validate_only ? topics_.grow(asked.name, asked.count) : checked;
}

CreatePartitionsResponse CreatePartitions::add_all(const CreatePartitionsRequest& message,
                                                   Request& request) const {
  std::map<std::string_view, int> named;
  for (const auto& asked : message.topics) ++named[asked.name];
  CreatePartitionsResponse response;
  for (const auto& asked : message.topics) {
    const int times = std::exchange(named[asked.name], 0);
    if (times == 0) continue;
    auto& answer = response.results.emplace_back();
    answer.name = asked.name;
    if (times > 1) {
      answer.error_code = ErrorCode::kInvalidRequest;
      answer.error_message = "Duplicate topic name.";
      continue;
    }
    const auto added = add(asked, message.validate_only);
    if (added) continue;
    answer.error_code = to_wire(added.error().code);
    // The code says it all, and Kafka is silent here.
    if (added.error().code == coordinator::ErrorCode::kUnknownTopic) continue;
    answer.error_message = added.error().message;
  }
  request.failed = std::ranges::any_of(response.results, [](const Answered& answer) {
    return answer.error_code != ErrorCode::kNone;
  });
  return response;
}

}  // namespace

Route create_partitions_route(const Identity& identity, Topics& topics, BlockingPool& blocking) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kCreatePartitions);
  const auto maker = std::make_shared<CreatePartitions>(identity, topics);
  route.waiting = on_blocking_pool(
      blocking, answering<CreatePartitionsRequest>(
                    [maker](const CreatePartitionsRequest& message, Request& request) {
                      return maker->add_all(message, request);
                    }));
  return route;
}

}  // namespace orloj::broker
