// DeleteTopics (20), versions 1-6.
//
// Behaviour: each topic stands for itself; its records, schedules and committed offsets go with it.
// Internal topics stay. v3: TOPIC_DELETION_DISABLED instead of INVALID_REQUEST. v4: flexible. v5:
// error messages. v6: by name or by id, ids in the answer. Deviations: none known.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route delete_topics_route(const BrokerOptions& options, Topics& topics,
                          coordinator::GroupCoordinator& groups, BlockingPool& blocking);

}  // namespace orloj::broker
