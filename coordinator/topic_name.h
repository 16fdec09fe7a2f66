// Kafka's rules for topic names.
#pragma once

#include <string_view>

#include "coordinator/error.h"

namespace orloj::coordinator {

inline constexpr std::size_t kTopicNameMaxBytes = 249;

// 1 to 249 of a-z A-Z 0-9 . _ -, but not "." or "..". kInvalidTopicName says what is wrong.
Status check_topic_name(std::string_view name);

}  // namespace orloj::coordinator
