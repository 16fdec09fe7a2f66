#include "coordinator/topic_config.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "coordinator/topic_name.h"

namespace orloj::coordinator {
namespace {

Error invalid(std::string_view name, std::string_view value, const std::string& why) {
  return Error{ErrorCode::kInvalidConfig,
               std::string(name) + "=" + std::string(value) + ": " + why};
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_double(std::string_view text) {
  text = trimmed(text);
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> parse_boolean(std::string_view text) {
  std::string lower(trimmed(text));
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  if (lower == "true") return true;
  if (lower == "false") return false;
  return std::nullopt;
}

std::string joined(const std::vector<std::string_view>& items) {
  std::string text;
  for (const auto item : items) text.append(text.empty() ? "" : ", ").append(item);
  return text;
}

Status check_number(const TopicConfigKey& key, std::string_view value) {
  if (key.type == ConfigType::kDouble) {
    const auto number = parse_double(value);
    if (!number || !(*number >= 0.0 && *number <= 1.0)) {
      return invalid(key.name, value, "must be a number from 0 to 1");
    }
    return {};
  }
  const auto number = parse_integer(value);
  if (!number) return invalid(key.name, value, "must be a whole number");
  if (*number < key.min || *number > key.max) {
    return invalid(key.name, value,
                   "must be from " + std::to_string(key.min) + " to " + std::to_string(key.max));
  }
  return {};
}

Status check_value(const TopicConfigKey& key, std::string_view value) {
  switch (key.type) {
    case ConfigType::kBoolean:
      if (!parse_boolean(value)) return invalid(key.name, value, "must be true or false");
      return {};
    case ConfigType::kInt:
    case ConfigType::kShort:
    case ConfigType::kLong:
    case ConfigType::kDouble:
      return check_number(key, value);
    case ConfigType::kList: {
      const auto items = config_list_items(value);
      if (key.allowed.empty()) return {};
      if (items.empty()) return invalid(key.name, value, "needs " + joined(key.allowed));
      for (const auto item : items) {
        if (std::ranges::find(key.allowed, item) == key.allowed.end()) {
          return invalid(key.name, value, "must be of: " + joined(key.allowed));
        }
      }
      return {};
    }
    case ConfigType::kString:
    case ConfigType::kUnknown:
      if (!key.allowed.empty() && std::ranges::find(key.allowed, value) == key.allowed.end()) {
        return invalid(key.name, value, "must be one of: " + joined(key.allowed));
      }
      return {};
  }
  return {};
}

// Settings that would promise a safety, or a service, that a single node cannot give.
Status check_promises(const TopicConfigKey& key, std::string_view value) {
  if (key.name == "min.insync.replicas" && parse_integer(value) > 1) {
    return invalid(key.name, value,
                   "this broker keeps one copy of each record, so acks=all could never be "
                   "answered; use 1");
  }
  if (key.name == "remote.storage.enable" && parse_boolean(value) == true) {
    return invalid(key.name, value, "there is no tiered storage here; use false");
  }
  if (key.name == "schedule.dead.letter.topic") {
    const Status named = check_topic_name(value);
    if (!named) return invalid(key.name, value, named.error().message);
  }
  return {};
}

Status check(const TopicConfigKey& key, std::string_view value) {
  if (Status valid = check_value(key, value); !valid) return valid;
  return check_promises(key, value);
}

const BrokerSynonym* synonym_in_force(const TopicConfigKey& key,
                                      const BrokerTopicSettings& broker) {
  for (const auto& synonym : key.synonyms) {
    if (broker.contains(synonym.name)) return &synonym;
  }
  return nullptr;
}

// -1 (no bound) stays what it is in any unit.
std::string scaled(std::string_view value, std::int64_t scale) {
  if (scale == 1) return std::string(value);
  const std::int64_t number = parse_integer(value).value_or(0);
  if (number < 0) return std::to_string(number);
  std::int64_t product = 0;
  if (__builtin_mul_overflow(number, scale, &product)) product = INT64_MAX;
  return std::to_string(product);
}

const TopicConfigKey& row(std::string_view name) {
  const TopicConfigKey* key = find_topic_config_key(name);
  if (key == nullptr) {
    throw_exception_from_error({ErrorCode::kInvalidConfig, std::string(name) + ": no such config"},
                               BOOST_CURRENT_LOCATION);
  }
  return *key;
}

// The values in force for one topic, typed.
class Effective {
 public:
  Effective(const TopicConfigs& topic, const BrokerTopicSettings& broker)
      : topic_(topic), broker_(broker) {}

  std::string text(std::string_view name) const {
    return topic_config_value(name, topic_, broker_);
  }
  std::int64_t integer(std::string_view name) const { return parse_integer(text(name)).value(); }
  std::int32_t integer32(std::string_view name) const {
    return static_cast<std::int32_t>(integer(name));
  }
  double number(std::string_view name) const { return parse_double(text(name)).value(); }
  bool boolean(std::string_view name) const { return parse_boolean(text(name)).value(); }
  bool lists(std::string_view name, std::string_view item) const {
    const std::string value = text(name);
    return std::ranges::count(config_list_items(value), item) > 0;
  }

 private:
  const TopicConfigs& topic_;
  const BrokerTopicSettings& broker_;
};

}  // namespace

std::vector<std::string_view> config_list_items(std::string_view value) {
  std::vector<std::string_view> items;
  while (!trimmed(value).empty()) {
    const auto comma = value.find(',');
    items.push_back(trimmed(value.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    value.remove_prefix(comma + 1);
  }
  return items;
}

Status validate_topic_configs(const TopicConfigs& configs) {
  for (const auto& [name, value] : configs) {
    const TopicConfigKey* key = find_topic_config_key(name);
    if (key == nullptr) {
      return Error{ErrorCode::kInvalidConfig, "Unknown topic config name: " + name};
    }
    if (Status valid = check(*key, value); !valid) return valid;
  }
  const auto low = configs.find("min.compaction.lag.ms");
  const auto high = configs.find("max.compaction.lag.ms");
  if (low != configs.end() && high != configs.end() &&
      parse_integer(low->second) > parse_integer(high->second)) {
    return invalid(low->first, low->second, "is above max.compaction.lag.ms=" + high->second);
  }
  return {};
}

std::vector<BrokerSettingFault> broker_setting_faults(const BrokerTopicSettings& settings) {
  std::vector<BrokerSettingFault> faults;
  for (const auto& key : topic_config_keys()) {
    for (const auto& synonym : key.synonyms) {
      const auto given = settings.find(synonym.name);
      if (given == settings.end()) continue;
      const Status valid = synonym.scale != 1 && !parse_integer(given->second)
                               ? invalid(synonym.name, given->second, "must be a whole number")
                               : check(key, scaled(given->second, synonym.scale));
      if (!valid) faults.push_back({std::string(synonym.name), valid.error().message});
    }
  }
  return faults;
}

Status validate_broker_settings(const BrokerTopicSettings& settings) {
  const auto faults = broker_setting_faults(settings);
  if (faults.empty()) return {};
  return Error{ErrorCode::kInvalidConfig, faults.front().name + ": " + faults.front().message};
}

std::string topic_config_value(std::string_view name, const TopicConfigs& topic,
                               const BrokerTopicSettings& broker) {
  const TopicConfigKey& key = row(name);
  if (const auto set = topic.find(std::string(name)); set != topic.end()) return set->second;
  if (const auto* synonym = synonym_in_force(key, broker)) {
    return scaled(broker.find(synonym->name)->second, synonym->scale);
  }
  return std::string(key.default_value);
}

log::TopicLogConfig to_log_config(const TopicConfigs& topic, const BrokerTopicSettings& broker) {
  const Effective value(topic, broker);
  log::TopicLogConfig config;
  config.durability =
      value.text("durability") == "async" ? log::Durability::kAsync : log::Durability::kSync;
  config.segment_bytes = value.integer("segment.bytes");
  config.segment_ms = value.integer("segment.ms");
  config.retention_ms = value.integer("retention.ms");
  config.retention_bytes = value.integer("retention.bytes");
  config.index_interval_bytes = value.integer("index.interval.bytes");
  config.max_message_bytes = value.integer32("max.message.bytes");
  config.timestamp_type = value.text("message.timestamp.type") == "LogAppendTime"
                              ? log::TimestampType::kLogAppendTime
                              : log::TimestampType::kCreateTime;
  config.timestamp_before_max_ms = value.integer("message.timestamp.before.max.ms");
  config.timestamp_after_max_ms = value.integer("message.timestamp.after.max.ms");
  config.cleanup_delete = value.lists("cleanup.policy", "delete");
  config.cleanup_compact = value.lists("cleanup.policy", "compact");
  config.delete_retention_ms = value.integer("delete.retention.ms");
  config.min_cleanable_dirty_ratio = value.number("min.cleanable.dirty.ratio");
  config.flush_messages = value.integer("flush.messages");
  config.flush_ms = value.integer("flush.ms");
  return config;
}

TopicScheduleSettings to_schedule_settings(const TopicConfigs& topic,
                                           const BrokerTopicSettings& broker) {
  const Effective value(topic, broker);
  TopicScheduleSettings settings;
  settings.enable = value.boolean("schedule.enable");
  settings.compacted = value.lists("cleanup.policy", "compact");
  settings.unknown_headers = value.text("schedule.unknown.headers") == "pass"
                                 ? UnknownScheduleHeaders::kPass
                                 : UnknownScheduleHeaders::kRefuse;
  settings.timestamp = value.text("schedule.timestamp") == "due" ? ScheduleTimestamp::kDue
                                                                 : ScheduleTimestamp::kFired;
  settings.max_delay_ms = value.integer("schedule.max.delay.ms");
  settings.compression_type = value.text("compression.type");
  settings.dead_letter_topic = value.text("schedule.dead.letter.topic");
  return settings;
}

namespace {

std::string documentation_of(const TopicConfigKey& key) {
  std::string text(key.documentation);
  if (key.effect == ConfigEffect::kStoredOnly) text.append(" (Stored only: no effect here.)");
  return text;
}

DescribedConfig describe_one(const TopicConfigKey& key, const TopicConfigs& topic,
                             const BrokerTopicSettings& broker) {
  DescribedConfig described;
  described.name = std::string(key.name);
  described.type = key.type;
  described.documentation = documentation_of(key);
  described.value = topic_config_value(key.name, topic, broker);
  if (const auto set = topic.find(described.name); set != topic.end()) {
    described.synonyms.push_back({described.name, set->second, ConfigSource::kTopic});
  }
  for (const auto& synonym : key.synonyms) {
    const auto given = broker.find(synonym.name);
    if (given == broker.end()) continue;
    described.synonyms.push_back(
        {std::string(synonym.name), given->second, ConfigSource::kStaticBroker});
  }
  if (key.synonyms.size() == 1) {
    described.synonyms.push_back({std::string(key.synonyms.front().name),
                                  std::string(key.default_value), ConfigSource::kDefault});
  }
  if (!described.synonyms.empty()) described.source = described.synonyms.front().source;
  return described;
}

}  // namespace

std::vector<DescribedConfig> describe_topic_configs(const TopicConfigs& topic,
                                                    const BrokerTopicSettings& broker) {
  std::vector<DescribedConfig> all;
  for (const auto& key : topic_config_keys()) {
    if (key.origin != ConfigOrigin::kKafka && !topic.contains(std::string(key.name))) continue;
    all.push_back(describe_one(key, topic, broker));
  }
  return all;
}

}  // namespace orloj::coordinator
