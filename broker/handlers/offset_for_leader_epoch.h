// OffsetForLeaderEpoch (23), versions 2-4.
//
// Behaviour: the largest epoch that is not above the one asked about, and where it ended; the high
// watermark for the latest one. -1/-1 when nothing is known of so old an epoch. v3: replica id
// (ignored: everybody reads as a consumer). v4: flexible. Deviations: none known.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route offset_for_leader_epoch_route(const Topics& topics);

}  // namespace orloj::broker
