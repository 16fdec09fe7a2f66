// One partition of a Produce request: judge the client's bytes, let the scheduler split them,
// append.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "broker/topics.h"
#include "coordinator/topic.h"
#include "log/options.h"
#include "log/partition.h"
#include "protocol/messages/produce.h"
#include "scheduler/scheduler.h"

namespace orloj::broker {

struct ProduceTarget {
  std::shared_ptr<const coordinator::Topic> topic;  // null: unknown
  std::int16_t version = 0;                         // of the request
  bool by_id = false;                               // how the client named the topic
};

struct AppendOutcome {
  enum class Kind : std::uint8_t {
    kRefused,           // the answer holds an error
    kAppended,          // the answer is complete; acks=all waits for `durable`, acks=1 perhaps
    kNeedsScheduleLog,  // nothing happened: `partition` must get its schedule log first
  };
  Kind kind = Kind::kRefused;
  std::shared_ptr<log::Partition> partition;
  log::DurableTarget durable;
  bool waits_for_flush = false;  // as log::AppendResult says: acks=1 waits for the data half
};

// Makes an answer that says why nothing was appended.
void refuse(protocol::ProduceResponse::Partition& answer, protocol::ErrorCode code,
            std::string message);

class ProduceAppender {
 public:
  ProduceAppender(const Topics& topics, const scheduler::Scheduler& scheduler,
                  const log::LogOptions& limits)
      : topics_(topics), scheduler_(scheduler), limits_(limits) {}

  // Fills `answer` but for its index. `batch` is patched in place. Never waits for the disk.
  AppendOutcome append(const ProduceTarget& target, std::int32_t partition,
                       std::span<std::byte> batch,
                       protocol::ProduceResponse::Partition& answer) const;

 private:
  struct Halves {
    log::AppendRequest request;
    scheduler::Split owner;  // of what the request points into, if the batch was split
  };

  std::shared_ptr<log::Partition> find(const ProduceTarget& target, std::int32_t partition,
                                       protocol::ProduceResponse::Partition& answer) const;
  bool split(std::span<std::byte> batch, const scheduler::TopicScheduleConfig& schedule,
             Halves& halves, protocol::ProduceResponse::Partition& answer) const;

  const Topics& topics_;
  const scheduler::Scheduler& scheduler_;
  const log::LogOptions& limits_;
};

}  // namespace orloj::broker
