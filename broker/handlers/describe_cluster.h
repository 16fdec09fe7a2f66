// DescribeCluster (60), versions 0-2.
//
// Behaviour: this broker, with the address of the listener that was asked, which is controller too.
// v1: endpoint type. v2: fenced brokers (there are none).
// Deviations: no separate controllers can be asked for: MISMATCHED_ENDPOINT_TYPE, as a Kafka broker
// answers.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route describe_cluster_route(const Identity& identity);

}  // namespace orloj::broker
