// The place and the config of each log of a partition, for whoever opens or makes one.
#pragma once

#include "log/options.h"
#include "log/partition.h"
#include "log/segmented_log.h"

namespace orloj::log {

// What of a topic's config acts on its schedule log: always sync, kept until the scheduler drops
// its head, never compacted.
TopicLogConfig schedule_log_config(const TopicLogConfig& topic);

SegmentedLog::Spec log_spec(const LogOptions& options, const PartitionSpec& partition,
                            LogKind kind);

}  // namespace orloj::log
