#include "broker/handlers/handlers.h"

#include "broker/handlers/api_versions.h"
#include "broker/handlers/create_topics.h"
#include "broker/handlers/fetch.h"
#include "broker/handlers/list_offsets.h"
#include "broker/handlers/metadata.h"
#include "broker/handlers/produce.h"

namespace orloj::broker {

std::vector<Route> all_routes(const Services& services) {
  const Services& s = services;
  std::vector<Route> routes = {
      produce_route(s.topics, s.scheduler, s.log_options),
      fetch_route(s.options, s.identity, s.topics, s.env, s.stats),
      list_offsets_route(s.topics),
      metadata_route(s.options, s.identity, s.topics, s.blocking),
      create_topics_route(s.identity, s.topics, s.blocking),
  };
  routes.push_back(api_versions_route(routes));
  return routes;
}

}  // namespace orloj::broker
