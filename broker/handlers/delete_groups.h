// DeleteGroups (42), versions 0-2.
//
// Behaviour: each group stands for itself; its metadata and committed offsets go, durably before
// the answer, by tombstones in __consumer_offsets. A group with members stays (NON_EMPTY_GROUP). A
// group that is named twice is answered once. v2: flexible.
// Deviations: a group that only ever committed offsets is forgotten with the last of them, so it is
// GROUP_ID_NOT_FOUND after OffsetDelete; Kafka remembers it until its next restart or expiry. While
// __consumer_offsets does not exist yet: COORDINATOR_LOAD_IN_PROGRESS, where Kafka says
// NOT_COORDINATOR; clients try again after both.
#pragma once

#include "broker/route.h"
#include "coordinator/group_coordinator.h"

namespace orloj::broker {

Route delete_groups_route(coordinator::GroupCoordinator& groups);

}  // namespace orloj::broker
