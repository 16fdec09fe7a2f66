// ListGroups (16), versions 0-5.
//
// Behaviour: groups of this node from the live coordinator. v1: throttle time. v3: flexible. v4:
// states, in the answer and as a filter. v5: types likewise; every group here is "classic".
// Deviations: none known.
#pragma once

#include "broker/route.h"
#include "coordinator/group_coordinator.h"

namespace orloj::broker {

Route list_groups_route(const coordinator::GroupCoordinator& groups);

}  // namespace orloj::broker
