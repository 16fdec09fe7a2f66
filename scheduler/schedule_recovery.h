// What a partition's scheduler does before it fires anything: apply the schedule log, and find the
// fired batches whose DONE a crash has taken (log-protocol §7).
#pragma once

#include "scheduler/delivery.h"
#include "scheduler/error.h"
#include "scheduler/partition_schedule.h"

namespace orloj::scheduler {

// Blocking. Afterwards everything that the data log holds is claimed, and its DONE is appended or
// will be as soon as it is durable. A damaged log halts the partition, with an alarm.
// kUnsupportedFormat: the schedule log is of a newer version.
Status recover(PartitionSchedule& schedule, Delivery& delivery, const ScheduleTools& tools);

}  // namespace orloj::scheduler
