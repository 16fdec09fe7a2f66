// AlterConfigs and IncrementalAlterConfigs over the wire, and what DescribeConfigs says afterwards.
#include "broker/handlers/alter_configs.h"

#include <gtest/gtest.h>

#include <array>

#include "protocol/messages/alter_configs.h"
#include "protocol/messages/describe_configs.h"
#include "protocol/messages/find_coordinator.h"
#include "protocol/messages/incremental_alter_configs.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using protocol::AlterConfigsRequest;
using protocol::AlterConfigsResponse;
using protocol::ErrorCode;
using protocol::IncrementalAlterConfigsRequest;
using protocol::IncrementalAlterConfigsResponse;
using test::Client;
using Configs = coordinator::TopicConfigs;

constexpr std::int8_t kTopic = 2;
constexpr std::int8_t kSet = 0;
constexpr std::int8_t kDelete = 1;
constexpr std::int8_t kAppend = 2;
constexpr std::int8_t kSubtract = 3;

class AlterConfigsTest : public testing::Test {
 protected:
  using Incremental = IncrementalAlterConfigsRequest::Config;
  using Answered = IncrementalAlterConfigsResponse::Resource;

  void SetUp() override {
    node_.start();
    client_.emplace(node_.port());
    test::create_topic(*client_, "t", 2, {{"retention.ms", "1000"}, {"segment.ms", "5000"}});
  }

  static IncrementalAlterConfigsRequest change(std::vector<Incremental> configs,
                                               std::string_view name = "t") {
    IncrementalAlterConfigsRequest request;
    request.resources.push_back({kTopic, name, std::move(configs)});
    return request;
  }
  static AlterConfigsRequest replace(std::vector<AlterConfigsRequest::Config> configs,
                                     std::string_view name = "t") {
    AlterConfigsRequest request;
    request.resources.push_back({kTopic, name, std::move(configs)});
    return request;
  }

  Answered altered(const IncrementalAlterConfigsRequest& request, std::int16_t version = 1) {
    return client_->call<IncrementalAlterConfigsResponse>(request, version).responses.at(0);
  }
  AlterConfigsResponse::Resource altered(const AlterConfigsRequest& request,
                                         std::int16_t version = 2) {
    return client_->call<AlterConfigsResponse>(request, version).responses.at(0);
  }
  template <class AlterRequest>
  void expect(const AlterRequest& request, ErrorCode code,
              const std::optional<std::string>& message) {
    const auto answer = altered(request);
    EXPECT_EQ(answer.error_code, code);
    EXPECT_EQ(answer.error_message, message);
    EXPECT_EQ(answer.resource_type, request.resources[0].resource_type);
    EXPECT_EQ(answer.resource_name, request.resources[0].resource_name);
  }

  // What DescribeConfigs says is set on the topic.
  Configs described(std::string_view name = "t") {
    protocol::DescribeConfigsRequest request;
    request.resources.push_back({kTopic, name, {}});
    const auto answer = client_->call<protocol::DescribeConfigsResponse>(request, 4);
    Configs set;
    for (const auto& config : answer.results.at(0).configs) {
      if (config.config_source == 1) set.emplace(config.name, config.value.value_or("null"));
    }
    return set;
  }

