#include "broker/handlers/join_group.h"

#include <utility>

#include "broker/handlers/group_wire.h"
#include "broker/waiting_on.h"
#include "protocol/messages/join_group.h"

namespace orloj::broker {
namespace {

using protocol::JoinGroupRequest;
using protocol::JoinGroupResponse;

constexpr std::int16_t kFirstVersionWithRebalanceTimeout = 1;
constexpr std::int16_t kFirstVersionWithKnownMembers = 4;
constexpr std::int16_t kFirstVersionWithNullableProtocol = 7;
constexpr std::int16_t kFirstVersionWithSkippedAssignment = 9;

coordinator::JoinRequest to_join(const JoinGroupRequest& message, const Request& request) {
  const std::int16_t version = request.header.api_version;
  coordinator::JoinRequest join;
  join.group_id = message.group_id;
  join.member_id = message.member_id;
  join.group_instance_id = to_text(message.group_instance_id);
  join.client_id = request.client_id();
  join.client_host = "/" + request.client->host;
  join.session_timeout_ms = message.session_timeout_ms;
  join.rebalance_timeout_ms = version >= kFirstVersionWithRebalanceTimeout
                                  ? message.rebalance_timeout_ms
                                  : message.session_timeout_ms;
  join.protocol_type = message.protocol_type;
  for (const auto& offered : message.protocols) {
    join.protocols.push_back({std::string(offered.name), to_bytes(offered.metadata)});
  }
  join.requires_known_member_id = version >= kFirstVersionWithKnownMembers;
  join.supports_skip_assignment = version >= kFirstVersionWithSkippedAssignment;
  return join;
}

JoinGroupResponse to_response(Request& request, coordinator::JoinResponse joined) {
  JoinGroupResponse response;
  response.error_code = to_wire(joined.error, request);
  response.generation_id = joined.generation_id;
  response.protocol_type = std::move(joined.protocol_type);
  response.protocol_name = std::move(joined.protocol_name);
  if (request.header.api_version < kFirstVersionWithNullableProtocol && !response.protocol_name) {
    response.protocol_name = "";
  }
  response.leader = std::move(joined.leader);
  response.skip_assignment = joined.skip_assignment;
  response.member_id = std::move(joined.member_id);
  for (auto& member : joined.members) {
    response.members.push_back({std::move(member.member_id), std::move(member.group_instance_id),
                                std::move(member.metadata)});
  }
  return response;
}

}  // namespace

Route join_group_route(coordinator::GroupCoordinator& groups) {
  const auto start = [&groups](const JoinGroupRequest& message, const Request& request,
                               std::function<void(coordinator::JoinResponse)> done) {
    groups.join(to_join(message, request), std::move(done));
  };
  const auto finish = [](const JoinGroupRequest&, Request& request,
                         coordinator::JoinResponse joined) {
    return to_response(request, std::move(joined));
  };
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kJoinGroup);
  route.long_poll = true;
  route.waiting = waiting_on<JoinGroupRequest, coordinator::JoinResponse>(start, finish);
  return route;
}

}  // namespace orloj::broker
