// DeleteRecords (21), versions 0-2.
//
// Behaviour: moves the log start of each partition up to an offset, or up to the high watermark for
// -1, durably before the answer; what lies below is gone for Fetch and ListOffsets at once and from
// the disk later. An offset below the log start changes nothing. The answer is the log start.
// Topics without "delete" in cleanup.policy keep their records (POLICY_VIOLATION), internal ones
// too. Of a partition that is named twice the last offset counts. Pending schedules stay. v2:
// flexible.
// Deviations: the log start waits for the DONE of what was just fired below it (docs/decisions),
// as it waits for followers in Kafka: up to the request's time-out, then REQUEST_TIMED_OUT.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route delete_records_route(const Topics& topics, BlockingPool& blocking);

}  // namespace orloj::broker
