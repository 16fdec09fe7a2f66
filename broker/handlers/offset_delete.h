// OffsetDelete (47), version 0.
//
// Behaviour: forgets committed offsets of some partitions, durably before the answer. Topics that
// members subscribe to are spared (GROUP_SUBSCRIBED_TO_TOPIC), all of them while a subscription is
// not known; a group of another protocol type must be empty. What the catalogue does not know is
// UNKNOWN_TOPIC_OR_PARTITION; what is not committed is deleted with success. When the whole request
// fails no topics are told.
// Deviations: none known.
#pragma once

#include "broker/route.h"
#include "coordinator/catalog.h"
#include "coordinator/group_coordinator.h"

namespace orloj::broker {

Route offset_delete_route(coordinator::GroupCoordinator& groups,
                          const coordinator::Catalog& catalog);

}  // namespace orloj::broker
