// One partition of a Produce request: judge the client's bytes, let the scheduler split them,
// append.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "broker/topics.h"
#include "coordinator/topic.h"
#include "log/options.h"
#include "log/partition.h"
#include "protocol/messages/produce.h"
#include "scheduler/scheduler.h"

namespace orloj::broker {

struct ProduceTarget {
  std::shared_ptr<const coordinator::Topic> topic;  // null: unknown
  std::int16_t version = 0;
};

struct AppendOutcome {
  enum class Kind : std::uint8_t {
    kRefused,           // the answer holds an error
    kAppended,          // the answer is complete; acks=all waits for `durable`
    kNeedsScheduleLog,  // nothing happened: `partition` must get its schedule log first
  };
  Kind kind = Kind::kRefused;
  std::shared_ptr<log::Partition> partition;
  log::DurableTarget durable;
};

class ProduceAppender {
 public:
  ProduceAppender(const Topics& topics, const scheduler::Scheduler& scheduler,
                  const log::LogOptions& limits)
      : topics_(topics), scheduler_(scheduler), limits_(limits) {}

  // Fills `answer`. `batch` is patched in place. Never waits for the disk.
  AppendOutcome append(const ProduceTarget& target, std::int32_t partition,
                       std::span<std::byte> batch,
                       protocol::ProduceResponse::Partition& answer) const;

 private:
  const Topics& topics_;
  const scheduler::Scheduler& scheduler_;
  const log::LogOptions& limits_;
};

}  // namespace orloj::broker
