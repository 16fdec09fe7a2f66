#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "config/listeners.h"
#include "config/settings.h"

// The table. Settings that are defaults of topic configs are kept as text: the coordinator judges
// them.
namespace orloj::config {
namespace {

constexpr double kInt32Max = std::numeric_limits<std::int32_t>::max();
constexpr double kInt64Max = 9.2e18;
constexpr std::int64_t kMsPerMinute = 60'000;

std::optional<std::int32_t> positive_number(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<std::string> parse_node_id(Config& config, std::string_view text) {
  const auto value = positive_number(text);
  if (!value) return "not a whole number of 0 or more";
  config.broker.node_id = *value;
  config.log.node_id = *value;
  config.coordinator.node_id = *value;
  return std::nullopt;
}

std::string print_node_id(Config& config) {
  return std::to_string(config.broker.node_id);
}

std::optional<std::string> parse_offsets_retention(Config& config, std::string_view text) {
  const auto value = positive_number(text);
  if (!value || *value == 0) return "not a whole number of 1 or more";
  config.coordinator.groups.offsets_retention_ms = *value * kMsPerMinute;
  return std::nullopt;
}

std::string print_offsets_retention(Config& config) {
  return std::to_string(config.coordinator.groups.offsets_retention_ms / kMsPerMinute);
}

std::optional<std::string> parse_log_level(Config& config, std::string_view text) {
  for (const std::string_view level : {"debug", "info", "warning", "error"}) {
    if (text != level) continue;
    config.broker.log_level = std::string(text);
    return std::nullopt;
  }
  return fmt::format("\"{}\" is none of debug, info, warning, error", text);
}

std::string print_log_level(Config& config) {
  return config.broker.log_level;
}

constexpr Setting kTable[] = {
    {"log.dirs", "", "Directory of everything that is stored; one only.", 0, 0,
     +[](Config& c) { return &c.log.data_dir; }},
    {"node.id", "", "Id of this node in Metadata.", 0, kInt32Max,
     CustomField{parse_node_id, print_node_id}},
    {"broker.rack", "", "Rack that Metadata reports.", 0, 0,
     +[](Config& c) { return &c.broker.rack; }},
    {"listeners", "",
     "Named doors, NAME://host:port, comma-separated. Anything but loopback is warned about: "
     "there is no authentication yet.",
     0, 0, CustomField{parse_listeners, print_listeners}},
    {"advertised.listeners", "", "What clients of each listener are told to connect to.", 0, 0,
     CustomField{parse_advertised_listeners, print_advertised_listeners}},
    {"listener.security.protocol.map", "",
     "Protocol of each listener; PLAINTEXT is the only one so far.", 0, 0,
     CustomField{parse_protocol_map, print_protocol_map}},
    {"admin.address", "", "host:port of health and metrics; empty: none.", 0, 0,
     CustomField{parse_admin_address, print_admin_address}},
    {"log.level", "", "Least severe line of the operator's log: debug, info, warning or error.", 0,
     0, CustomField{parse_log_level, print_log_level}},
    {"num.network.threads", "", "Reactor threads; 0: one on up to two cores, else half the cores.",
     0, 256, +[](Config& c) { return &c.broker.net.reactor_threads; }},
    {"max.connections", "", "Connections of all clients together.", 1, 1000000,
     +[](Config& c) { return &c.broker.net.connections_max; }},
    {"max.connections.per.ip", "", "Connections from one address.", 1, 1000000,
     +[](Config& c) { return &c.broker.net.connections_per_ip_max; }},
    {"connections.max.idle.ms", "ms", "A connection without a request is closed after this.", 1000,
     kInt64Max, +[](Config& c) { return &c.broker.net.connection_idle_max_ms; }},
    {"socket.frame.deadline.ms", "ms", "A request that has begun must be complete by then.", 100,
     kInt64Max, +[](Config& c) { return &c.broker.net.frame_deadline_ms; }},
    {"socket.write.deadline.ms", "ms",
     "A client that takes no byte of its reply for so long is closed.", 100, kInt64Max,
     +[](Config& c) { return &c.broker.net.write_deadline_ms; }},
    {"socket.first.request.max.bytes", "bytes",
     "Largest request before the first valid one of a connection.", 1024, kInt32Max,
     +[](Config& c) { return &c.broker.net.first_frame_max_bytes; }},
    {"socket.request.max.bytes", "bytes", "Largest request.", 1024, kInt32Max,
     +[](Config& c) { return &c.broker.net.frame_max_bytes; }},
    {"queued.max.request.bytes", "bytes", "Memory of all requests in flight.", 1 << 20, kInt64Max,
     +[](Config& c) { return &c.broker.net.request_memory_max_bytes; }},
    {"connection.requests.in.flight.max", "requests",
     "Requests of one connection that may be in flight.", 1, 10000,
     +[](Config& c) { return &c.broker.net.requests_in_flight_max; }},
    {"socket.listen.backlog.size", "connections",
     "Connections that the system queues before they are accepted.", 1, 65535,
     +[](Config& c) { return &c.broker.net.listen_backlog; }},
    {"socket.send.buffer.bytes", "bytes",
     "Bytes that the system keeps for a client that does not read yet; -1: the system decides. "
     "Larger for clients far away.",
     -1, kInt32Max, +[](Config& c) { return &c.broker.net.send_buffer_bytes; }},
    {"sendfile.min.bytes", "bytes", "Shorter file ranges are read and gathered instead.", 0,
     kInt64Max, +[](Config& c) { return &c.broker.net.sendfile_min_bytes; }},
    {"auto.create.topics.enable", "", "Metadata for an unknown topic creates it.", 0, 0,
     +[](Config& c) { return &c.broker.auto_create_topics; }},
    {"delete.topic.enable", "", "DeleteTopics is allowed.", 0, 0,
     +[](Config& c) { return &c.broker.delete_topics; }},
    {"fetch.max.bytes", "bytes", "Most bytes of one Fetch answer.", 1024, kInt32Max,
     +[](Config& c) { return &c.broker.fetch_max_bytes; }},
    {"max.incremental.fetch.session.cache.slots", "sessions", "Fetch sessions kept (KIP-227).", 0,
     100000, +[](Config& c) { return &c.broker.fetch_sessions_max; }},
    {"shutdown.drain.ms", "ms", "After SIGTERM, requests in flight may take so long.", 0, 600000,
     +[](Config& c) { return &c.broker.drain_max_ms; }},
    {"num.partitions", "", "Partitions of a topic that does not say.", 1, 100000,
     +[](Config& c) { return &c.coordinator.num_partitions; }},
    {"default.replication.factor", "", "Replicas of a topic that does not say; one node has one.",
     1, 1, +[](Config& c) { return &c.coordinator.default_replication_factor; }},
    {"max.topics", "topics", "Topics of this broker.", 1, 10000000,
     +[](Config& c) { return &c.coordinator.topics_max; }},
    {"max.partitions", "partitions", "Partitions of all topics together.", 1, 10000000,
     +[](Config& c) { return &c.coordinator.partitions_max; }},
    {"log.journal.file.bytes", "bytes", "Size of one journal file.", 1 << 20, 1 << 30,
     +[](Config& c) { return &c.log.journal_file_bytes; }},
    {"log.journal.files.max", "files", "Journal files; beyond, appends wait for a checkpoint.", 2,
     1024, +[](Config& c) { return &c.log.journal_files_max; }},
    {"log.journal.pending.max.bytes", "bytes", "Bytes queued behind one sync of the journal.",
     1 << 20, kInt64Max, +[](Config& c) { return &c.log.journal_pending_max_bytes; }},
    {"log.checkpoint.interval.ms", "ms", "Segments are synced and the journal is freed so often.",
     100, kInt64Max, +[](Config& c) { return &c.log.checkpoint_interval_ms; }},
    {"log.write.back.bytes", "bytes", "Write-back of a segment is started every so often.", 4096,
     kInt64Max, +[](Config& c) { return &c.log.write_back_bytes; }},
    {"log.retention.check.interval.ms", "ms", "How often retention is looked at.", 1, kInt64Max,
     +[](Config& c) { return &c.log.retention_check_interval_ms; }},
    {"log.cleaner.backoff.ms", "ms", "How often compaction is looked at.", 1, kInt64Max,
     +[](Config& c) { return &c.log.compaction_check_interval_ms; }},
    {"log.segment.delete.delay.ms", "ms", "Deleted files are unlinked after this.", 0, kInt64Max,
     +[](Config& c) { return &c.log.file_delete_delay_ms; }},
    {"producer.id.expiration.ms", "ms",
     "State of an idempotent producer that is silent for so long is forgotten.", 1, kInt64Max,
     +[](Config& c) { return &c.log.producer_id_expiration_ms; }},
    {"producer.ids.per.partition.max", "producers",
     "Idempotent producers remembered by one partition.", 1, 10000000,
     +[](Config& c) { return &c.log.producers_per_partition_max; }},
    {"record.headers.max", "headers", "Headers of one record.", 1, 1000000,
     +[](Config& c) { return &c.log.record_headers_max; }},
    {"decompressed.batch.max.bytes", "bytes", "What one batch may inflate to.", 1024, 1 << 30,
     +[](Config& c) { return &c.log.decompressed_batch_max_bytes; }},
    {"log.disk.low.water.bytes", "bytes",
     "With less free space client appends are refused, everything else goes on.", 0, kInt64Max,
     +[](Config& c) { return &c.log.disk_low_water_bytes; }},
    {"offsets.topic.num.partitions", "", "Partitions of __consumer_offsets; fixed once it exists.",
     1, 1000, +[](Config& c) { return &c.coordinator.groups.offsets_topic_partitions; }},
    {"offsets.topic.segment.bytes", "bytes", "Segment size of __consumer_offsets.", 1 << 20,
     kInt32Max, +[](Config& c) { return &c.coordinator.groups.offsets_topic_segment_bytes; }},
    {"offsets.retention.minutes", "min", "Offsets of a group without members are kept so long.", 1,
     kInt32Max, CustomField{parse_offsets_retention, print_offsets_retention}},
    {"offsets.retention.check.interval.ms", "ms", "How often expired offsets are looked for.", 1,
     kInt64Max,
     +[](Config& c) { return &c.coordinator.groups.offsets_retention_check_interval_ms; }},
    {"offset.metadata.max.bytes", "bytes", "Metadata of one committed offset.", 0, 1 << 20,
     +[](Config& c) { return &c.coordinator.groups.offset_metadata_max_bytes; }},
    {"group.min.session.timeout.ms", "ms", "Least session time-out of a member.", 1, kInt32Max,
     +[](Config& c) { return &c.coordinator.groups.min_session_timeout_ms; }},
    {"group.max.session.timeout.ms", "ms", "Largest session time-out of a member.", 1, kInt32Max,
     +[](Config& c) { return &c.coordinator.groups.max_session_timeout_ms; }},
    {"group.initial.rebalance.delay.ms", "ms",
     "The first rebalance of an empty group waits so long for more members.", 0, kInt32Max,
     +[](Config& c) { return &c.coordinator.groups.initial_rebalance_delay_ms; }},
    {"group.max.size", "members", "Members of one group.", 1, kInt32Max,
     +[](Config& c) { return &c.coordinator.groups.members_max; }},
    {"groups.max", "groups", "Groups of this broker.", 1, kInt32Max,
     +[](Config& c) { return &c.coordinator.groups.groups_max; }},
    {"schedule.header.max.bytes", "bytes", "Value of one schedule header.", 64, 64 << 10,
     +[](Config& c) { return &c.scheduler.header_max_bytes; }},
    {"schedule.wheel.horizon.ms", "ms",
     "What is due sooner sits in the timing wheel, the rest on disk.", 1000, 86400000,
     +[](Config& c) { return &c.scheduler.wheel_horizon_ms; }},
    {"schedule.wheel.entries.max", "records",
     "Entries of the timing wheel; beyond, the horizon shrinks.", 1000, 1 << 30,
     +[](Config& c) { return &c.scheduler.wheel_entries_max; }},
    {"schedule.index.flush.entries", "records", "The due index is written after so many entries,",
     1, 10000000, +[](Config& c) { return &c.scheduler.index_flush_entries; }},
    {"schedule.index.flush.interval.ms", "ms", "or after so long.", 1, 600000,
     +[](Config& c) { return &c.scheduler.index_flush_interval_ms; }},
    {"schedule.fire.batch.records.max", "records", "Records of one fired batch.", 1, 1000000,
     +[](Config& c) { return &c.scheduler.fire_batch_records_max; }},
    {"schedule.fire.batch.bytes.max", "bytes", "Bytes of one fired batch (and max.message.bytes).",
     1024, 1 << 30, +[](Config& c) { return &c.scheduler.fire_batch_bytes_max; }},
    {"schedule.fire.rate.max.per.second", "records/s",
     "Overdue records of one topic drain at most so fast.", 1, kInt64Max,
     +[](Config& c) { return &c.scheduler.fire_rate_max_per_second; }},
    {"schedule.undurable.claims.max", "records",
     "Fired records whose DONE still waits for stable storage.", 1, kInt32Max,
     +[](Config& c) { return &c.scheduler.undurable_claims_max; }},
    {"schedule.clock.step.max.ms", "ms",
     "A forward step of the wall clock over this pauses firing.", 1, kInt64Max,
     +[](Config& c) { return &c.scheduler.clock_step_max_ms; }},
    {"schedule.clock.settle.ms", "ms", "Firing goes on when the clock was stable for so long.", 0,
     kInt64Max, +[](Config& c) { return &c.scheduler.clock_settle_ms; }},
    {"log.segment.bytes", "bytes", "Size at which a segment is rolled.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "1073741824"}},
    {"log.roll.hours", "h", "Age at which a segment is rolled.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "168"}},
    {"log.roll.ms", "ms", "The same in milliseconds; wins over log.roll.hours.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, ""}},
    {"log.roll.jitter.hours", "h",
     "Kafka: random part taken off log.roll.hours. Without effect here.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "0"}},
    {"log.roll.jitter.ms", "ms", "Kafka: the same in milliseconds. Without effect here.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, ""}},
    {"log.retention.hours", "h", "Age at which a closed segment is deleted; -1: never.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "168"}},
    {"log.retention.minutes", "min", "The same in minutes; wins over log.retention.hours.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, ""}},
    {"log.retention.ms", "ms", "The same in milliseconds; wins over both.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, ""}},
    {"log.retention.bytes", "bytes",
     "Size of a partition above which old segments are deleted; -1: no limit.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "-1"}},
    {"log.cleanup.policy", "", "delete, compact or both.", 0, 0,
     TopicDefault{TopicDefault::Kind::kText, "delete"}},
    {"log.cleaner.delete.retention.ms", "ms", "Compaction keeps a tombstone at least so long.", 0,
     0, TopicDefault{TopicDefault::Kind::kInteger, "86400000"}},
    {"log.cleaner.min.cleanable.ratio", "", "Share of dirty bytes at which a log is compacted.", 0,
     0, TopicDefault{TopicDefault::Kind::kText, "0.5"}},
    {"log.cleaner.min.compaction.lag.ms", "ms",
     "Kafka: least age of a record that is compacted. Without effect here.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "0"}},
    {"log.cleaner.max.compaction.lag.ms", "ms",
     "Kafka: longest that a record stays uncompacted. Without effect here.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "9223372036854775807"}},
    {"log.index.interval.bytes", "bytes", "Bytes of log between two index entries.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "4096"}},
    {"log.index.size.max.bytes", "bytes",
     "Kafka: preallocated size of an index file. Without effect here.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "10485760"}},
    {"log.preallocate", "", "Kafka: reserve the disk space of a new segment. Without effect here.",
     0, 0, TopicDefault{TopicDefault::Kind::kBoolean, "false"}},
    {"log.flush.interval.messages", "records",
     "Async topics: records after which the log is synced; who sends the last of them is answered "
     "behind the sync.",
     0, 0, TopicDefault{TopicDefault::Kind::kInteger, "9223372036854775807"}},
    {"log.flush.interval.ms", "ms", "Async topics: time after which the log is synced.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, ""}},
    {"log.message.timestamp.type", "", "CreateTime or LogAppendTime.", 0, 0,
     TopicDefault{TopicDefault::Kind::kText, "CreateTime"}},
    {"log.message.timestamp.before.max.ms", "ms",
     "How far a client's timestamp may lie in the past.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "9223372036854775807"}},
    {"log.message.timestamp.after.max.ms", "ms",
     "How far a client's timestamp may lie in the future.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "3600000"}},
    {"log.local.retention.ms", "ms", "Kafka: local life of tiered segments. Without effect here.",
     0, 0, TopicDefault{TopicDefault::Kind::kInteger, "-2"}},
    {"log.local.retention.bytes", "bytes",
     "Kafka: local size of tiered segments. Without effect here.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "-2"}},
    {"message.max.bytes", "bytes", "Largest batch.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "1048588"}},
    {"compression.type", "", "Codec of fired batches; producer: uncompressed.", 0, 0,
     TopicDefault{TopicDefault::Kind::kText, "producer"}},
    {"compression.gzip.level", "",
     "Kafka: gzip level when the broker compresses. Without effect here.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "-1"}},
    {"compression.lz4.level", "",
     "Kafka: lz4 level when the broker compresses. Without effect here.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "9"}},
    {"compression.zstd.level", "",
     "Kafka: zstd level when the broker compresses. Without effect here.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "3"}},
    {"min.insync.replicas", "", "Replicas that acks=all waits for; one node has one.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "1"}},
    {"unclean.leader.election.enable", "",
     "Kafka: let a replica lead that misses records. Without effect here.", 0, 0,
     TopicDefault{TopicDefault::Kind::kBoolean, "false"}},
    {"durability", "",
     "sync: acks=all means on stable storage; async: in the page cache, as Kafka.", 0, 0,
     TopicDefault{TopicDefault::Kind::kText, "sync"}},
    {"schedule.enable", "", "schedule-… headers act.", 0, 0,
     TopicDefault{TopicDefault::Kind::kBoolean, "true"}},
    {"schedule.unknown.headers", "", "refuse or pass schedule-… headers that are not known.", 0, 0,
     TopicDefault{TopicDefault::Kind::kText, "refuse"}},
    {"schedule.timestamp", "", "Timestamp of a fired record: fired or due.", 0, 0,
     TopicDefault{TopicDefault::Kind::kText, "fired"}},
    {"schedule.max.delay.ms", "ms", "Farthest due time.", 0, 0,
     TopicDefault{TopicDefault::Kind::kInteger, "9223372036854775807"}},
    {"schedule.dead.letter.topic", "",
     "Where records will go that cannot be delivered. Without effect yet.", 0, 0,
     TopicDefault{TopicDefault::Kind::kText, "schedule-dead-letter"}},
};
}  // namespace

std::span<const Setting> settings() {
  return kTable;
}

}  // namespace orloj::config
