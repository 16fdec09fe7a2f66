// DescribeGroups (15), versions 0-6.
//
// Behaviour: classic groups from the live coordinator. v1: throttle time. v3: authorized operations
// (all of them: nobody is restricted). v4: static members. v5: flexible. v6: GROUP_ID_NOT_FOUND
// with a message; before, such a group is described as Dead. Deviations: none known.
#pragma once

#include "broker/route.h"
#include "coordinator/group_coordinator.h"

namespace orloj::broker {

Route describe_groups_route(const coordinator::GroupCoordinator& groups);

}  // namespace orloj::broker
