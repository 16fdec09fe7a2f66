// Finds the row for a request. One table feeds dispatch, ApiVersions and the labels of metrics.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "broker/request.h"
#include "broker/route.h"

namespace orloj::broker {

// The connection is closed; the reason goes to the log.
struct Refusal {
  std::string reason;
};

class Router {
 public:
  // Rows in any order; one per API key.
  explicit Router(std::vector<Route> routes);

  // Reads the header into `request`. ApiVersions of any version finds its row, since its handler
  // answers versions from the future too; any other unknown API or version is refused, as Kafka
  // does.
  std::variant<const Route*, Refusal> find(Request& request) const;
  std::span<const Route> routes() const { return routes_; }

 private:
  std::vector<Route> routes_;               // ascending by key
  std::vector<const Route*> route_by_key_;  // null: not spoken here
};

}  // namespace orloj::broker
