#include "broker/handlers/leave_group.h"

#include <utility>

#include "broker/handlers/group_wire.h"
#include "broker/waiting_on.h"
#include "protocol/messages/leave_group.h"

namespace orloj::broker {
namespace {

using protocol::LeaveGroupRequest;
using protocol::LeaveGroupResponse;

constexpr std::int16_t kFirstVersionWithMembers = 3;

coordinator::LeaveRequest to_leave(const LeaveGroupRequest& message, const Request& request) {
  coordinator::LeaveRequest leave;
  leave.group_id = message.group_id;
  if (request.header.api_version < kFirstVersionWithMembers) {
    leave.members.push_back({std::string(message.member_id), std::nullopt});
  }
  for (const auto& member : message.members) {
    leave.members.push_back({std::string(member.member_id), to_text(member.group_instance_id)});
  }
  return leave;
}

LeaveGroupResponse to_response(Request& request, coordinator::LeaveResponse left) {
  LeaveGroupResponse response;
  response.error_code = to_wire(left.error, request);
  if (request.header.api_version < kFirstVersionWithMembers) {
    const bool only_member = left.error == coordinator::GroupError::kNone && !left.members.empty();
    if (only_member) response.error_code = to_wire(left.members.front().error, request);
    return response;
  }
  for (auto& member : left.members) {
    response.members.push_back({std::move(member.member_id), std::move(member.group_instance_id),
                                to_wire(member.error, request)});
  }
  return response;
}

}  // namespace

Route leave_group_route(coordinator::GroupCoordinator& groups) {
  const auto start = [&groups](const LeaveGroupRequest& message, const Request& request,
                               std::function<void(coordinator::LeaveResponse)> done) {
    groups.leave(to_leave(message, request), std::move(done));
  };
  const auto finish = [](const LeaveGroupRequest&, Request& request,
                         coordinator::LeaveResponse left) {
    return to_response(request, std::move(left));
  };
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kLeaveGroup);
  route.waiting = waiting_on<LeaveGroupRequest, coordinator::LeaveResponse>(start, finish);
  return route;
}

}  // namespace orloj::broker
