#include "log/partition_spec.h"

#include "log/data_directory.h"
#include "log/env/env.h"

namespace orloj::log {

TopicLogConfig schedule_log_config(const TopicLogConfig& topic) {
  TopicLogConfig config;
  config.durability = Durability::kSync;
  config.segment_bytes = topic.segment_bytes;
  config.retention_ms = -1;
  config.retention_bytes = -1;
  config.index_interval_bytes = topic.index_interval_bytes;
  config.cleanup_delete = false;
  return config;
}

SegmentedLog::Spec log_spec(const LogOptions& options, const PartitionSpec& partition,
                            LogKind kind) {
  SegmentedLog::Spec spec;
  spec.id = {partition.id.topic_id, partition.id.partition, kind};
  spec.directory = kind == LogKind::kData ? partition.directory
                                          : join_path(partition.directory, kScheduleDirectoryName);
  spec.config = kind == LogKind::kData ? partition.config : schedule_log_config(partition.config);
  spec.write_back_bytes = options.write_back_bytes;
  return spec;
}

}  // namespace orloj::log
