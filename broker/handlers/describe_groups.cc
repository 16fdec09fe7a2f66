#include "broker/handlers/describe_groups.h"

#include <set>
#include <utility>

#include "broker/answering.h"
#include "broker/handlers/group_wire.h"
#include "protocol/messages/describe_groups.h"

namespace orloj::broker {
namespace {

using coordinator::GroupError;
using protocol::DescribeGroupsResponse;

constexpr std::int16_t kFirstVersionWithNotFound = 6;

DescribeGroupsResponse::Group to_group(coordinator::DescribedGroup described, Request& request) {
  DescribeGroupsResponse::Group group;
  const bool missing = described.error == GroupError::kGroupIdNotFound;
  if (missing && request.header.api_version < kFirstVersionWithNotFound)
    described.error = GroupError::kNone;
  group.error_code = to_wire(described.error, request);
  if (described.error == GroupError::kGroupIdNotFound) {
    group.error_message = "Group " + described.group_id + " not found.";
  }
  group.group_id = std::move(described.group_id);
  group.group_state = std::string(to_string(described.state));
  group.protocol_type = std::move(described.protocol_type);
  group.protocol_data = std::move(described.protocol_name);
  for (auto& member : described.members) {
    group.members.push_back({std::move(member.member_id), std::move(member.group_instance_id),
                             std::move(member.client_id), std::move(member.client_host),
                             std::move(member.metadata), std::move(member.assignment)});
  }
  return group;
}

}  // namespace

Route describe_groups_route(const coordinator::GroupCoordinator& groups) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kDescribeGroups);
  route.answer = answering<protocol::DescribeGroupsRequest>(
      [&groups](const protocol::DescribeGroupsRequest& message, Request& request) {
        DescribeGroupsResponse response;
        std::set<std::string_view> named;
        for (const std::string_view group_id : message.groups) {
          if (!named.insert(group_id).second) continue;
          auto group = to_group(groups.describe(group_id), request);
          if (message.include_authorized_operations) group.authorized_operations = kGroupOperations;
          response.groups.push_back(std::move(group));
        }
        return response;
      });
  return route;
}

}  // namespace orloj::broker
