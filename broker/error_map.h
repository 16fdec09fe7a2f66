// From the rooms' errors to Kafka's wire codes: one switch a room, complete by the compiler's own
// check.
#pragma once

#include "coordinator/error.h"
#include "coordinator/group/group_types.h"
#include "log/error.h"
#include "protocol/error_code.h"
#include "scheduler/error.h"

namespace orloj::broker {

protocol::ErrorCode to_wire(log::ErrorCode code);
protocol::ErrorCode to_wire(coordinator::ErrorCode code);
protocol::ErrorCode to_wire(coordinator::GroupError error);
protocol::ErrorCode to_wire(scheduler::ErrorCode code);

// The process cannot go on: what is on disk is unknown.
bool is_fatal(coordinator::ErrorCode code);

}  // namespace orloj::broker
