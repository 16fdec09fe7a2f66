// OffsetFetch (9), versions 1-10.
//
// Behaviour: committed offsets that are durable; -1 where nothing was committed. v2: all topics
// (null), an error for the whole answer. v3: throttle time. v5: leader epoch. v6: flexible. v7:
// require_stable (always so here: there are no transactions). v8: several groups. v9: member fields
// (classic groups do not check them, as in Kafka). v10: topics by id, UNKNOWN_TOPIC_ID. Deviations:
// none known.
#pragma once

#include "broker/route.h"
#include "coordinator/catalog.h"
#include "coordinator/group_coordinator.h"

namespace orloj::broker {

Route offset_fetch_route(const coordinator::GroupCoordinator& groups,
                         const coordinator::Catalog& catalog);

}  // namespace orloj::broker
