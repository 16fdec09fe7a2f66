// Holds records until their time, then appends each to its partition once (design §4, log-protocol
// §6-§9).
//
// Accepting is pure: prepare() reads the headers of a client batch and splits it; the produce
// handler hands both halves to log::Partition::append. What lies below the schedule log's high
// watermark is then indexed and armed by the scheduler itself. Firing runs on one delivery thread.
// Thread-safe unless said otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "log/env/env.h"
#include "log/partition.h"
#include "scheduler/error.h"
#include "scheduler/options.h"
#include "scheduler/stats.h"

namespace orloj::scheduler {

// A record that was refused: its index in the client's batch and what is wrong with which header.
struct RecordError {
  std::int32_t batch_index = 0;
  std::string message;
};

// Nothing of the batch may be stored.
struct Refused {
  std::vector<RecordError> records;  // at most kRecordErrorsMax are listed
  std::string message;
};
inline constexpr std::size_t kRecordErrorsMax = 100;

// No record asks for scheduling: append the client's bytes as they are.
struct Plain {};

// The halves for log::AppendRequest. `data` is empty when every record is scheduled.
struct Split {
  std::vector<std::byte> data;
  std::vector<std::byte> schedule;
  log::ProducerEvidence producer;
};

using Prepared = std::variant<Plain, Split, Refused>;

class Scheduler {
 public:
  // `alarm` gets one line for each thing an operator must see (clock step, damaged producer file,
  // undeliverable batch).
  static Result<std::unique_ptr<Scheduler>> open(log::Env& env, SchedulerOptions options,
                                                 std::function<void(const std::string&)> alarm);
  virtual ~Scheduler() = default;

  // `batch` is one valid v2 batch (log::validate_batch passed). Due times relative to the broker's
  // clock are taken from env.
  virtual Result<Prepared> prepare(std::span<const std::byte> batch,
                                   const TopicScheduleConfig& config) const = 0;

  // Starts to look after a partition: scans its schedule log from the index position and its data
  // log from the last checkpointed DONE for batches of the reserved producer, appends missing
  // DONEs, then arms. Blocking; before serving.
  virtual Status attach(std::shared_ptr<log::Partition> partition,
                        const TopicScheduleConfig& config) = 0;
  virtual void configure(const log::TopicId& id, const TopicScheduleConfig& config) = 0;
  // The topic is deleted: its schedules and index entries go.
  virtual void detach(const log::TopicId& id) = 0;

  virtual void start() = 0;  // the delivery thread
  virtual void stop() = 0;   // finishes the batch in flight, flushes the index
  // One turn of delivery by hand, for tests: fires what is due now; returns how many records were
  // appended.
  virtual Result<std::int64_t> run_once() = 0;
  // An operator's "go" after a clock step.
  virtual void resume_after_clock_step() = 0;

  virtual SchedulerStats stats() const = 0;
};

}  // namespace orloj::scheduler
