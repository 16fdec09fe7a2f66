#include "coordinator/topic_config_changes.h"

#include <algorithm>

namespace orloj::coordinator {
namespace {

std::string_view kafka_name(ConfigOperation operation) {
  return operation == ConfigOperation::kAppend ? "APPEND" : "SUBTRACT";
}

std::string joined(const std::vector<std::string_view>& items) {
  std::string text;
  for (const auto item : items) text.append(text.empty() ? "" : ",").append(item);
  return text;
}

Result<std::string> changed_list(const ConfigChange& change, const TopicConfigs& current,
                                 const BrokerTopicSettings& broker) {
  const TopicConfigKey* key = find_topic_config_key(change.name);
  if (key == nullptr || key->type != ConfigType::kList) {
    return Error{ErrorCode::kInvalidConfig, "Can't " + std::string(kafka_name(change.operation)) +
                                                " to key " + change.name +
                                                " because its type is not LIST."};
  }
  const auto given = config_list_items(change.value);
  if (given.empty() && change.operation == ConfigOperation::kAppend) {
    return Error{ErrorCode::kInvalidConfig,
                 "Configuration '" + change.name + "' values must not be empty."};
  }
  const std::string before = topic_config_value(change.name, current, broker);
  std::vector<std::string_view> items = config_list_items(before);
  for (const auto item : given) {
    const auto found = std::ranges::find(items, item);
    if (change.operation == ConfigOperation::kSubtract) {
      if (found != items.end()) items.erase(found);
    } else if (found == items.end()) {
      items.push_back(item);
    }
  }
  return joined(items);
}

}  // namespace

Result<TopicConfigs> changed_configs(const TopicConfigs& current, const ConfigChanges& changes,
                                     const BrokerTopicSettings& broker) {
  TopicConfigs changed = changes.unnamed == UnnamedConfigs::kStay ? current : TopicConfigs{};
  for (const ConfigChange& change : changes.changes) {
    switch (change.operation) {
      case ConfigOperation::kSet:
        changed.insert_or_assign(change.name, change.value);
        break;
      case ConfigOperation::kDelete:
        changed.erase(change.name);
        break;
      case ConfigOperation::kAppend:
      case ConfigOperation::kSubtract: {
        auto list = changed_list(change, current, broker);
        if (!list) return list.error();
        changed.insert_or_assign(change.name, *std::move(list));
        break;
      }
    }
  }
  return changed;
}

}  // namespace orloj::coordinator
