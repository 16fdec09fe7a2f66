// One table of every topic config: Kafka's and ours. Everything that is known about a config
// (type, default, broker names, bounds, meaning, whether it acts here) is a row of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/error.h"
#include "coordinator/options.h"
#include "log/options.h"

namespace orloj::coordinator {

// Values are the wire codes of DescribeConfigs.
enum class ConfigType : std::uint8_t {
  kUnknown = 0,
  kBoolean = 1,
  kString = 2,
  kInt = 3,
  kShort = 4,
  kLong = 5,
  kDouble = 6,
  kList = 7,
};

enum class ConfigEffect : std::uint8_t {
  kActs,
  kStoredOnly,  // checked, kept and returned, but has no meaning here
};

// Only Kafka's own are always described: clients' tests count what DescribeConfigs reports. The
// others are described where they are set on the topic.
enum class ConfigOrigin : std::uint8_t {
  kKafka,
  kKafkaRetired,  // gone from current Kafka; old scripts still set it
  kOrloj,
};

// A broker setting that is the default of a topic config. Several: the first that is set wins.
struct BrokerSynonym {
  std::string_view name;
  std::int64_t scale = 1;  // topic value = broker value × scale (hours → ms)
};

struct TopicConfigKey {
  std::string_view name;
  ConfigType type = ConfigType::kString;
  std::string_view default_value{};
  std::vector<BrokerSynonym> synonyms{};
  std::int64_t min = INT64_MIN;  // numbers; doubles: 0 … 1
  std::int64_t max = INT64_MAX;
  std::vector<std::string_view> allowed{};  // strings and lists; empty: any
  ConfigEffect effect = ConfigEffect::kActs;
  ConfigOrigin origin = ConfigOrigin::kKafka;
  std::string_view documentation{};
};

std::span<const TopicConfigKey> topic_config_keys();
const TopicConfigKey* find_topic_config_key(std::string_view name);  // null: unknown

using TopicConfigs = std::map<std::string, std::string>;

// The items of a list's value, without the blanks around them.
std::vector<std::string_view> config_list_items(std::string_view value);

// Every key is known, every value is in bounds, and nothing promises a safety that is not given
// (min.insync.replicas above 1 on one node). kInvalidConfig names the first key that is wrong.
Status validate_topic_configs(const TopicConfigs& configs);
struct BrokerSettingFault {
  std::string name;  // of the broker setting
  std::string message;
};
// The same for broker settings that are defaults of topic configs, all faults at once; other names
// are ignored.
std::vector<BrokerSettingFault> broker_setting_faults(const BrokerTopicSettings& settings);
// kInvalidConfig names the first of them.
Status validate_broker_settings(const BrokerTopicSettings& settings);

// What acts in the log room. Arguments are validated already.
log::TopicLogConfig to_log_config(const TopicConfigs& topic, const BrokerTopicSettings& broker);

enum class UnknownScheduleHeaders : std::uint8_t { kRefuse, kPass };
enum class ScheduleTimestamp : std::uint8_t { kFired, kDue };

// What acts in the scheduler; this room does not know it, so the broker copies it over.
struct TopicScheduleSettings {
  bool enable = true;      // schedule.enable
  bool compacted = false;  // cleanup.policy holds "compact"
  UnknownScheduleHeaders unknown_headers = UnknownScheduleHeaders::kRefuse;
  ScheduleTimestamp timestamp = ScheduleTimestamp::kFired;
  std::int64_t max_delay_ms = INT64_MAX;
  std::string compression_type = "producer";
  std::string dead_letter_topic;
};
TopicScheduleSettings to_schedule_settings(const TopicConfigs& topic,
                                           const BrokerTopicSettings& broker);

// Values are the wire codes of DescribeConfigs.
enum class ConfigSource : std::uint8_t { kTopic = 1, kStaticBroker = 4, kDefault = 5 };

struct ConfigSynonymValue {
  std::string name;
  std::string value;
  ConfigSource source = ConfigSource::kDefault;
};

struct DescribedConfig {
  std::string name;
  std::string value;
  ConfigSource source = ConfigSource::kDefault;
  ConfigType type = ConfigType::kString;
  std::vector<ConfigSynonymValue> synonyms;  // from the one in force down to the default
  std::string documentation;                 // says so where a config is stored only
};

// All Kafka configs in force, then ours that are set on the topic; sorted by name.
std::vector<DescribedConfig> describe_topic_configs(const TopicConfigs& topic,
                                                    const BrokerTopicSettings& broker);

// The value in force of one config; `name` is a row of the table.
std::string topic_config_value(std::string_view name, const TopicConfigs& topic,
                               const BrokerTopicSettings& broker);

}  // namespace orloj::coordinator
