// A topic as the catalogue knows it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "log/types.h"

namespace orloj::coordinator {

struct Topic {
  log::TopicId id;
  std::string name;
  std::int32_t partition_count = 0;
  std::int32_t partitions_at_creation =
      0;  // the home of a schedule-id is hash(id) mod this; never changes
  std::int64_t first_reserved_producer_id = 0;
  bool internal = false;
  std::map<std::string, std::string> configs;  // only what was set on the topic (Kafka's names)
  std::int64_t revision = 0;
};

}  // namespace orloj::coordinator
