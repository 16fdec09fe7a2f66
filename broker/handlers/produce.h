// Produce (0), versions 3-13; advertised from 0, because librdkafka before 2.11.1 probes for it and
// drops compression otherwise. Requests of versions 0-2 carry the old message format and end the
// connection, as in Kafka 4.
//
// Behaviour: each partition of the request is validated, split by the scheduler and appended in
// request order before the handler first waits, so that pipelined batches of one producer keep
// their order. The first scheduled record of a partition waits for its schedule log to be made on a
// blocking thread; the rest of the request and later requests of the connection wait behind it.
// REQUEST_TIMED_OUT when blocking_queue_max pieces of work wait there already. acks=0 is never
// answered; an error closes the connection, as in Kafka. acks=1 answers after the page-cache write,
// acks=all after the durable end covers the batch. v7: zstd. v8: record errors and an error
// message. v9: flexible. v10: leader hints (unused on one node). v13: topic ids. Deviations: a
// batch whose records are all scheduled has base offset -1. Transactional batches are refused.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

struct ProduceServices {
  const BrokerOptions& options;
  const Topics& topics;
  const scheduler::Scheduler& scheduler;
  const log::LogOptions& log_options;
  BlockingPool& blocking;
};

Route produce_route(const ProduceServices& services);

}  // namespace orloj::broker
