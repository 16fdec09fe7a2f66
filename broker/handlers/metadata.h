// Metadata (3), versions 0-13.
//
// Behaviour: this broker, with the address of the listener that was asked; topics by name, by id or
// all. A topic that is missing is created if both the client (v4 and later; earlier always) and
// auto.create.topics.enable say so, and is in the same answer. v1: rack, controller, internal flag;
// an empty list means none, null all. v2: cluster id. v5: offline replicas. v7: leader epochs. v8:
// authorized operations. v9: flexible. v10: topic ids. v12: by id. v13: error of the whole.
// Deviations: this broker is leader, replica and controller of everything. There is no authorizer,
// so whoever asks for authorized operations may do them all.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route metadata_route(const BrokerOptions& options, const Identity& identity, Topics& topics,
                     BlockingPool& blocking);

}  // namespace orloj::broker
