// The rows of coordinator/topic_config.h, sorted by name. Defaults are those of Kafka 4.3.
#include <algorithm>

#include "coordinator/topic_config.h"

namespace orloj::coordinator {
namespace {

using Keys = std::vector<TopicConfigKey>;
constexpr auto kStored = ConfigEffect::kStoredOnly;
constexpr auto kOurs = ConfigOrigin::kOrloj;
constexpr auto kRetired = ConfigOrigin::kKafkaRetired;
constexpr std::int64_t kIntMax = INT32_MAX;
constexpr std::string_view kLongMaxText = "9223372036854775807";
constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 3'600'000;

void add_retention(Keys& keys) {
  keys.push_back({.name = "cleanup.policy",
                  .type = ConfigType::kList,
                  .default_value = "delete",
                  .synonyms = {{"log.cleanup.policy"}},
                  .allowed = {"delete", "compact"},
                  .documentation = "What happens to old records: \"delete\" drops them by age and "
                                   "size, \"compact\" keeps the last one of each key; both may be "
                                   "given. Pending schedules are never dropped by either."});
  keys.push_back({.name = "delete.retention.ms",
                  .type = ConfigType::kLong,
                  .default_value = "86400000",
                  .synonyms = {{"log.cleaner.delete.retention.ms"}},
                  .min = 0,
                  .documentation = "How long a tombstone outlives the compaction of its key."});
  keys.push_back({.name = "retention.bytes",
                  .type = ConfigType::kLong,
                  .default_value = "-1",
                  .synonyms = {{"log.retention.bytes"}},
                  .documentation = "Oldest segments go once a partition is larger than this; -1: "
                                   "no bound."});
  keys.push_back({.name = "retention.ms",
                  .type = ConfigType::kLong,
                  .default_value = "604800000",
                  .synonyms = {{"log.retention.ms"},
                               {"log.retention.minutes", kMinuteMs},
                               {"log.retention.hours", kHourMs}},
                  .min = -1,
                  .documentation = "Segments go once their newest record is older than this; -1: "
                                   "no bound. A fired record counts from its firing."});
  keys.push_back(
      {.name = "min.cleanable.dirty.ratio",
       .type = ConfigType::kDouble,
       .default_value = "0.5",
       .synonyms = {{"log.cleaner.min.cleanable.ratio"}},
       .documentation = "Compaction starts when this part of the log is not compacted."});
  keys.push_back({.name = "min.compaction.lag.ms",
                  .type = ConfigType::kLong,
                  .default_value = "0",
                  .synonyms = {{"log.cleaner.min.compaction.lag.ms"}},
                  .min = 0,
                  .effect = kStored,
                  .documentation = "Kafka: the least age at which a record may be compacted."});
  keys.push_back({.name = "max.compaction.lag.ms",
                  .type = ConfigType::kLong,
                  .default_value = kLongMaxText,
                  .synonyms = {{"log.cleaner.max.compaction.lag.ms"}},
                  .min = 1,
                  .effect = kStored,
                  .documentation = "Kafka: the longest that a record may stay uncompacted."});
}

void add_segments(Keys& keys) {
  keys.push_back({.name = "segment.bytes",
                  .type = ConfigType::kInt,
                  .default_value = "1073741824",
                  .synonyms = {{"log.segment.bytes"}},
                  .min = 1 << 20,
                  .max = kIntMax,
                  .documentation = "Size at which a partition goes on to its next segment file."});
  keys.push_back({.name = "segment.ms",
                  .type = ConfigType::kLong,
                  .default_value = "604800000",
                  .synonyms = {{"log.roll.ms"}, {"log.roll.hours", kHourMs}},
                  .min = 1,
                  .documentation = "Age at which a partition goes on to its next segment file."});
  keys.push_back({.name = "segment.jitter.ms",
                  .type = ConfigType::kLong,
                  .default_value = "0",
                  .synonyms = {{"log.roll.jitter.ms"}, {"log.roll.jitter.hours", kHourMs}},
                  .min = 0,
                  .effect = kStored,
                  .documentation = "Kafka: random part taken off segment.ms."});
  keys.push_back({.name = "segment.index.bytes",
                  .type = ConfigType::kInt,
                  .default_value = "10485760",
                  .synonyms = {{"log.index.size.max.bytes"}},
                  .min = 4,
                  .max = kIntMax,
                  .effect = kStored,
                  .documentation = "Kafka: preallocated size of an index file. Ours grow."});
  keys.push_back({.name = "index.interval.bytes",
                  .type = ConfigType::kInt,
                  .default_value = "4096",
                  .synonyms = {{"log.index.interval.bytes"}},
                  .min = 0,
                  .max = kIntMax,
                  .documentation = "Bytes of log between two entries of the offset index."});
  keys.push_back({.name = "file.delete.delay.ms",
                  .type = ConfigType::kLong,
                  .default_value = "60000",
                  .synonyms = {{"log.segment.delete.delay.ms"}},
                  .min = 0,
                  .effect = kStored,
                  .documentation = "Kafka: time between the removal of a segment and its unlink. "
                                   "Here one broker setting rules all topics."});
  keys.push_back({.name = "preallocate",
                  .type = ConfigType::kBoolean,
                  .default_value = "false",
                  .synonyms = {{"log.preallocate"}},
                  .effect = kStored,
                  .documentation = "Kafka: reserve the disk space of a new segment."});
}

void add_records(Keys& keys) {
  keys.push_back({.name = "max.message.bytes",
                  .type = ConfigType::kInt,
                  .default_value = "1048588",
                  .synonyms = {{"message.max.bytes"}},
                  .min = 0,
                  .max = kIntMax,
                  .documentation = "Largest record batch that is accepted, as sent."});
  keys.push_back({.name = "message.timestamp.type",
                  .default_value = "CreateTime",
                  .synonyms = {{"log.message.timestamp.type"}},
                  .allowed = {"CreateTime", "LogAppendTime"},
                  .documentation = "Whose time a record carries: the producer's or the broker's at "
                                   "the append."});
  keys.push_back({.name = "message.timestamp.before.max.ms",
                  .type = ConfigType::kLong,
                  .default_value = kLongMaxText,
                  .synonyms = {{"log.message.timestamp.before.max.ms"}},
                  .min = 0,
                  .documentation = "How far a producer's timestamp may lie in the past."});
  keys.push_back({.name = "message.timestamp.after.max.ms",
                  .type = ConfigType::kLong,
                  .default_value = "3600000",
                  .synonyms = {{"log.message.timestamp.after.max.ms"}},
                  .min = 0,
                  .documentation = "How far a producer's timestamp may lie in the future."});
  keys.push_back({.name = "compression.type",
                  .default_value = "producer",
                  .synonyms = {{"compression.type"}},
                  .allowed = {"uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"},
                  .documentation = "Codec of the batches that fired schedules are written in. What "
                                   "clients send is kept as they compressed it."});
  keys.push_back({.name = "compression.gzip.level",
                  .type = ConfigType::kInt,
                  .default_value = "-1",
                  .synonyms = {{"compression.gzip.level"}},
                  .min = -1,
                  .max = 9,
                  .effect = kStored,
                  .documentation = "Kafka: gzip level when the broker compresses."});
  keys.push_back({.name = "compression.lz4.level",
                  .type = ConfigType::kInt,
                  .default_value = "9",
                  .synonyms = {{"compression.lz4.level"}},
                  .min = 1,
                  .max = 17,
                  .effect = kStored,
                  .documentation = "Kafka: lz4 level when the broker compresses."});
  keys.push_back({.name = "compression.zstd.level",
                  .type = ConfigType::kInt,
                  .default_value = "3",
                  .synonyms = {{"compression.zstd.level"}},
                  .min = -131072,
                  .max = 22,
                  .effect = kStored,
                  .documentation = "Kafka: zstd level when the broker compresses."});
}

void add_safety(Keys& keys) {
  keys.push_back({.name = "min.insync.replicas",
                  .type = ConfigType::kInt,
                  .default_value = "1",
                  .synonyms = {{"min.insync.replicas"}},
                  .min = 1,
                  .max = kIntMax,
                  .documentation = "Replicas that must hold a record before acks=all answers. On a "
                                   "single node only 1 is accepted."});
  keys.push_back({.name = "unclean.leader.election.enable",
                  .type = ConfigType::kBoolean,
                  .default_value = "false",
                  .synonyms = {{"unclean.leader.election.enable"}},
                  .effect = kStored,
                  .documentation = "Kafka: let a replica lead that misses acknowledged records. "
                                   "Never done here."});
  keys.push_back({.name = "flush.messages",
                  .type = ConfigType::kLong,
                  .default_value = kLongMaxText,
                  .synonyms = {{"log.flush.interval.messages"}},
                  .min = 1,
                  .documentation = "With durability=async: sync after so many records; who sends "
                                   "the last of them is answered behind the sync. With "
                                   "durability=sync every record is durable anyway."});
  keys.push_back({.name = "flush.ms",
                  .type = ConfigType::kLong,
                  .default_value = kLongMaxText,
                  .synonyms = {{"log.flush.interval.ms"}},
                  .min = 0,
                  .documentation = "With durability=async: sync after so long. With "
                                   "durability=sync every record is durable anyway."});
  for (const std::string_view name :
       {"leader.replication.throttled.replicas", "follower.replication.throttled.replicas"}) {
    keys.push_back({.name = name,
                    .type = ConfigType::kList,
                    .effect = kStored,
                    .documentation = "Kafka: replicas whose replication traffic is throttled."});
  }
}

void add_remote(Keys& keys) {
  keys.push_back({.name = "remote.storage.enable",
                  .type = ConfigType::kBoolean,
                  .default_value = "false",
                  .effect = kStored,
                  .documentation = "Kafka: tiered storage. There is none here; true is refused."});
  keys.push_back({.name = "remote.copy.disable",
                  .type = ConfigType::kBoolean,
                  .default_value = "false",
                  .effect = kStored,
                  .documentation = "Kafka: stop copying to tiered storage."});
  keys.push_back({.name = "remote.log.delete.on.disable",
                  .type = ConfigType::kBoolean,
                  .default_value = "false",
                  .effect = kStored,
                  .documentation = "Kafka: delete tiered data when tiering is turned off."});
  keys.push_back({.name = "local.retention.ms",
                  .type = ConfigType::kLong,
                  .default_value = "-2",
                  .synonyms = {{"log.local.retention.ms"}},
                  .min = -2,
                  .effect = kStored,
                  .documentation = "Kafka: local life of tiered segments."});
  keys.push_back({.name = "local.retention.bytes",
                  .type = ConfigType::kLong,
                  .default_value = "-2",
                  .synonyms = {{"log.local.retention.bytes"}},
                  .min = -2,
                  .effect = kStored,
                  .documentation = "Kafka: local size of tiered segments."});
  keys.push_back({.name = "message.downconversion.enable",
                  .type = ConfigType::kBoolean,
                  .default_value = "true",
                  .effect = kStored,
                  .origin = kRetired,
                  .documentation = "Kafka before 4.0: convert batches for very old consumers."});
}

void add_ours(Keys& keys) {
  keys.push_back({.name = "durability",
                  .default_value = "sync",
                  .synonyms = {{"durability"}},
                  .allowed = {"sync", "async"},
                  .origin = kOurs,
                  .documentation = "sync: acks=all waits for stable storage and readers see only "
                                   "what is durable. async: page cache, as in Kafka. Pending "
                                   "schedules are always durable."});
  keys.push_back({.name = "schedule.enable",
                  .type = ConfigType::kBoolean,
                  .default_value = "true",
                  .synonyms = {{"schedule.enable"}},
                  .origin = kOurs,
                  .documentation = "Whether schedule-… headers act on this topic."});
  keys.push_back({.name = "schedule.unknown.headers",
                  .default_value = "refuse",
                  .synonyms = {{"schedule.unknown.headers"}},
                  .allowed = {"refuse", "pass"},
                  .origin = kOurs,
                  .documentation = "What happens to a record with an unknown schedule-… header: "
                                   "refused, or stored as if the header meant nothing."});
  keys.push_back({.name = "schedule.timestamp",
                  .default_value = "fired",
                  .synonyms = {{"schedule.timestamp"}},
                  .allowed = {"fired", "due"},
                  .origin = kOurs,
                  .documentation = "Timestamp of a fired record: the instant it was appended, or "
                                   "the instant it was due."});
  keys.push_back({.name = "schedule.max.delay.ms",
                  .type = ConfigType::kLong,
                  .default_value = kLongMaxText,
                  .synonyms = {{"schedule.max.delay.ms"}},
                  .min = 0,
                  .origin = kOurs,
                  .documentation = "How far ahead a record may be scheduled."});
  keys.push_back({.name = "schedule.dead.letter.topic",
                  .default_value = "schedule-dead-letter",
                  .synonyms = {{"schedule.dead.letter.topic"}},
                  .effect = kStored,
                  .origin = kOurs,
                  .documentation = "Where scheduled records will go that cannot be delivered. A "
                                   "record always can be delivered to its own partition, the "
                                   "only target yet."});
}

Keys make_keys() {
  Keys keys;
  add_retention(keys);
  add_segments(keys);
  add_records(keys);
  add_safety(keys);
  add_remote(keys);
  add_ours(keys);
  std::ranges::sort(keys, {}, &TopicConfigKey::name);
  return keys;
}

}  // namespace

std::span<const TopicConfigKey> topic_config_keys() {
  static const Keys keys = make_keys();
  return keys;
}

const TopicConfigKey* find_topic_config_key(std::string_view name) {
  const auto keys = topic_config_keys();
  const auto found = std::ranges::lower_bound(keys, name, {}, &TopicConfigKey::name);
  return found != keys.end() && found->name == name ? &*found : nullptr;
}

}  // namespace orloj::coordinator
