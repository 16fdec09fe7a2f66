// Heartbeat (12), versions 0-4.
//
// Behaviour: keeps a member of a classic group alive and tells it of a rebalance. v1: throttle
// time. v3: static members. v4: flexible. Deviations: none known.
#pragma once

#include "broker/route.h"
#include "coordinator/group_coordinator.h"

namespace orloj::broker {

Route heartbeat_route(coordinator::GroupCoordinator& groups);

}  // namespace orloj::broker
