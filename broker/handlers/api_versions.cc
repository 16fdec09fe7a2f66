#include "broker/handlers/api_versions.h"

#include "broker/answering.h"
#include "protocol/messages/api_versions.h"

namespace orloj::broker {

using protocol::ApiVersionsRequest;
using protocol::ApiVersionsResponse;
using protocol::ErrorCode;

namespace {

ApiVersionsResponse::ApiVersion range_of(const protocol::ApiRow& api) {
  return {static_cast<std::int16_t>(api.key), api.advertised_min_version, api.max_version};
}

Answer answer_the_future(Request& request) {
  ApiVersionsResponse response;
  response.error_code = ErrorCode::kUnsupportedVersion;
  response.api_keys.push_back(range_of(*protocol::find_api(protocol::ApiKey::kApiVersions)));
  request.failed = true;
  return reply_as(request, 0, response);
}

}  // namespace

Route api_versions_route(const std::vector<Route>& others) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kApiVersions);
  ApiVersionsResponse response;
  for (const Route& other : others) response.api_keys.push_back(range_of(*other.api));
  response.api_keys.push_back(range_of(*route.api));
  response.finalized_features_epoch = 0;
  const auto known = answering<ApiVersionsRequest>(
      [response](const ApiVersionsRequest&, Request&) { return response; });
  route.answer = [api = route.api, known](Request& request) {
    return api->supports(request.header.api_version) ? known(request) : answer_the_future(request);
  };
  return route;
}

}  // namespace orloj::broker
