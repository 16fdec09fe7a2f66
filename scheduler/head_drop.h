// Keeps schedule logs small: when dead bytes outweigh live ones, what lives at the head is copied
// to the end, a step at a time, and the head is dropped (log-protocol §8).
//
// Delivery thread only.
#pragma once

#include <vector>

#include "scheduler/error.h"
#include "scheduler/partition_schedule.h"

namespace orloj::scheduler {

class HeadDrop {
 public:
  explicit HeadDrop(const ScheduleTools& tools) : tools_(tools) {}

  // Does one step where it is worth while; to be called now and then.
  Status step(PartitionSchedule& schedule);

 private:
  struct Candidate;  // an ADD or COPY at the head
  struct Chunk;      // what one step looks at

  bool is_worth_while(PartitionSchedule& schedule) const;
  Status one_step(PartitionSchedule& schedule);
  Result<Chunk> read_chunk(PartitionSchedule& schedule, log::Offset from) const;
  Status keep_live(PartitionSchedule& schedule, Chunk& chunk) const;
  Status append_copies(PartitionSchedule& schedule, const Chunk& chunk);
  Status drop(PartitionSchedule& schedule);

  ScheduleTools tools_;
};

}  // namespace orloj::scheduler
