#include "broker/handlers/alter_configs.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "broker/answering.h"
#include "broker/blocking.h"
#include "broker/error_map.h"
#include "protocol/messages/alter_configs.h"
#include "protocol/messages/incremental_alter_configs.h"

namespace orloj::broker {

using coordinator::ConfigChanges;
using coordinator::ConfigOperation;
using coordinator::UnnamedConfigs;
using protocol::AlterConfigsRequest;
using protocol::AlterConfigsResponse;
using protocol::ErrorCode;
using protocol::IncrementalAlterConfigsRequest;
using protocol::IncrementalAlterConfigsResponse;

namespace {

constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kBrokerResource = 4;
constexpr std::int8_t kLoggerResource = 8;
constexpr std::int8_t kClientMetricsResource = 16;
constexpr std::int8_t kGroupResource = 32;

struct Failure {
  ErrorCode code = ErrorCode::kInvalidRequest;
  std::string message;
};
using Fault = std::optional<Failure>;  // nullopt: none

Failure invalid_request(std::string message) {
  return {ErrorCode::kInvalidRequest, std::move(message)};
}

UnnamedConfigs unnamed_by(const AlterConfigsRequest&) {
  return UnnamedConfigs::kGoBackToDefault;
}
UnnamedConfigs unnamed_by(const IncrementalAlterConfigsRequest&) {
  return UnnamedConfigs::kStay;
}

// nullopt: there is no such operation.
std::optional<ConfigOperation> operation_of(const AlterConfigsRequest::Config&) {
  return ConfigOperation::kSet;
}
std::optional<ConfigOperation> operation_of(const IncrementalAlterConfigsRequest::Config& config) {
  const auto operation = static_cast<ConfigOperation>(config.config_operation);
  switch (operation) {
    case ConfigOperation::kSet:
    case ConfigOperation::kDelete:
    case ConfigOperation::kAppend:
    case ConfigOperation::kSubtract:
      return operation;
  }
  return std::nullopt;
}

Fault fault_of_type(std::int8_t type) {
  switch (type) {
    case kTopicResource:
      return std::nullopt;
    case kBrokerResource:
      return invalid_request(
          "a broker's settings cannot be changed while it runs; give it others at its next start");
    case kLoggerResource:
    case kClientMetricsResource:
    case kGroupResource:
      return invalid_request(fmt::format("resources of type {} have no settings here", type));
    default:
      return invalid_request(fmt::format("Unknown resource type {}", type));
  }
}

// What is wrong with a resource whatever topics there are.
template <class Resource>
Fault fault_of(const Resource& asked) {
  std::set<std::string_view> names;
  std::string without_value;
  for (const auto& config : asked.configs) {
    if (!names.insert(config.name).second) {
      return invalid_request("Error due to duplicate config keys");
    }
    const auto operation = operation_of(config);
    if (!operation) return invalid_request(fmt::format("{}: unknown operation", config.name));
    if (config.value || operation == ConfigOperation::kDelete) continue;
    without_value.append(without_value.empty() ? "" : ", ").append(config.name);
  }
  if (!without_value.empty()) {
    return invalid_request("Null value not supported for : " + without_value);
  }
  if (auto fault = fault_of_type(asked.resource_type)) return fault;
  if (asked.resource_name.empty()) {
    return invalid_request("Default topic resources are not allowed.");
  }
  return std::nullopt;
}

template <class Resource>
ConfigChanges changes_of(const Resource& asked, UnnamedConfigs unnamed) {
  ConfigChanges changes;
  changes.unnamed = unnamed;
  for (const auto& config : asked.configs) {
    changes.changes.push_back({std::string(config.name),
                               operation_of(config).value_or(ConfigOperation::kSet),
                               std::string(config.value.value_or(""))});
  }
  return changes;
}

Fault alter_topic(Topics& topics, std::string_view name, const ConfigChanges& changes,
                  bool validate_only) {
  coordinator::Status altered;
  if (validate_only) {
    const auto planned = topics.catalog().plan_configs(name, changes);
    if (!planned) altered = planned.error();
  } else {
    altered = topics.alter_configs(name, changes);
  }
  if (altered) return std::nullopt;
  return Failure{to_wire(altered.error().code), altered.error().message};
}

template <class Response, class Message>
Response alter_all(Topics& topics, const Message& message, Request& request) {
  std::map<std::pair<std::int8_t, std::string_view>, int> named;
  for (const auto& asked : message.resources) ++named[{asked.resource_type, asked.resource_name}];
  Response response;
  for (const auto& asked : message.resources) {
    auto& answer = response.responses.emplace_back();
    answer.resource_type = asked.resource_type;
    answer.resource_name = asked.resource_name;
    Fault fault;
    if (named[{asked.resource_type, asked.resource_name}] > 1) {
      fault = invalid_request("Each resource must appear at most once.");
    } else if (fault = fault_of(asked); !fault) {
      fault = alter_topic(topics, asked.resource_name, changes_of(asked, unnamed_by(message)),
                          message.validate_only);
    }
    if (!fault) continue;
    request.failed = true;
    answer.error_code = fault->code;
    answer.error_message = std::move(fault->message);
  }
  return response;
}

template <class Message, class Response>
Route route_of(protocol::ApiKey key, Topics& topics, BlockingPool& blocking) {
  Route route;
  route.api = protocol::find_api(key);
  route.waiting = on_blocking_pool(
      blocking, answering<Message>([&topics](const Message& message, Request& request) {
        return alter_all<Response>(topics, message, request);
      }));
  return route;
}

}  // namespace

Route alter_configs_route(Topics& topics, BlockingPool& blocking) {
  return route_of<AlterConfigsRequest, AlterConfigsResponse>(protocol::ApiKey::kAlterConfigs,
                                                             topics, blocking);
}

Route incremental_alter_configs_route(Topics& topics, BlockingPool& blocking) {
  return route_of<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(
      protocol::ApiKey::kIncrementalAlterConfigs, topics, blocking);
}

}  // namespace orloj::broker
