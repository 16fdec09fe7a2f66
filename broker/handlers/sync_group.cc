#include "broker/handlers/sync_group.h"

#include <utility>

#include "broker/handlers/group_wire.h"
#include "broker/waiting_on.h"
#include "protocol/messages/sync_group.h"

namespace orloj::broker {
namespace {

using protocol::SyncGroupRequest;
using protocol::SyncGroupResponse;

constexpr std::int16_t kFirstVersionWithProtocol = 5;

coordinator::SyncRequest to_sync(const SyncGroupRequest& message) {
  coordinator::SyncRequest sync;
  sync.group_id = message.group_id;
  sync.generation_id = message.generation_id;
  sync.member_id = message.member_id;
  sync.group_instance_id = to_text(message.group_instance_id);
  sync.protocol_type = to_text(message.protocol_type);
  sync.protocol_name = to_text(message.protocol_name);
  for (const auto& assigned : message.assignments) {
    sync.assignments.push_back({std::string(assigned.member_id), to_bytes(assigned.assignment)});
  }
  return sync;
}

bool lacks_protocol(const SyncGroupRequest& message, const Request& request) {
  return request.header.api_version >= kFirstVersionWithProtocol &&
         (!message.protocol_type || !message.protocol_name);
}

}  // namespace

Route sync_group_route(coordinator::GroupCoordinator& groups) {
  const auto start = [&groups](const SyncGroupRequest& message, const Request& request,
                               std::function<void(coordinator::SyncResponse)> done) {
    if (lacks_protocol(message, request)) {
      coordinator::SyncResponse refused;
      refused.error = coordinator::GroupError::kInconsistentGroupProtocol;
      done(std::move(refused));
    } else {
      groups.sync(to_sync(message), std::move(done));
    }
  };
  const auto finish = [](const SyncGroupRequest&, Request& request,
                         coordinator::SyncResponse synced) {
    SyncGroupResponse response;
    response.error_code = to_wire(synced.error, request);
    response.protocol_type = std::move(synced.protocol_type);
    response.protocol_name = std::move(synced.protocol_name);
    response.assignment = std::move(synced.assignment);
    return response;
  };
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kSyncGroup);
  route.long_poll = true;
  route.waiting = waiting_on<SyncGroupRequest, coordinator::SyncResponse>(start, finish);
  return route;
}

}  // namespace orloj::broker
