// Between the wire's integers and the coordinator's: what the group handlers share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/request.h"
#include "coordinator/group/group_types.h"
#include "log/types.h"
#include "protocol/error_code.h"
#include "protocol/types.h"

namespace orloj::broker {

// Same numbers on both sides; marks the request as failed when there is an error.
protocol::ErrorCode to_wire(coordinator::GroupError error, Request& request);

std::optional<std::string> to_text(const std::optional<std::string_view>& text);
coordinator::Bytes to_bytes(protocol::BytesView view);

// What a client may do with a group where nobody is restricted (Kafka's bits: read, delete,
// describe, describe and alter configs).
inline constexpr std::int32_t kGroupOperations =
    (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);

}  // namespace orloj::broker
