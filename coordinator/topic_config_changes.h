// Changes of a topic's configs as clients ask for them: all at once, or one by one (KIP-339).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/error.h"
#include "coordinator/options.h"
#include "coordinator/topic_config.h"

namespace orloj::coordinator {

// Values are the wire codes of IncrementalAlterConfigs.
enum class ConfigOperation : std::uint8_t {
  kSet = 0,
  kDelete = 1,    // back to the broker's default
  kAppend = 2,    // items to a list, those that it lacks
  kSubtract = 3,  // items from a list
};

struct ConfigChange {
  std::string name;
  ConfigOperation operation = ConfigOperation::kSet;
  std::string value;  // kDelete: not looked at
};

// What becomes of configs that are set on the topic and that no change names.
enum class UnnamedConfigs : std::uint8_t { kStay, kGoBackToDefault };

struct ConfigChanges {
  std::vector<ConfigChange> changes;  // each name once
  UnnamedConfigs unnamed = UnnamedConfigs::kStay;
};

// What is set on the topic afterwards; not validated. A list that is not set begins with the value
// in force. kInvalidConfig: items for what is no list, nothing to append.
Result<TopicConfigs> changed_configs(const TopicConfigs& current, const ConfigChanges& changes,
                                     const BrokerTopicSettings& broker);

}  // namespace orloj::coordinator
