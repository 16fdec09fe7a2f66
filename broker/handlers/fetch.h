// Fetch (1), versions 4-18.
//
// Behaviour: reads up to the high watermark, in the order asked. Answers at once when min_bytes are
// there, when a partition has an error, or when max_wait is 0; else parks on the partitions' high
// watermarks and reads again on each rise until min_bytes or the deadline. The first batch is sent
// whole even above the limits. Records leave as file ranges and are never copied. v5: log start
// offset. v7: sessions (KIP-227). v9: leader epoch checks. v11: rack (ignored: one node). v12:
// flexible, diverging epoch. v13: topic ids. v15: replica state as a tagged field. v16-v18: fields
// for replicas. Deviations: replica ids are ignored: everybody reads as a consumer. The last stable
// offset is the high watermark and no transaction is ever aborted, since there are no transactions.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route fetch_route(const BrokerOptions& options, const Identity& identity, const Topics& topics,
                  log::Env env, BrokerStats& stats);

}  // namespace orloj::broker
