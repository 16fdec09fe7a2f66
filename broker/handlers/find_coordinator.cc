#include "broker/handlers/find_coordinator.h"

#include <utility>
#include <vector>

#include "broker/handlers/group_wire.h"
#include "broker/waiting_on.h"
#include "protocol/messages/find_coordinator.h"

namespace orloj::broker {
namespace {

using coordinator::GroupError;
using protocol::FindCoordinatorRequest;
using protocol::FindCoordinatorResponse;

constexpr std::int8_t kGroupKey = 0;
constexpr std::int8_t kTransactionKey = 1;
constexpr std::int16_t kFirstBatchedVersion = 4;

FindCoordinatorResponse::Coordinator refused(protocol::ErrorCode code, std::string message) {
  FindCoordinatorResponse::Coordinator entry;
  entry.node_id = -1;
  entry.port = -1;
  entry.error_code = code;
  entry.error_message = std::move(message);
  return entry;
}

FindCoordinatorResponse::Coordinator find(const FindCoordinatorRequest& message, Request& request,
                                          GroupError ready, const AdvertisedNodeOf& node_of) {
  if (message.key_type == kTransactionKey) {
    return refused(protocol::ErrorCode::kUnsupportedVersion, "transactions are not supported here");
  }
  if (message.key_type != kGroupKey) {
    return refused(protocol::ErrorCode::kInvalidRequest,
                   "this key type is not supported here; only consumer groups have a coordinator");
  }
  if (ready != GroupError::kNone) {
    return refused(to_wire(ready, request),
                   "the group coordinator is starting or stopping; try again");
  }
  const AdvertisedNode node = node_of(request.client->listener);
  FindCoordinatorResponse::Coordinator entry;
  entry.node_id = node.node_id;
  entry.host = node.host;
  entry.port = node.port;
  return entry;
}

FindCoordinatorResponse answer(const FindCoordinatorRequest& message, Request& request,
                               GroupError ready, const AdvertisedNodeOf& node_of) {
  FindCoordinatorResponse response;
  auto found = find(message, request, ready, node_of);
  request.failed = found.error_code != protocol::ErrorCode::kNone;
  if (request.header.api_version >= kFirstBatchedVersion) {
    for (const std::string_view key : message.coordinator_keys) {
      found.key = std::string(key);
      response.coordinators.push_back(found);
    }
    return response;
  }
  response.error_code = found.error_code;
  response.error_message = found.error_message;
  response.node_id = found.node_id;
  response.host = found.host;
  response.port = found.port;
  return response;
}

}  // namespace

Route find_coordinator_route(coordinator::GroupCoordinator& groups, AdvertisedNodeOf node_of) {
  const auto start = [&groups](const FindCoordinatorRequest& message, const Request&,
                               std::function<void(GroupError)> done) {
    if (message.key_type == kGroupKey) {
      groups.prepare(std::move(done));
    } else {
      done(GroupError::kNone);
    }
  };
  const auto finish = [node_of = std::move(node_of)](const FindCoordinatorRequest& message,
                                                     Request& request, GroupError ready) {
    return answer(message, request, ready, node_of);
  };
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kFindCoordinator);
  route.waiting = waiting_on<FindCoordinatorRequest, GroupError>(start, finish);
  return route;
}

}  // namespace orloj::broker
