// Fetch (1), versions 4-18.
//
// Behaviour: reads up to the high watermark, in the order asked. Answers at once when min_bytes are
// there, when a partition has an error, or when max_wait is 0; else parks on the partitions' high
// watermarks and reads again on each rise until min_bytes or the deadline. The first batch is sent
// whole even above the limits. Records leave as file ranges and are never copied. A request for
// records that are not recent is read and verified on a blocking thread; while blocking_queue_max
// pieces of work wait there it is tried again until max_wait, then answered without them. v5: log
// start offset. v7: sessions (KIP-227). v9: leader epoch checks. v11: rack (ignored: one node).
// v12: flexible, diverging epoch. v13: topic ids. v15: replica state as a tagged field. v16-v18:
// fields for replicas. Deviations: replica ids are ignored: everybody reads as a consumer. The last
// stable offset is the high watermark and no transaction is ever aborted, since there are no
// transactions.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

struct FetchServices {
  const BrokerOptions& options;
  const Identity& identity;
  const Topics& topics;
  BlockingPool& blocking;
  log::Env env;
  BrokerStats& stats;
};

Route fetch_route(const FetchServices& services);

}  // namespace orloj::broker
