// A topic across the rooms: the catalogue says that it exists, the store keeps its logs, the
// scheduler looks after its schedules. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "coordinator/catalog.h"
#include "coordinator/topic_config.h"
#include "log/log_store.h"
#include "scheduler/scheduler.h"

namespace orloj::broker {

class Topics {
 public:
  // `fatal`: the metadata store failed; the process must stop. All must outlive it.
  struct Parts {
    coordinator::Catalog& catalog;
    log::LogStore& store;
    scheduler::Scheduler& scheduler;
    const coordinator::BrokerTopicSettings& defaults;
    std::function<void(const std::string&)> fatal;
  };
  explicit Topics(Parts parts) : parts_(std::move(parts)) {}

  const coordinator::Catalog& catalog() const { return parts_.catalog; }
  const coordinator::BrokerTopicSettings& defaults() const { return parts_.defaults; }

  // Blocking. kTopicExists and the errors of Catalog::plan.
  coordinator::Result<std::shared_ptr<const coordinator::Topic>> create(
      const coordinator::NewTopic& topic);
  // Blocking. Adds partitions, up to `partitions` in all; the errors of Catalog::plan_growth.
  coordinator::Status grow(std::string_view name, std::int32_t partitions);
  // Blocking. Stored first; then what is appended, acknowledged, kept and fired follows the new
  // configs, without a restart. The errors of Catalog::plan_configs.
  coordinator::Status alter_configs(std::string_view name,
                                    const coordinator::ConfigChanges& changes);
  // Blocking. The topic's records, schedules and directories go. kUnknownTopic.
  coordinator::Status remove(const log::TopicId& id);

  // How the scheduler treats the topic's records. Made once for each revision of the topic; kept
  // until the topic is removed.
  std::shared_ptr<const scheduler::TopicScheduleConfig> schedule_config(
      const coordinator::Topic& topic) const;

  // Null when the topic was deleted meanwhile or has no such partition.
  std::shared_ptr<log::Partition> partition(const coordinator::Topic& topic,
                                            std::int32_t index) const;

 private:
  struct CachedConfig {
    std::int64_t revision = 0;
    std::shared_ptr<const scheduler::TopicScheduleConfig> config;
  };

  using Logs = std::vector<std::shared_ptr<log::Partition>>;

  // What the catalogue calls before it commits: makes the logs that a planned topic lacks.
  std::function<coordinator::Status(const coordinator::Topic&)> make_logs(Logs& made) const;
  coordinator::Status attach(const coordinator::Topic& topic, const Logs& logs) const;

  Parts parts_;
  std::mutex change_mutex_;  // one creation, change or removal at a time
  mutable std::mutex config_mutex_;
  mutable std::map<log::TopicId, CachedConfig> configs_;
};

// Internal topics are made by the broker itself; clients neither create nor write them.
bool is_reserved_topic_name(std::string_view name);

}  // namespace orloj::broker
