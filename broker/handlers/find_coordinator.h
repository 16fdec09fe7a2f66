// FindCoordinator (10), versions 0-6.
//
// Behaviour: on one node the answer is this node, at the address of the listener that was asked.
// The offsets topic is created and loaded first, so that the first consumer of a new broker is not
// sent away. v1: key type, error message. v3: flexible. v4: several keys at once. v5, v6: nothing
// that shows here. Deviations: transactions and share groups are not here; their keys get
// UNSUPPORTED_VERSION and INVALID_REQUEST with a message, which clients report at once instead of
// retrying for ever.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "broker/route.h"
#include "coordinator/group_coordinator.h"

namespace orloj::broker {

struct AdvertisedNode {
  std::int32_t node_id = 0;
  std::string host;
  std::int32_t port = 0;
};
// What clients of a listener (its index) are told about this node.
using AdvertisedNodeOf = std::function<AdvertisedNode(std::size_t listener)>;

Route find_coordinator_route(coordinator::GroupCoordinator& groups, AdvertisedNodeOf node_of);

}  // namespace orloj::broker
