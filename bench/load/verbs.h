// What the load generator can do. Each verb talks to a broker on 127.0.0.1 about a topic that
// exists, and returns its figures; faults, error codes of the broker among them, are exceptions.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "bench/load/measuring.h"

namespace orloj::bench {

struct Target {
  std::uint16_t port = 9092;
  std::string topic;
  pid_t broker_process = 0;  // whose processor time is measured; 0: nobody's
};

// One batch a request, over and over. Closed loop: each connection keeps `in_flight` requests under
// way. Open loop (rate > 0): requests are sent when their time has come, answered or not, and
// latency counts from that instant.
struct ProduceLoad {
  Target target;
  int partitions = 1;  // connection i writes to partition i modulo this
  int records = 64;    // in a batch
  int record_bytes = 1024;
  int acks = 1;
  int connections = 4;
  int in_flight = 5;
  double rate = 0;  // requests a second of all connections together
  double warm_seconds = 1;
  double seconds = 5;                     // measured, at most
  std::int64_t requests = 1'000'000'000;  // measured, at most
};
Figures produce(const ProduceLoad& load);

// One producer in open loop and one consumer that waits at the end of partition 0. Latencies count
// from the instant a request was to be sent: to its acknowledgement, and to the arrival of its
// records at the consumer. Every record is accounted for.
struct EndToEndLoad {
  Target target;
  double rate = 1000;  // requests a second
  int records = 1;     // in a batch
  int record_bytes = 1024;
  int acks = 1;
  double warm_seconds = 1;
  double seconds = 5;
};
Figures end_to_end(const EndToEndLoad& load);

// Reads partition 0 from its start; at the end of it from the start again.
struct FetchLoad {
  Target target;
  int connections = 1;
  int partition_max_bytes = 1 << 20;  // of one answer
  bool verify = false;                // the checksum of every batch
  double warm_seconds = 1;
  double seconds = 5;
  std::int64_t bytes = INT64_MAX;  // measured, at most
};
Figures fetch(const FetchLoad& load);

// Schedules `pending` records an hour ahead, then `rate` a second for `seconds` seconds that begin
// soon, and consumes those. Lateness: from the due instant to the arrival at the consumer, by the
// wall clock. For a topic of one partition that knows schedule headers and is empty.
struct FireLoad {
  Target target;
  int pending = 100'000;
  int rate = 1000;
  double seconds = 20;
  int record_bytes = 100;
};
Figures fire(const FireLoad& load);

// Creates the topic by asking for it, and writes one record, trying again until that is
// acknowledged: for a broker that is about to start.
struct FirstAckLoad {
  Target target;
  std::int64_t since_ns = 0;  // of the monotonic clock
  double deadline_seconds = 60;
};
Figures first_ack(const FirstAckLoad& load);

}  // namespace orloj::bench