  const Configs before_ = {{"retention.ms", "1000"}, {"segment.ms", "5000"}};
  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(AlterConfigsTest, EveryVersionSetsAndDeletes) {
  for (std::int16_t version = 0; version <= 1; ++version) {
    const std::string value = std::to_string(2'000 + version);
    const auto answer = altered(change({{"retention.ms", kSet, value},
                                        {"durability", kSet, "async"},
                                        {"segment.ms", kDelete, std::nullopt}}),
                                version);
    EXPECT_EQ(answer.error_code, ErrorCode::kNone);
    EXPECT_EQ(answer.error_message, std::nullopt);
    EXPECT_EQ(answer.resource_type, kTopic);
    EXPECT_EQ(answer.resource_name, "t");
    EXPECT_EQ(described(), (Configs{{"retention.ms", value}, {"durability", "async"}}));
  }
}

TEST_F(AlterConfigsTest, EveryVersionReplacesAll) {
  for (std::int16_t version = 0; version <= 2; ++version) {
    const std::string value = std::to_string(2'000 + version);
    const auto answer = altered(replace({{"max.message.bytes", value}}), version);
    EXPECT_EQ(answer.error_code, ErrorCode::kNone);
    EXPECT_EQ(answer.error_message, std::nullopt);
    EXPECT_EQ(answer.resource_name, "t");
    EXPECT_EQ(described(), (Configs{{"max.message.bytes", value}}));
  }
  altered(replace({}));
  EXPECT_EQ(described(), Configs{});
}

TEST_F(AlterConfigsTest, ListsGrowAndShrink) {
  altered(change({{"cleanup.policy", kAppend, "compact"}}));
  EXPECT_EQ(described().at("cleanup.policy"), "delete,compact");
  altered(change({{"cleanup.policy", kSubtract, "delete"}}));
  EXPECT_EQ(described().at("cleanup.policy"), "compact");
  altered(change({{"cleanup.policy", kDelete, std::nullopt}}));
  EXPECT_EQ(described(), before_);
}

TEST_F(AlterConfigsTest, ValidateOnlyChecksAndChangesNothing) {
  auto request = change({{"retention.ms", kSet, "7"}});
  request.validate_only = true;
  expect(request, ErrorCode::kNone, std::nullopt);
  request.resources[0].configs[0].value = "soon";
  EXPECT_EQ(altered(request).error_code, ErrorCode::kInvalidConfig);
  auto all = replace({});
  all.validate_only = true;
  expect(all, ErrorCode::kNone, std::nullopt);
  EXPECT_EQ(described(), before_);
  const auto topic = node_.broker().catalog().find("t");
  EXPECT_EQ(node_.broker().logs().find({topic->id, 0})->config().retention_ms, 1000);
}

TEST_F(AlterConfigsTest, UnknownTopicsAndBadNamesAreToldApart) {
  expect(change({{"retention.ms", kSet, "7"}}, "nobody"), ErrorCode::kUnknownTopicOrPartition,
         "The topic 'nobody' does not exist.");
  expect(replace({}, "nobody"), ErrorCode::kUnknownTopicOrPartition,
         "The topic 'nobody' does not exist.");
  EXPECT_EQ(altered(change({}, "a/b")).error_code, ErrorCode::kInvalidTopicException);
  expect(change({}, ""), ErrorCode::kInvalidRequest, "Default topic resources are not allowed.");
}

TEST_F(AlterConfigsTest, BadConfigsAreNamedWithTheirValue) {
  expect(change({{"segment.ms", kSet, "9"}, {"no.such.config", kSet, "1"}}),
         ErrorCode::kInvalidConfig, "Unknown topic config name: no.such.config");
  const auto answer = altered(change({{"segment.ms", kSet, "9"}, {"retention.ms", kSet, "soon"}}));
  EXPECT_EQ(answer.error_code, ErrorCode::kInvalidConfig);
  EXPECT_EQ(answer.error_message.value_or("").find("retention.ms=soon"), 0U);
  EXPECT_EQ(altered(replace({{"min.insync.replicas", "2"}})).error_code, ErrorCode::kInvalidConfig);
  expect(change({{"retention.ms", kAppend, "1"}}), ErrorCode::kInvalidConfig,
         "Can't APPEND to key retention.ms because its type is not LIST.");
  EXPECT_EQ(described(), before_);
}

TEST_F(AlterConfigsTest, RequestsThatContradictThemselvesAreRefused) {
  const auto bad = ErrorCode::kInvalidRequest;
  for (const std::int8_t operation : {kSet, kAppend, kSubtract}) {
    expect(change({{"retention.ms", operation, std::nullopt}}), bad,
           "Null value not supported for : retention.ms");
  }
  expect(replace({{"retention.ms", std::nullopt}, {"flush.ms", std::nullopt}}), bad,
         "Null value not supported for : retention.ms, flush.ms");
  expect(change({{"retention.ms", kSet, "1"}, {"retention.ms", kSet, "2"}}), bad,
         "Error due to duplicate config keys");
  expect(change({{"retention.ms", 4, "1"}}), bad, "retention.ms: unknown operation");
  expect(change({{"retention.ms", -1, "1"}}), bad, "retention.ms: unknown operation");
  EXPECT_EQ(described(), before_);
}

TEST_F(AlterConfigsTest, ResourceTwiceIsRefusedAndOthersStandForThemselves) {
  test::create_topic(*client_, "u");
  auto request = change({{"retention.ms", kSet, "1"}});
  request.resources.push_back({kTopic, "nobody", {}});
  request.resources.push_back({kTopic, "u", {{"retention.ms", kSet, "3"}}});
  request.resources.push_back({kTopic, "t", {{"retention.ms", kSet, "2"}}});
  const auto answer = client_->call<IncrementalAlterConfigsResponse>(request, 1);
  ASSERT_EQ(answer.responses.size(), 4U);
  for (const std::size_t twice : {0U, 3U}) {
    EXPECT_EQ(answer.responses[twice].resource_name, "t");
    EXPECT_EQ(answer.responses[twice].error_code, ErrorCode::kInvalidRequest);
    EXPECT_EQ(answer.responses[twice].error_message, "Each resource must appear at most once.");
  }
  EXPECT_EQ(answer.responses[1].error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(answer.responses[2].error_code, ErrorCode::kNone);
  EXPECT_EQ(described("t"), before_);
  EXPECT_EQ(described("u"), (Configs{{"retention.ms", "3"}}));
}

TEST_F(AlterConfigsTest, WhatIsNoTopicIsRefused) {
  for (const std::int8_t type : std::to_array<std::int8_t>({4, 8, 16, 32, 1, 0})) {
    auto request = change({{"log.retention.ms", kSet, "1"}}, "1");
    request.resources[0].resource_type = type;
    const auto answer = altered(request);
    EXPECT_EQ(answer.error_code, ErrorCode::kInvalidRequest) << int{type};
    EXPECT_NE(answer.error_message.value_or(""), "") << int{type};
  }
}

TEST_F(AlterConfigsTest, InternalTopicKeepsWhatCommittedOffsetsLiveBy) {
  protocol::FindCoordinatorRequest find;  // makes the topic
  find.key = "g";
  client_->call<protocol::FindCoordinatorResponse>(find, 1);
  const std::string_view name = "__consumer_offsets";
  const Configs before = described(name);
  for (const auto& request : {change({{"cleanup.policy", kSet, "delete"}}, name),
                              change({{"durability", kSet, "async"}}, name),
                              change({{"durability", kDelete, std::nullopt}}, name)}) {
    EXPECT_EQ(altered(request).error_code, ErrorCode::kInvalidConfig);
  }
  EXPECT_EQ(altered(replace({}, name)).error_code, ErrorCode::kInvalidConfig);
  EXPECT_EQ(described(name), before);
  expect(change({{"segment.bytes", kSet, "2097152"}}, name), ErrorCode::kNone, std::nullopt);
  EXPECT_EQ(described(name).at("segment.bytes"), "2097152");
}

TEST_F(AlterConfigsTest, WhatIsAnsweredOutlivesAKillAndACleanStop) {
  altered(change({{"retention.ms", kSet, "-1"},
                  {"durability", kSet, "async"},
                  {"segment.ms", kDelete, std::nullopt}}));
  const Configs after = {{"retention.ms", "-1"}, {"durability", "async"}};
  const auto expect_kept = [&] {
    client_.emplace(node_.port());
    EXPECT_EQ(described(), after);
    const auto topic = node_.broker().catalog().find("t");
    const auto config = node_.broker().logs().find({topic->id, 1})->config();
    EXPECT_EQ(config.retention_ms, -1);
    EXPECT_EQ(config.durability, log::Durability::kAsync);
  };
  client_.reset();
  node_.crash();
  expect_kept();
  client_.reset();
  ASSERT_TRUE(node_.stop());
  node_.start();
  expect_kept();
}

}  // namespace
}  // namespace orloj::broker
