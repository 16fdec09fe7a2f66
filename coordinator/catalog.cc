#include "coordinator/catalog.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <set>
#include <utility>

#include "coordinator/codec.h"
#include "coordinator/topic_codec.h"
#include "coordinator/topic_config.h"
#include "coordinator/topic_name.h"

namespace orloj::coordinator {
namespace {

// Each topic owns this many reserved producer ids, one a partition.
constexpr int kReservedIdBits = 20;
constexpr std::int64_t kReservedIdsPerTopic = std::int64_t{1} << kReservedIdBits;
// Topics that can ever be created: beyond, reserved producer ids would overflow.
constexpr std::int64_t kTopicsEverMax = (std::int64_t{1} << (62 - kReservedIdBits)) - 1;

// What internal topics hold is the broker's own, and must outlive cleaning and power cuts.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kPinnedConfigs = {{
    {"cleanup.policy", "compact"},
    {"durability", "sync"},
}};

using TopicPtr = std::shared_ptr<const Topic>;

Error error(ErrorCode code, std::string message) {
  return Error{code, std::move(message)};
}

Status check_pinned(const Topic& topic) {
  if (!topic.internal) return {};
  for (const auto& [name, value] : kPinnedConfigs) {
    const auto set = topic.configs.find(std::string(name));
    if (set != topic.configs.end() && set->second == value) continue;
    return error(ErrorCode::kInvalidConfig,
                 std::string(name) + "=" +
                     (set == topic.configs.end() ? std::string("(default)") : set->second) + ": " +
                     topic.name +
                     " is internal, and what the broker keeps there would be "
                     "lost; it stays " +
                     std::string(name) + "=" + std::string(value));
  }
  return {};
}

class StoredCatalog : public Catalog {
 public:
  StoredCatalog(log::Env& env, MetadataStore& store, CoordinatorOptions options)
      : env_(env), store_(store), options_(std::move(options)) {}

  Status load();

  std::shared_ptr<const CatalogSnapshot> snapshot() const override {
    const std::lock_guard lock(snapshot_mutex_);
    return snapshot_;
  }
  TopicPtr find(std::string_view name) const override {
    const auto now = snapshot();
    const auto found = now->by_name.find(name);
    return found == now->by_name.end() ? nullptr : found->second;
  }
  TopicPtr find(const log::TopicId& id) const override {
    const auto now = snapshot();
    const auto found = now->by_id.find(id);
    return found == now->by_id.end() ? nullptr : found->second;
  }

  Result<Topic> plan(const NewTopic& topic) const override;
  Result<TopicPtr> create(const NewTopic& topic,
                          const std::function<Status(const Topic&)>& make_directories) override;
  Result<Topic> plan_growth(std::string_view name, std::int32_t partitions) const override;
  Result<TopicPtr> grow(std::string_view name, std::int32_t partitions,
                        const std::function<Status(const Topic&)>& make_directories) override;
  Status remove(const log::TopicId& id) override;
  std::vector<log::TopicId> forget_tombstones(const std::vector<log::TopicId>& released) override;
  Result<Topic> plan_configs(std::string_view name, const ConfigChanges& changes) const override;
  Result<TopicPtr> alter_configs(std::string_view name, const ConfigChanges& changes) override;
  log::CatalogFacts log_facts() const override;
  std::int32_t leader_of(const log::PartitionId&) const override { return options_.node_id; }

 private:
  Status load_topics();
  Status load_tombstones();
  Status load_sequence();
  Status check_collisions(const NewTopic& topic) const;
  Status check_limits(const std::string& topic, std::int32_t partitions,
                      std::int32_t additional) const;
  Status check_configs(const std::map<std::string, std::string>& configs) const;
  log::TopicId new_id(const CatalogSnapshot& known) const;
  std::int64_t next_sequence() const;
  void publish(const std::function<void(CatalogSnapshot&)>& change);
  // The commit of a topic that was changed; returns it with its new revision.
  Result<TopicPtr> rewrite(Topic topic);

  log::Env& env_;
  MetadataStore& store_;
  const CoordinatorOptions options_;

  std::mutex write_mutex_;  // one change at a time; held across the store's sync
  mutable std::mutex snapshot_mutex_;
  std::shared_ptr<const CatalogSnapshot> snapshot_ = std::make_shared<CatalogSnapshot>();
  mutable std::mutex facts_mutex_;  // guards the two below
  std::set<log::TopicId> tombstones_;
  std::int64_t sequence_ = 0;
  Revision sequence_revision_ = 0;
};

Status StoredCatalog::load() {
  if (Status loaded = load_sequence(); !loaded) return loaded;
  if (Status loaded = load_tombstones(); !loaded) return loaded;
  return load_topics();
}

