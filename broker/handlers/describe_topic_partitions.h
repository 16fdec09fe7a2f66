// DescribeTopicPartitions (75), version 0.
//
// Behaviour: topics in order of their names, cut after the smaller of the request's and the
// broker's limit of partitions; the cursor of the answer says where the next page begins.
// Deviations: eligible leader replicas are always empty: one node keeps none.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route describe_topic_partitions_route(const BrokerOptions& options, const Identity& identity,
                                      const Topics& topics);

}  // namespace orloj::broker
