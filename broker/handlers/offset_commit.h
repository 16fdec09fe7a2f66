// OffsetCommit (8), versions 2-10.
//
// Behaviour: stores offsets durably before it answers; topics that do not exist and partitions
// beyond the count get UNKNOWN_TOPIC_OR_PARTITION, the rest of the request goes on. Generation -1
// with an empty member id is a consumer that manages itself. v5: retention is the broker's. v6:
// leader epoch. v7: static members. v8: flexible. v9: nothing that shows here (KIP-848 groups are
// not offered). v10: topics by id, UNKNOWN_TOPIC_ID. Deviations: none known.
#pragma once

#include "broker/route.h"
#include "coordinator/catalog.h"
#include "coordinator/group_coordinator.h"

namespace orloj::broker {

Route offset_commit_route(coordinator::GroupCoordinator& groups,
                          const coordinator::Catalog& catalog);

}  // namespace orloj::broker
