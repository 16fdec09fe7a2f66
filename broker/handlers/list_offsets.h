// ListOffsets (2), versions 1-11.
//
// Behaviour: -1 the high watermark (the last stable offset for isolation level 1), -2 the log
// start, any other instant the first record at or after it; -1/-1 when there is none. v2: isolation
// level. v4: leader epochs. v6: flexible. v7: -3, the record with the greatest timestamp. v8: -4,
// the start of what is local: the log start. v9: -5, the end of what is tiered. v10: timeout. v11:
// -6, the start of what is not yet tiered. Deviations: nothing is tiered, so -5 and -6 answer -1,
// as Kafka does without tiered storage. Instants are searched for on a blocking thread; while
// blocking_queue_max pieces of work wait there, OFFSET_NOT_AVAILABLE (LEADER_NOT_AVAILABLE below
// v5), on which clients try again. The leader epoch of the log start is not told (-1). An instant
// in a compressed batch that inflates to more than 64 MiB is answered with that batch's first
// offset.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route list_offsets_route(const Topics& topics, BlockingPool& blocking);

}  // namespace orloj::broker
