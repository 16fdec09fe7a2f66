// DescribeLogDirs (35), versions 1-5.
//
// Behaviour: the one data directory with the partitions that are asked for, or with all of them for
// a null list; what does not exist is left out. The size of a partition is that of its data log and
// its schedule log together, without indexes. Nothing ever lags or moves here: offset lag 0, no
// future copy. v2: flexible. v3: error of the whole request. v4: size and free bytes of the volume.
// v5: cordoned directories (never).
// Deviations: Kafka has no schedule logs to count.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route describe_log_dirs_route(const log::LogOptions& options, const Topics& topics,
                              BlockingPool& blocking);

}  // namespace orloj::broker
