// Between the wire's types and the rooms'.
#pragma once

#include "log/types.h"
#include "protocol/types.h"

namespace orloj::broker {

inline log::TopicId to_log(const protocol::Uuid& id) {
  return log::TopicId{id.bytes};
}

inline protocol::Uuid to_wire_id(const log::TopicId& id) {
  return protocol::Uuid{id.bytes};
}

}  // namespace orloj::broker