Status StoredCatalog::load_sequence() {
  const auto stored = store_.get(kTopicSequenceKey);
  if (!stored) return stored.error();
  if (!*stored) return {};
  Reader reader((*stored)->value);
  sequence_ = reader.integer<std::int64_t>();
  sequence_revision_ = (*stored)->revision;
  if (reader.ok() && reader.at_end() && sequence_ >= 0) return {};
  return error(ErrorCode::kCorrupt,
               "metadata key topic-sequence cannot be decoded; restore the "
               "metadata directory from a snapshot");
}

Status StoredCatalog::load_tombstones() {
  const auto stored =
      store_.range({std::string(kTombstonePrefix), end_of_prefix(kTombstonePrefix), 0});
  if (!stored) return stored.error();
  for (const auto& entry : stored->entries) {
    const auto id = decode_topic_id(entry.key, entry.value);
    if (!id) return id.error();
    tombstones_.insert(*id);
  }
  return {};
}

Status StoredCatalog::load_topics() {
  const auto stored = store_.range({std::string(kTopicPrefix), end_of_prefix(kTopicPrefix), 0});
  if (!stored) return stored.error();
  auto loaded = std::make_shared<CatalogSnapshot>();
  for (const auto& entry : stored->entries) {
    auto topic = decode_topic(entry.key, entry.value);
    if (!topic) return topic.error();
    topic->revision = entry.revision;
    auto shared = std::make_shared<const Topic>(std::move(*topic));
    loaded->by_id.emplace(shared->id, shared);
    if (!loaded->by_name.emplace(shared->name, shared).second) {
      return error(ErrorCode::kCorrupt, "two topics are named " + shared->name +
                                            " in the metadata store; restore it from a snapshot");
    }
  }
  const std::lock_guard lock(snapshot_mutex_);
  snapshot_ = std::move(loaded);
  return {};
}

// The broker's own topics are made all the same: nothing works without them.
Status StoredCatalog::check_collisions(const NewTopic& topic) const {
  if (topic.internal || topic.name.find_first_of("._") == std::string::npos) return {};
  const auto now = snapshot();
  for (const auto& [name, other] : now->by_name) {
    if (topic_names_collide(name, topic.name)) {
      return error(ErrorCode::kInvalidTopicName,
                   "Topic '" + topic.name + "' collides with existing topic: " + name);
    }
  }
  return {};
}

// Whether a topic may have so many partitions, `additional` of them not counted yet.
Status StoredCatalog::check_limits(const std::string& topic, std::int32_t partitions,
                                   std::int32_t additional) const {
  const std::int64_t most =
      std::min<std::int64_t>(options_.partitions_per_topic_max, kReservedIdsPerTopic);
  if (partitions > most) {
    return error(ErrorCode::kInvalidPartitions,
                 "topic " + topic + ": " + std::to_string(partitions) +
                     " partitions; partitions_per_topic_max is " + std::to_string(most));
  }
  std::int64_t total = additional;
  for (const auto& [name, other] : snapshot()->by_name) total += other->partition_count;
  if (total > options_.partitions_max) {
    return error(ErrorCode::kInvalidPartitions, "topic " + topic + " would make " +
                                                    std::to_string(total) +
                                                    " partitions in all; partitions_max is " +
                                                    std::to_string(options_.partitions_max));
  }
  return {};
}

Status StoredCatalog::check_configs(const std::map<std::string, std::string>& configs) const {
  if (Status valid = validate_topic_configs(configs); !valid) return valid;
  std::size_t bytes = 0;
  for (const auto& [name, value] : configs) bytes += name.size() + value.size();
  if (bytes > static_cast<std::size_t>(options_.topic_configs_max_bytes)) {
    return error(ErrorCode::kInvalidConfig, "the configs of a topic have " + std::to_string(bytes) +
                                                " bytes; topic_configs_max_bytes is " +
                                                std::to_string(options_.topic_configs_max_bytes));
  }
  return {};
}

log::TopicId StoredCatalog::new_id(const CatalogSnapshot& known) const {
  for (;;) {
    log::TopicId id;
    env_.random().fill(std::as_writable_bytes(std::span(id.bytes)));
    id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x40);  // UUID version 4
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
    // A leading '-' would read as an option on a command line.
    if (id.to_string().front() != '-' && !known.by_id.contains(id)) return id;
  }
}

std::int64_t StoredCatalog::next_sequence() const {
  const std::lock_guard lock(facts_mutex_);
  return sequence_;
}

