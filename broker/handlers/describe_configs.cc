#include "broker/handlers/describe_configs.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "broker/answering.h"
#include "coordinator/topic_config.h"
#include "protocol/messages/describe_configs.h"

namespace orloj::broker {

using protocol::DescribeConfigsRequest;
using protocol::DescribeConfigsResponse;
using protocol::ErrorCode;
using Described = DescribeConfigsResponse::Config;

namespace {

constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kBrokerResource = 4;
constexpr std::int8_t kStringType = 2;

bool is_wanted(const DescribeConfigsRequest::Resource& asked, std::string_view name) {
  if (!asked.configuration_keys) return true;
  return std::ranges::find(*asked.configuration_keys, name) != asked.configuration_keys->end();
}

std::vector<Described> describe_topic(const DescribeConfigsRequest& message,
                                      const DescribeConfigsRequest::Resource& asked,
                                      const coordinator::Topic& topic,
                                      const coordinator::BrokerTopicSettings& defaults) {
  std::vector<Described> configs;
  for (auto& config : coordinator::describe_topic_configs(topic.configs, defaults)) {
    if (!is_wanted(asked, config.name)) continue;
    Described& described = configs.emplace_back();
    described.name = std::move(config.name);
    described.value = std::move(config.value);
    described.config_source = static_cast<std::int8_t>(config.source);
    described.config_type = static_cast<std::int8_t>(config.type);
    if (message.include_documentation) described.documentation = std::move(config.documentation);
    if (!message.include_synonyms) continue;
    for (auto& synonym : config.synonyms) {
      described.synonyms.push_back({std::move(synonym.name), std::move(synonym.value),
                                    static_cast<std::int8_t>(synonym.source)});
    }
  }
  return configs;
}

std::vector<Described> describe_broker(const DescribeConfigsRequest& message,
                                       const DescribeConfigsRequest::Resource& asked,
                                       const std::vector<BrokerSetting>& settings) {
  std::vector<Described> configs;
  for (const BrokerSetting& setting : settings) {
    if (!is_wanted(asked, setting.name)) continue;
    Described& described = configs.emplace_back();
    described.name = setting.name;
    described.value = setting.value;
    described.read_only = true;
    const auto source = setting.is_default ? coordinator::ConfigSource::kDefault
                                           : coordinator::ConfigSource::kStaticBroker;
    described.config_source = static_cast<std::int8_t>(source);
    described.config_type = kStringType;
    if (message.include_documentation) described.documentation = setting.meaning;
    if (message.include_synonyms) {
      described.synonyms.push_back({setting.name, setting.value, described.config_source});
    }
  }
  return configs;
}

}  // namespace

Route describe_configs_route(const Identity& identity, const Topics& topics,
                             const std::vector<BrokerSetting>& settings) {
  const auto describe = [&](const DescribeConfigsRequest& message,
                            const DescribeConfigsRequest::Resource& asked) {
    DescribeConfigsResponse::Resource answer;
    answer.resource_type = asked.resource_type;
    answer.resource_name = asked.resource_name;
    if (asked.resource_type == kTopicResource) {
      const auto topic = topics.catalog().find(asked.resource_name);
      if (topic) {
        answer.configs = describe_topic(message, asked, *topic, topics.defaults());
      } else {
        answer.error_code = ErrorCode::kUnknownTopicOrPartition;
        answer.error_message = "no such topic";
      }
    } else if (asked.resource_type != kBrokerResource) {
      answer.error_code = ErrorCode::kInvalidRequest;
      answer.error_message =
          fmt::format("resources of type {} have no settings here", asked.resource_type);
    } else if (asked.resource_name == std::to_string(identity.node_id)) {
      answer.configs = describe_broker(message, asked, settings);
    } else if (!asked.resource_name.empty()) {
      answer.error_code = ErrorCode::kInvalidRequest;
      answer.error_message = fmt::format("this is broker {}", identity.node_id);
    }
    return answer;
  };
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kDescribeConfigs);
  route.answer = answering<DescribeConfigsRequest>(
      [describe](const DescribeConfigsRequest& message, Request& request) {
        DescribeConfigsResponse response;
        std::set<std::pair<std::int8_t, std::string_view>> named;
        for (const auto& asked : message.resources) {
          if (!named.emplace(asked.resource_type, asked.resource_name).second) continue;
          response.results.push_back(describe(message, asked));
          request.failed |= response.results.back().error_code != ErrorCode::kNone;
        }
        return response;
      });
  return route;
}

}  // namespace orloj::broker
