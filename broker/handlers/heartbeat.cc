#include "broker/handlers/heartbeat.h"

#include "broker/answering.h"
#include "broker/handlers/group_wire.h"
#include "protocol/messages/heartbeat.h"

namespace orloj::broker {

Route heartbeat_route(coordinator::GroupCoordinator& groups) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kHeartbeat);
  route.answer = answering<protocol::HeartbeatRequest>(
      [&groups](const protocol::HeartbeatRequest& message, Request& request) {
        coordinator::HeartbeatRequest beat;
        beat.group_id = message.group_id;
        beat.generation_id = message.generation_id;
        beat.member_id = message.member_id;
        beat.group_instance_id = to_text(message.group_instance_id);
        protocol::HeartbeatResponse response;
        response.error_code = to_wire(groups.heartbeat(beat), request);
        return response;
      });
  return route;
}

}  // namespace orloj::broker
