// The one opaque value that a coordinator looks into: the subscription of Kafka's "consumer"
// protocol type, for which topics a group reads.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "coordinator/group/group_types.h"

namespace orloj::coordinator {

inline constexpr std::string_view kConsumerProtocolType = "consumer";

// nullopt when it is not a ConsumerProtocolSubscription.
std::optional<std::set<std::string>> subscribed_topics(const Bytes& metadata);

}  // namespace orloj::coordinator
