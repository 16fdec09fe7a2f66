#include "broker/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

namespace orloj::broker {

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  std::ranges::sort(routes_, {}, [](const Route& route) { return route.api->key; });
  for (const Route& route : routes_) {
    assert((route.answer != nullptr) != (route.waiting != nullptr));
    const auto key = static_cast<std::size_t>(route.api->key);
    if (route_by_key_.size() <= key) route_by_key_.resize(key + 1);
    assert(route_by_key_[key] == nullptr);
    route_by_key_[key] = &route;
  }
}

std::variant<const Route*, Refusal> Router::find(Request& request) const {
  const auto split = protocol::split_request(protocol::BytesView(request.frame.span()));
  if (!split) return Refusal{split.error().message};
  request.header = split->header;
  request.body = split->body;
  const auto key = static_cast<std::size_t>(request.header.api_key);
  if (request.header.api_key < 0 || key >= route_by_key_.size() || !route_by_key_[key]) {
    return Refusal{fmt::format("api key {} is not spoken here", request.header.api_key)};
  }
  return route_by_key_[key];
}

}  // namespace orloj::broker
