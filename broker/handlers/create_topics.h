// CreateTopics (19), versions 2-7.
//
// Behaviour: each topic stands for itself. -1 partitions or replicas take the broker's defaults.
// With assignments both counts must be -1, partitions must be 0 … n-1, and each must name this
// broker alone. validate_only checks and says what would be. v4: -1 as default. v5: flexible;
// partitions, replicas and configs in the answer. v6: quota errors (none here). v7: topic ids.
// Deviations: replication factor 1 is the only one on one node. A name twice in one request is
// refused as in Kafka.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route create_topics_route(const Identity& identity, Topics& topics, BlockingPool& blocking);

}  // namespace orloj::broker
