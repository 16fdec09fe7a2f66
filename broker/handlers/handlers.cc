#include "broker/handlers/handlers.h"

#include "broker/handlers/alter_configs.h"
#include "broker/handlers/api_versions.h"
#include "broker/handlers/create_partitions.h"
#include "broker/handlers/create_topics.h"
#include "broker/handlers/delete_groups.h"
#include "broker/handlers/delete_records.h"
#include "broker/handlers/delete_topics.h"
#include "broker/handlers/describe_cluster.h"
#include "broker/handlers/describe_configs.h"
#include "broker/handlers/describe_groups.h"
#include "broker/handlers/describe_log_dirs.h"
#include "broker/handlers/describe_topic_partitions.h"
#include "broker/handlers/fetch.h"
#include "broker/handlers/find_coordinator.h"
#include "broker/handlers/heartbeat.h"
#include "broker/handlers/init_producer_id.h"
#include "broker/handlers/join_group.h"
#include "broker/handlers/leave_group.h"
#include "broker/handlers/list_groups.h"
#include "broker/handlers/list_offsets.h"
#include "broker/handlers/metadata.h"
#include "broker/handlers/offset_commit.h"
#include "broker/handlers/offset_delete.h"
#include "broker/handlers/offset_fetch.h"
#include "broker/handlers/offset_for_leader_epoch.h"
#include "broker/handlers/produce.h"
#include "broker/handlers/sync_group.h"

namespace orloj::broker {

std::vector<Route> all_routes(const Services& services) {
  const Services& s = services;
  const auto node_of = [&identity = s.identity](std::size_t listener) {
    const Endpoint& endpoint = identity.endpoints[listener];
    return AdvertisedNode{identity.node_id, endpoint.host, endpoint.port};
  };
  std::vector<Route> routes = {
      produce_route({s.options, s.topics, s.scheduler, s.log_options, s.blocking}),
      fetch_route({s.options, s.identity, s.topics, s.blocking, s.env, s.stats}),
      list_offsets_route(s.topics, s.blocking),
      metadata_route(s.options, s.identity, s.topics, s.blocking),
      offset_commit_route(s.groups, s.topics.catalog()),
      offset_fetch_route(s.groups, s.topics.catalog()),
      find_coordinator_route(s.groups, node_of),
      join_group_route(s.groups),
      heartbeat_route(s.groups),
      leave_group_route(s.groups),
      sync_group_route(s.groups),
      describe_groups_route(s.groups),
      list_groups_route(s.groups),
      create_topics_route(s.identity, s.topics, s.blocking),
      delete_topics_route(s.options, s.topics, s.groups, s.blocking),
      delete_records_route(s.topics, s.blocking),
      init_producer_id_route(s.producer_ids, s.blocking),
      offset_for_leader_epoch_route(s.topics),
      describe_configs_route(s.identity, s.topics, s.settings),
      alter_configs_route(s.topics, s.blocking),
      describe_log_dirs_route(s.log_options, s.topics, s.blocking),
      create_partitions_route(s.identity, s.topics, s.blocking),
      delete_groups_route(s.groups),
      incremental_alter_configs_route(s.topics, s.blocking),
      offset_delete_route(s.groups, s.topics.catalog()),
      describe_cluster_route(s.identity),
      describe_topic_partitions_route(s.options, s.identity, s.topics),
  };
  routes.push_back(api_versions_route(routes));
  return routes;
}

}  // namespace orloj::broker
