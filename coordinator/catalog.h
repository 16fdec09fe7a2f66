// Topics and their settings, kept in the metadata store. The one place that says what exists and
// who leads.
//
// Thread-safe. Reads come from an immutable snapshot and never touch the store; writes are durable
// before they return.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/error.h"
#include "coordinator/metadata_store.h"
#include "coordinator/options.h"
#include "coordinator/topic.h"
#include "coordinator/topic_config_changes.h"
#include "log/env/env.h"
#include "log/log_store.h"
#include "log/types.h"

namespace orloj::coordinator {

struct NewTopic {
  std::string name;
  std::int32_t partitions = -1;  // -1: num.partitions
  std::int16_t replication_factor =
      -1;  // -1: default.replication.factor; 1 is the only size on one node
  std::map<std::string, std::string> configs{};
  bool internal = false;
};

// Immutable; handlers hold one for the length of a request.
struct CatalogSnapshot {
  std::map<std::string, std::shared_ptr<const Topic>, std::less<>> by_name;
  std::map<log::TopicId, std::shared_ptr<const Topic>> by_id;
};

class Catalog {
 public:
  static Result<std::unique_ptr<Catalog>> open(log::Env& env, MetadataStore& store,
                                               CoordinatorOptions options);
  virtual ~Catalog() = default;

  virtual std::shared_ptr<const CatalogSnapshot> snapshot() const = 0;
  virtual std::shared_ptr<const Topic> find(std::string_view name) const = 0;
  virtual std::shared_ptr<const Topic> find(const log::TopicId& id) const = 0;

  // Checks everything and makes the Topic (id, reserved producer ids) without storing it:
  // CreateTopics' validate-only.
  virtual Result<Topic> plan(const NewTopic& topic) const = 0;
  // Plans, calls `make_directories` (LogStore::create_topic), then commits to the store
  // (log-protocol §3: create).
  virtual Result<std::shared_ptr<const Topic>> create(
      const NewTopic& topic, const std::function<Status(const Topic&)>& make_directories) = 0;
  // The same two for more partitions of a topic that exists, `partitions` in all: kUnknownTopic,
  // kInternalTopic, kInvalidPartitions. What exists stays as it is, ids of the partitions and homes
  // of schedules too; only the directories that are missing are to be made.
  virtual Result<Topic> plan_growth(std::string_view name, std::int32_t partitions) const = 0;
  virtual Result<std::shared_ptr<const Topic>> grow(
      std::string_view name, std::int32_t partitions,
      const std::function<Status(const Topic&)>& make_directories) = 0;
  // Writes the tombstone and removes the topic in one transaction; the caller then calls
  // LogStore::delete_topic.
  virtual Status remove(const log::TopicId& id) = 0;
  // Which of them it holds no more; the others are offered again.
  virtual std::vector<log::TopicId> forget_tombstones(
      const std::vector<log::TopicId>& released) = 0;
  // The topic with its configs changed, checked as those of a new topic are, not stored:
  // kUnknownTopic, kInvalidConfig. What the broker needs of its own topics stays as it is.
  virtual Result<Topic> plan_configs(std::string_view name, const ConfigChanges& changes) const = 0;
  // Plans, then commits to the store; the caller then makes the logs and the scheduler follow.
  virtual Result<std::shared_ptr<const Topic>> alter_configs(std::string_view name,
                                                             const ConfigChanges& changes) = 0;

  // What LogStore::open needs.
  virtual log::CatalogFacts log_facts() const = 0;
  // The node that leads a partition; on one node: this one.
  virtual std::int32_t leader_of(const log::PartitionId& id) const = 0;
};

}  // namespace orloj::coordinator
