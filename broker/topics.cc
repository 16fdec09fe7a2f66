#include "broker/topics.h"

#include <algorithm>
#include <array>

#include "broker/error_map.h"
#include "coordinator/group_coordinator.h"

namespace orloj::broker {

using coordinator::Topic;

std::function<coordinator::Status(const Topic&)> Topics::make_logs(Logs& made) const {
  return [this, &made](const Topic& planned) -> coordinator::Status {
    log::KnownTopic known;
    known.topic_id = planned.id;
    known.name = planned.name;
    known.partition_count = planned.partition_count;
    known.config = coordinator::to_log_config(planned.configs, parts_.defaults);
    auto logs = parts_.store.create_topic(known);
    if (!logs) {
      return coordinator::Error{coordinator::ErrorCode::kLog, logs.error().message};
    }
    made = std::move(*logs);
    return {};
  };
}

coordinator::Status Topics::attach(const Topic& topic, const Logs& logs) const {
  if (topic.internal) return {};
  const auto config = schedule_config(topic);
  for (const auto& partition : logs) {
    const auto attached = parts_.scheduler.attach(partition, *config);
    if (!attached) {
      return coordinator::Error{coordinator::ErrorCode::kLog, attached.error().message};
    }
  }
  return {};
}

coordinator::Result<std::shared_ptr<const Topic>> Topics::create(
    const coordinator::NewTopic& topic) {
  const std::lock_guard lock(change_mutex_);
  Logs logs;
  auto created = parts_.catalog.create(topic, make_logs(logs));
  if (!created) {
    if (is_fatal(created.error().code)) parts_.fatal(created.error().message);
    return created;
  }
  if (const auto attached = attach(**created, logs); !attached) return attached.error();
  return created;
}

coordinator::Status Topics::grow(std::string_view name, std::int32_t partitions) {
  const std::lock_guard lock(change_mutex_);
  Logs logs;
  const auto grown = parts_.catalog.grow(name, partitions, make_logs(logs));
  if (!grown) {
    if (is_fatal(grown.error().code)) parts_.fatal(grown.error().message);
    return grown.error();
  }
  return attach(**grown, logs);  // those that had been there are attached already
}

coordinator::Status Topics::alter_configs(std::string_view name,
                                          const coordinator::ConfigChanges& changes) {
  const std::lock_guard lock(change_mutex_);
  const auto altered = parts_.catalog.alter_configs(name, changes);
  if (!altered) {
    if (is_fatal(altered.error().code)) parts_.fatal(altered.error().message);
    return altered.error();
  }
  const Topic& topic = **altered;
  parts_.store.set_config(topic.id, coordinator::to_log_config(topic.configs, parts_.defaults));
  parts_.scheduler.configure(topic.id, *schedule_config(topic));
  return {};
}

coordinator::Status Topics::remove(const log::TopicId& id) {
  const std::lock_guard lock(change_mutex_);
  const auto removed = parts_.catalog.remove(id);
  if (!removed) {
    if (is_fatal(removed.error().code)) parts_.fatal(removed.error().message);
    return removed;
  }
  parts_.scheduler.detach(id);
  {
    const std::lock_guard config_lock(config_mutex_);
    configs_.erase(id);
  }
  const auto deleted = parts_.store.delete_topic(id);
  if (!deleted) {
    return coordinator::Error{coordinator::ErrorCode::kLog, deleted.error().message};
  }
  return {};
}

std::shared_ptr<const scheduler::TopicScheduleConfig> Topics::schedule_config(
    const Topic& topic) const {
  const std::lock_guard lock(config_mutex_);
  const auto cached = configs_.find(topic.id);
  if (cached != configs_.end() && cached->second.revision == topic.revision) {
    return cached->second.config;
  }
  const auto settings = coordinator::to_schedule_settings(topic.configs, parts_.defaults);
  auto config = std::make_shared<scheduler::TopicScheduleConfig>();
  config->topic = topic.name;
  config->enable = settings.enable && !topic.internal;
  config->internal = topic.internal;
  config->compacted = settings.compacted;
  config->unknown_headers = settings.unknown_headers == coordinator::UnknownScheduleHeaders::kPass
                                ? scheduler::UnknownHeaders::kPass
                                : scheduler::UnknownHeaders::kRefuse;
  config->timestamp = settings.timestamp == coordinator::ScheduleTimestamp::kDue
                          ? scheduler::FiredTimestamp::kDue
                          : scheduler::FiredTimestamp::kFired;
  config->max_delay_ms = settings.max_delay_ms;
  config->compression_type = settings.compression_type;
  config->dead_letter_topic = settings.dead_letter_topic;
  config->first_reserved_producer_id = topic.first_reserved_producer_id;
  // remove() takes a topic out of the catalogue before it takes the config out of here.
  if (parts_.catalog.find(topic.id) != nullptr) configs_[topic.id] = {topic.revision, config};
  return config;
}

std::shared_ptr<log::Partition> Topics::partition(const Topic& topic, std::int32_t index) const {
  if (index < 0 || index >= topic.partition_count) return nullptr;
  return parts_.store.find({topic.id, index});
}

bool is_reserved_topic_name(std::string_view name) {
  static constexpr std::array<std::string_view, 3> kNames = {coordinator::kOffsetsTopic,
                                                             "__transaction_state", "__schedules"};
  return std::ranges::find(kNames, name) != kNames.end();
}

}  // namespace orloj::broker
