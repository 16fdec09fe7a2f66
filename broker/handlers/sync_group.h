// SyncGroup (14), versions 0-5.
//
// Behaviour: the leader brings every member's assignment, each member waits for its own; answered
// once the assignments are durable. v1: throttle time. v3: static members. v4: flexible. v5:
// protocol type and name, which must be those of the group. Deviations: none known.
#pragma once

#include "broker/route.h"
#include "coordinator/group_coordinator.h"

namespace orloj::broker {

Route sync_group_route(coordinator::GroupCoordinator& groups);

}  // namespace orloj::broker
