// InitProducerId (22), versions 0-5.
//
// Behaviour: every idempotent producer gets a fresh id with epoch 0, also when it shows an old one
// (v3, KIP-360): its sequences start again. v2: flexible. v3: the producer's present id and epoch.
// v4: PRODUCER_FENCED. v5: TRANSACTION_ABORTABLE. Deviations: a transactional id is refused with
// TRANSACTIONAL_ID_AUTHORIZATION_FAILED, the one answer that Java and librdkafka take as final at
// once: there are no transactions.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route init_producer_id_route(coordinator::ProducerIds& producer_ids, BlockingPool& blocking);

}  // namespace orloj::broker
