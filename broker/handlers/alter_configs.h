// AlterConfigs (33), versions 0-2; IncrementalAlterConfigs (44), versions 0-1.
//
// Behaviour: each resource stands for itself; a resource or a config twice in one request is
// refused (INVALID_REQUEST), as is a null value. AlterConfigs replaces: what it does not name goes
// back to its default. IncrementalAlterConfigs sets, deletes, and appends to or subtracts from
// lists. The change is durable before it acts, and acts before the answer, on every partition: acks
// that are waited for then follow the new durability. validate_only checks all the same. A topic
// that becomes compacted loses records without a key when it is cleaned, as in Kafka; pending
// schedules without a key still fire. 33 v2 and 44 v1: flexible.
// Deviations: only topics can be changed; brokers, loggers, client metrics and groups are refused
// (INVALID_REQUEST). An internal topic keeps its cleanup.policy and durability (INVALID_CONFIG). A
// list that is not set begins with the value in force, in Kafka with Kafka's default. An empty
// cleanup.policy is refused; in Kafka it means that nothing is ever cleaned. An unknown operation:
// INVALID_REQUEST, where Kafka answers UNKNOWN_SERVER_ERROR.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route alter_configs_route(Topics& topics, BlockingPool& blocking);
Route incremental_alter_configs_route(Topics& topics, BlockingPool& blocking);

}  // namespace orloj::broker
