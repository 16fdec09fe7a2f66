// Kafka's rules for topic names.
#pragma once

#include <string_view>

#include "coordinator/error.h"

namespace orloj::coordinator {

inline constexpr std::size_t kTopicNameMaxBytes = 249;

// 1 to 249 of a-z A-Z 0-9 . _ -, but not "." or "..". kInvalidTopicName says what is wrong.
Status check_topic_name(std::string_view name);

// Whether the two names differ at most in '.' and '_': metrics cannot tell such topics apart.
bool topic_names_collide(std::string_view a, std::string_view b);

}  // namespace orloj::coordinator
