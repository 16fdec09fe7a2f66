// One partition of a Produce request: judge the client's bytes, let the scheduler split them,
// append.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

// What was appended and what an acks=all answer has to wait for.
struct Appended {
  std::shared_ptr<log::Partition> partition;
  log::DurableTarget durable;
};

class ProduceAppender {
 public:
  ProduceAppender(const Topics& topics, const scheduler::Scheduler& scheduler,
                  const log::LogOptions& limits)
      : topics_(topics), scheduler_(scheduler), limits_(limits) {}

  // Fills `answer`; nullopt when it holds an error. `batch` is patched in place.
  std::optional<Appended> append(const ProduceTarget& target, std::int32_t partition,
                                 std::span<std::byte> batch,
                                 protocol::ProduceResponse::Partition& answer) const;

 private:
  const Topics& topics_;
  const scheduler::Scheduler& scheduler_;
  const log::LogOptions& limits_;
};

}  // namespace orloj::broker