Result<Topic> StoredCatalog::plan(const NewTopic& wanted) const {
  if (Status named = check_topic_name(wanted.name); !named) return named.error();
  if (find(wanted.name) != nullptr) {
    return error(ErrorCode::kTopicExists, "Topic '" + wanted.name + "' already exists.");
  }
  if (Status apart = check_collisions(wanted); !apart) return apart.error();
  const std::int32_t partitions =
      wanted.partitions == -1 ? options_.num_partitions : wanted.partitions;
  if (partitions <= 0) {
    return error(ErrorCode::kInvalidPartitions,
                 "topic " + wanted.name + ": the number of partitions must be larger than 0, not " +
                     std::to_string(partitions));
  }
  if (Status within = check_limits(wanted.name, partitions, partitions); !within) {
    return within.error();
  }
  if (static_cast<std::int64_t>(snapshot()->by_name.size()) >= options_.topics_max) {
    return error(ErrorCode::kTooLarge,
                 "topic " + wanted.name + ": topics_max is " + std::to_string(options_.topics_max));
  }
  const std::int16_t replicas = wanted.replication_factor == -1
                                    ? options_.default_replication_factor
                                    : wanted.replication_factor;
  if (replicas != 1) {
    return error(ErrorCode::kInvalidReplicationFactor,
                 "topic " + wanted.name + ": replication factor " + std::to_string(replicas) +
                     " is not possible with 1 broker; use 1 or -1");
  }
  if (Status valid = check_configs(wanted.configs); !valid) return valid.error();
  const std::int64_t sequence = next_sequence();
  if (sequence > kTopicsEverMax) {
    return error(ErrorCode::kTooLarge, "no reserved producer ids are left for topic " +
                                           wanted.name + ": kTopicsEverMax is " +
                                           std::to_string(kTopicsEverMax));
  }
  Topic topic;
  topic.id = new_id(*snapshot());
  topic.name = wanted.name;
  topic.partition_count = partitions;
  topic.partitions_at_creation = partitions;
  topic.first_reserved_producer_id = log::kFirstReservedProducerId + (sequence << kReservedIdBits);
  topic.internal = wanted.internal;
  topic.configs = wanted.configs;
  return topic;
}

Result<TopicPtr> StoredCatalog::create(
    const NewTopic& wanted, const std::function<Status(const Topic&)>& make_directories) {
  const std::lock_guard write_lock(write_mutex_);
  auto topic = plan(wanted);
  if (!topic) return topic.error();
  if (Status made = make_directories(*topic); !made) return made.error();
  const std::int64_t sequence = next_sequence();
  Transaction commit;
  commit.compares = {{topic_name_key(topic->name), 0},
                     {topic_key(topic->id), 0},
                     {std::string(kTopicSequenceKey), sequence_revision_}};
  commit.writes = {
      {topic_name_key(topic->name), encode_topic_id(topic->id)},
      {topic_key(topic->id), encode_topic(*topic)},
      {std::string(kTopicSequenceKey), Writer().integer(sequence + 1).take()},
  };
  const auto revision = store_.commit(commit);
  if (!revision) return revision.error();
  {
    const std::lock_guard lock(facts_mutex_);
    sequence_ = sequence + 1;
    sequence_revision_ = *revision;
  }
  topic->revision = *revision;
  const auto shared = std::make_shared<const Topic>(std::move(*topic));
  publish([&](CatalogSnapshot& next) {
    next.by_name.emplace(shared->name, shared);
    next.by_id.emplace(shared->id, shared);
  });
  return shared;
}

Result<Topic> StoredCatalog::plan_growth(std::string_view name, std::int32_t partitions) const {
  const TopicPtr topic = find(name);
  if (topic == nullptr) {
    return error(ErrorCode::kUnknownTopic, "topic " + std::string(name) + " does not exist");
  }
  if (topic->internal) {
    return error(ErrorCode::kInternalTopic,
                 "topic " + topic->name + " is internal: its partitions stay as they are");
  }
  const std::int32_t current = topic->partition_count;
  if (partitions == current) {
    return error(ErrorCode::kInvalidPartitions,
                 "Topic already has " + std::to_string(current) + " partition(s).");
  }
  if (partitions < current) {
    return error(ErrorCode::kInvalidPartitions,
                 "The topic " + topic->name + " currently has " + std::to_string(current) +
                     " partition(s); " + std::to_string(partitions) + " would not be an increase.");
  }
  if (Status within = check_limits(topic->name, partitions, partitions - current); !within) {
    return within.error();
  }
  Topic grown = *topic;
  grown.partition_count = partitions;
  return grown;
}

Result<TopicPtr> StoredCatalog::grow(std::string_view name, std::int32_t partitions,
                                     const std::function<Status(const Topic&)>& make_directories) {
  const std::lock_guard write_lock(write_mutex_);
  auto grown = plan_growth(name, partitions);
  if (!grown) return grown.error();
  if (Status made = make_directories(*grown); !made) return made.error();
  return rewrite(*std::move(grown));
}

