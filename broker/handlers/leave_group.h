// LeaveGroup (13), versions 0-5.
//
// Behaviour: members leave a classic group at once. v1: throttle time. v3: several members, static
// ones by instance id, with a result each. v4: flexible. v5: reason (read and dropped). Deviations:
// none known.
#pragma once

#include "broker/route.h"
#include "coordinator/group_coordinator.h"

namespace orloj::broker {

Route leave_group_route(coordinator::GroupCoordinator& groups);

}  // namespace orloj::broker
