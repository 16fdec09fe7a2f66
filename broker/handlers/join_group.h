// JoinGroup (11), versions 0-9.
//
// Behaviour: classic groups; waits until the group's rebalance completes. v1: rebalance time-out
// (before: the session time-out). v4: a new member is told its id first (MEMBER_ID_REQUIRED). v5:
// static members. v6: flexible. v7: protocol type in the answer. v8: reason (read and dropped). v9:
// skip_assignment for a static leader. Deviations: none known.
#pragma once

#include "broker/route.h"
#include "coordinator/group_coordinator.h"

namespace orloj::broker {

Route join_group_route(coordinator::GroupCoordinator& groups);

}  // namespace orloj::broker
