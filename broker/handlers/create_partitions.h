// CreatePartitions (37), versions 0-3.
//
// Behaviour: each topic stands for itself; the count is how many partitions it has in the end.
// Assignments, if given, are one a new partition and name this broker alone. The new partitions are
// durable before the answer; records, schedules and the homes of schedule ids stay where they are.
// validate_only checks all the same. Of a name twice in one request nothing is done
// (INVALID_REQUEST). v2: flexible. v3: quota errors (none here).
// Deviations: internal topics are refused (INVALID_TOPIC_EXCEPTION); Kafka lets __consumer_offsets
// grow, which parts groups from their offsets. Beyond a limit: INVALID_PARTITIONS that names the
// limit, where Kafka answers UNKNOWN_SERVER_ERROR.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route create_partitions_route(const Identity& identity, Topics& topics, BlockingPool& blocking);

}  // namespace orloj::broker