Status StoredCatalog::remove(const log::TopicId& id) {
  const std::lock_guard write_lock(write_mutex_);
  const TopicPtr topic = find(id);
  if (topic == nullptr) {
    return error(ErrorCode::kUnknownTopic, "topic id " + id.to_string() + " is not known");
  }
  if (topic->internal) {
    return error(ErrorCode::kInternalTopic,
                 "topic " + topic->name + " is internal and cannot be deleted");
  }
  Transaction commit;
  commit.compares = {{topic_key(id), topic->revision}};
  commit.writes = {{topic_key(id), std::nullopt},
                   {topic_name_key(topic->name), std::nullopt},
                   {tombstone_key(id), encode_topic_id(id)}};
  if (const auto revision = store_.commit(commit); !revision) return revision.error();
  {
    const std::lock_guard lock(facts_mutex_);
    tombstones_.insert(id);
  }
  publish([&](CatalogSnapshot& next) {
    next.by_name.erase(topic->name);
    next.by_id.erase(id);
  });
  return {};
}

std::vector<log::TopicId> StoredCatalog::forget_tombstones(
    const std::vector<log::TopicId>& released) {
  const std::lock_guard write_lock(write_mutex_);
  std::vector<log::TopicId> forgotten;
  const auto most = static_cast<std::size_t>(options_.transaction_keys_max);
  std::size_t next = 0;
  while (next < released.size()) {
    Transaction commit;
    std::vector<log::TopicId> these;
    for (; next < released.size() && these.size() < most; ++next) {
      these.push_back(released[next]);
      if (!tombstones_.contains(released[next])) continue;
      commit.writes.push_back({tombstone_key(released[next]), std::nullopt});
    }
    // Kept tombstones cost a little space and are offered for release again.
    if (!commit.writes.empty() && !store_.commit(commit)) break;
    const std::lock_guard lock(facts_mutex_);
    for (const log::TopicId& id : these) tombstones_.erase(id);
    forgotten.insert(forgotten.end(), these.begin(), these.end());
  }
  return forgotten;
}

Result<TopicPtr> StoredCatalog::rewrite(Topic topic) {
  Transaction commit;
  commit.compares = {{topic_key(topic.id), topic.revision}};
  commit.writes = {{topic_key(topic.id), encode_topic(topic)}};
  const auto revision = store_.commit(commit);
  if (!revision) return revision.error();
  topic.revision = *revision;
  const auto shared = std::make_shared<const Topic>(std::move(topic));
  publish([&](CatalogSnapshot& next) {
    next.by_name.insert_or_assign(shared->name, shared);
    next.by_id.insert_or_assign(shared->id, shared);
  });
  return shared;
}

Result<Topic> StoredCatalog::plan_configs(std::string_view name,
                                          const ConfigChanges& changes) const {
  const TopicPtr topic = find(name);
  if (topic == nullptr) {
    if (Status named = check_topic_name(name); !named) return named.error();
    return error(ErrorCode::kUnknownTopic, "The topic '" + std::string(name) + "' does not exist.");
  }
  auto configs = changed_configs(topic->configs, changes, options_.topic_defaults);
  if (!configs) return configs.error();
  if (Status valid = check_configs(*configs); !valid) return valid.error();
  Topic changed = *topic;
  changed.configs = *std::move(configs);
  if (Status kept = check_pinned(changed); !kept) return kept.error();
  return changed;
}

Result<TopicPtr> StoredCatalog::alter_configs(std::string_view name, const ConfigChanges& changes) {
  const std::lock_guard write_lock(write_mutex_);
  auto changed = plan_configs(name, changes);
  if (!changed) return changed.error();
  TopicPtr topic = find(name);
  if (changed->configs == topic->configs) return topic;
  return rewrite(*std::move(changed));
}

log::CatalogFacts StoredCatalog::log_facts() const {
  log::CatalogFacts facts;
  const auto now = snapshot();
  for (const auto& [id, topic] : now->by_id) {
    facts.topics.push_back({id, topic->name, topic->partition_count,
                            to_log_config(topic->configs, options_.topic_defaults)});
  }
  const std::lock_guard lock(facts_mutex_);
  facts.tombstones.assign(tombstones_.begin(), tombstones_.end());
  return facts;
}

void StoredCatalog::publish(const std::function<void(CatalogSnapshot&)>& change) {
  auto next = std::make_shared<CatalogSnapshot>(*snapshot());
  change(*next);
  const std::lock_guard lock(snapshot_mutex_);
  snapshot_ = std::move(next);
}

}  // namespace

Result<std::unique_ptr<Catalog>> Catalog::open(log::Env& env, MetadataStore& store,
                                               CoordinatorOptions options) {
  if (Status valid = validate_broker_settings(options.topic_defaults); !valid) {
    return valid.error();
  }
  auto catalog = std::make_unique<StoredCatalog>(env, store, std::move(options));
  if (Status loaded = catalog->load(); !loaded) return loaded.error();
  return std::unique_ptr<Catalog>(std::move(catalog));
}

}  // namespace orloj::coordinator
