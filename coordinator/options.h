// Every limit and knob of the coordinator room, with its unit in its name. Plain data: the config
// room fills it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace orloj::coordinator {

// Broker settings that are defaults of topic configs, under the broker's own names and in the text
// they were given ("log.retention.hours": "168"). Unset ones are absent. The names are those of
// coordinator/topic_config.h; broker_setting_faults() checks them.
using BrokerTopicSettings = std::map<std::string, std::string, std::less<>>;

// Consumer groups. Names and defaults are Kafka's.
struct GroupOptions {
  std::int32_t offsets_topic_partitions = 50;                  // offsets.topic.num.partitions
  std::int64_t offsets_topic_segment_bytes = 100 << 20;        // offsets.topic.segment.bytes
  std::int64_t offsets_retention_ms = 7LL * 24 * 3600 * 1000;  // offsets.retention.minutes
  std::int64_t offsets_retention_check_interval_ms = 600'000;  // ….check.interval.ms
  std::int32_t offset_metadata_max_bytes = 4096;               // offset.metadata.max.bytes
  std::int32_t min_session_timeout_ms = 6'000;                 // group.min.session.timeout.ms
  std::int32_t max_session_timeout_ms = 1'800'000;             // group.max.session.timeout.ms
  std::int32_t new_member_join_timeout_ms = 300'000;  // a first JoinGroup waits at most so long
  std::int32_t initial_rebalance_delay_ms = 3'000;    // group.initial.rebalance.delay.ms
  std::int32_t members_max = 1'000;                   // group.max.size
  std::int32_t groups_max = 100'000;                  // per broker
  // Client id, instance id, protocol type and names: what becomes part of stored records.
  std::int32_t member_text_max_bytes = 4'096;
  std::int32_t group_id_max_bytes = 1'024;
  std::int32_t member_protocols_max = 64;            // assignors that one member may offer
  std::int32_t member_metadata_max_bytes = 1 << 20;  // all protocols of one member together
  std::int32_t assignment_max_bytes = 1 << 20;       // of one member
  std::int32_t offsets_per_group_max = 200'000;
  std::int32_t record_batch_max_bytes = 8 << 20;  // one batch of the offsets topic
  std::int32_t pending_members_max = 10'000;      // ids given, JoinGroup not repeated yet
};

struct CoordinatorOptions {
  std::string metadata_dir;                     // of the embedded metadata store
  std::int32_t node_id = 1;                     // node.id
  std::int32_t num_partitions = 1;              // num.partitions
  std::int16_t default_replication_factor = 1;  // default.replication.factor
  std::int32_t partitions_per_topic_max = 100'000;
  std::int32_t partitions_max = 200'000;  // of all topics together
  std::int32_t topics_max = 100'000;
  std::int32_t topic_configs_max_bytes = 64 << 10;
  std::int32_t watch_history_events_max = 10'000;  // a watch may start so far back
  std::int32_t transaction_keys_max = 1'000;       // compares and writes of one metadata write
  std::int64_t metadata_value_max_bytes = 1 << 20;
  std::int64_t producer_id_block = 1'000;  // ids claimed by one metadata write
  BrokerTopicSettings topic_defaults;
  GroupOptions groups;
};

}  // namespace orloj::coordinator
