#include "broker/handlers/describe_cluster.h"

#include "broker/answering.h"
#include "broker/handlers/authorized_operations.h"
#include "protocol/messages/describe_cluster.h"

namespace orloj::broker {

using protocol::DescribeClusterRequest;
using protocol::DescribeClusterResponse;
using protocol::ErrorCode;

namespace {

constexpr std::int8_t kBrokerEndpoints = 1;
constexpr std::int8_t kControllerEndpoints = 2;

DescribeClusterResponse refused(const DescribeClusterRequest& message) {
  DescribeClusterResponse response;
  response.endpoint_type = message.endpoint_type;
  if (message.endpoint_type == kControllerEndpoints) {
    response.error_code = ErrorCode::kMismatchedEndpointType;
    response.error_message = "this is a broker's endpoint, not a controller's";
  } else {
    response.error_code = ErrorCode::kUnsupportedEndpointType;
    response.error_message = "endpoints are of type 1 (brokers)";
  }
  return response;
}

}  // namespace

Route describe_cluster_route(const Identity& identity) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kDescribeCluster);
  route.answer = answering<DescribeClusterRequest>(
      [&identity](const DescribeClusterRequest& message, Request& request) {
        if (message.endpoint_type != kBrokerEndpoints) {
          request.failed = true;
          return refused(message);
        }
        DescribeClusterResponse response;
        response.cluster_id = identity.cluster_id;
        response.controller_id = identity.node_id;
        const Endpoint& endpoint = identity.endpoints[request.client->listener];
        auto& self = response.brokers.emplace_back();
        self.broker_id = identity.node_id;
        self.host = endpoint.host;
        self.port = endpoint.port;
        if (!identity.rack.empty()) self.rack = identity.rack;
        if (message.include_cluster_authorized_operations) {
          response.cluster_authorized_operations = kClusterOperations;
        }
        return response;
      });
  return route;
}

}  // namespace orloj::broker
