#include "broker/handlers/list_groups.h"

#include <utility>

#include "broker/answering.h"
#include "broker/handlers/group_wire.h"
#include "protocol/messages/list_groups.h"

namespace orloj::broker {

Route list_groups_route(const coordinator::GroupCoordinator& groups) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kListGroups);
  route.answer = answering<protocol::ListGroupsRequest>(
      [&groups](const protocol::ListGroupsRequest& message, Request& request) {
        coordinator::ListGroupsRequest filter;
        filter.states.assign(message.states_filter.begin(), message.states_filter.end());
        filter.types.assign(message.types_filter.begin(), message.types_filter.end());
        auto listed = groups.list(filter);
        protocol::ListGroupsResponse response;
        response.error_code = to_wire(listed.error, request);
        for (auto& group : listed.groups) {
          response.groups.push_back({std::move(group.group_id), std::move(group.protocol_type),
                                     std::string(to_string(group.state)), "classic"});
        }
        return response;
      });
  return route;
}

}  // namespace orloj::broker
