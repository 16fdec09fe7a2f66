// ApiVersions (18), versions 0-4.
//
// Behaviour: lists the rows of the router's table. A version from the future is answered with a
// version 0 body, error UNSUPPORTED_VERSION and this API's own range alone (KIP-511).
// v1: throttle time. v3: flexible, client software names (read and dropped), features. v4: may list
// features whose minimum is 0.
// Deviations: no feature is offered or finalized, because none is here: no transactions
// (transaction.version), no KIP-848 groups (group.version), no KRaft quorum. The finalized list is
// empty at epoch 0, so that clients take it for an answer.
#pragma once

#include <vector>

#include "broker/route.h"

namespace orloj::broker {

// `others`: every other row of the table.
Route api_versions_route(const std::vector<Route>& others);

}  // namespace orloj::broker
