// DescribeConfigs (32), versions 1-4.
//
// Behaviour: a topic's configs with defaults, sources and synonyms; this broker's settings as they
// are in force. Asked for the default of all brokers (an empty name) it answers an empty list:
// there are no dynamic broker settings. v1: sources, synonyms. v3: types and documentation. v4:
// flexible. Deviations: every broker setting is read-only. Loggers, client metrics and groups have
// no settings here: INVALID_REQUEST.
#pragma once

#include "broker/handlers/handlers.h"

namespace orloj::broker {

Route describe_configs_route(const Identity& identity, const Topics& topics,
                             const std::vector<BrokerSetting>& settings);

}  // namespace orloj::broker
