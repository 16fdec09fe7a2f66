// OffsetForLeaderEpoch (23), versions 2-4.
//
// Behaviour: the largest epoch not above the one asked about, and where it ended: for the latest
// the log end, above the high watermark or not. -1/-1 for one that has not been. v3: replica id
// (ignored: everybody reads as a consumer). v4: flexible. Deviations: none known.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route offset_for_leader_epoch_route(const Topics& topics);

}  // namespace orloj::broker
