// The one list of what is spoken here. Each row's file holds a card: versions, behaviour,
// deviations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/blocking_pool.h"
#include "broker/broker_setting.h"
#include "broker/options.h"
#include "broker/route.h"
#include "broker/stats.h"
#include "broker/topics.h"
#include "coordinator/group_coordinator.h"
#include "coordinator/options.h"
#include "coordinator/producer_ids.h"
#include "log/env/env.h"
#include "log/options.h"

namespace orloj::broker {

// What clients of one listener are told to connect to.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

// Who this broker says it is.
struct Identity {
  std::int32_t node_id = 1;
  std::string rack;
  std::string cluster_id;
  std::vector<Endpoint> endpoints;  // one a listener
};

// Everything that handlers are built from; each row's factory takes only what it uses.
struct Services {
  const BrokerOptions& options;
  const coordinator::CoordinatorOptions& coordinator_options;
  const log::LogOptions& log_options;
  const Identity& identity;
  const std::vector<BrokerSetting>& settings;
  log::Env env;
  Topics& topics;
  const scheduler::Scheduler& scheduler;
  coordinator::GroupCoordinator& groups;
  coordinator::ProducerIds& producer_ids;
  BlockingPool& blocking;
  BrokerStats& stats;
};

std::vector<Route> all_routes(const Services& services);

}  // namespace orloj::broker
