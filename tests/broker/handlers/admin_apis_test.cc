// CreateTopics, DeleteTopics, DescribeConfigs, DescribeCluster, DescribeTopicPartitions,
// InitProducerId.
#include <gtest/gtest.h>

#include <algorithm>

#include "broker/handlers/create_topics.h"
#include "protocol/messages/delete_topics.h"
#include "protocol/messages/describe_cluster.h"
#include "protocol/messages/describe_configs.h"
#include "protocol/messages/describe_topic_partitions.h"
#include "protocol/messages/init_producer_id.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using protocol::CreateTopicsRequest;
using protocol::CreateTopicsResponse;
using protocol::DeleteTopicsRequest;
using protocol::DeleteTopicsResponse;
using protocol::DescribeClusterRequest;
using protocol::DescribeClusterResponse;
using protocol::DescribeConfigsRequest;
using protocol::DescribeConfigsResponse;
using protocol::DescribeTopicPartitionsRequest;
using protocol::DescribeTopicPartitionsResponse;
using protocol::ErrorCode;
using protocol::InitProducerIdRequest;
using protocol::InitProducerIdResponse;
using test::Client;

class AdminApisTest : public testing::Test {
 protected:
  void SetUp() override {
    node_.config.settings = {{"default.replication.factor", "1", true, "copies"},
                             {"num.partitions", "4", false, "partitions"}};
    node_.start();
    client_.emplace(node_.port());
  }

  static CreateTopicsRequest create(std::string_view name) {
    CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = 1;
    topic.replication_factor = 1;
    return request;
  }

  CreateTopicsResponse::Topic created(const CreateTopicsRequest& request,
                                      std::int16_t version = 7) {
    return client_->call<CreateTopicsResponse>(request, version).topics.at(0);
  }

  bool exists(const std::string& name) { return node_.broker().catalog().find(name) != nullptr; }

  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(AdminApisTest, CreateTopics_EveryVersionCreates) {
  for (std::int16_t version = 2; version <= 7; ++version) {
    const std::string name = "v" + std::to_string(version);
    const auto answer = created(create(name), version);
    EXPECT_EQ(answer.error_code, ErrorCode::kNone) << version;
    EXPECT_TRUE(exists(name));
    if (version >= 5) {
      EXPECT_EQ(answer.num_partitions, 1);
      EXPECT_EQ(answer.replication_factor, 1);
      EXPECT_TRUE(answer.configs && !answer.configs->empty());
    }
    EXPECT_EQ(answer.topic_id.is_zero(), version < 7);
  }
}

TEST_F(AdminApisTest, CreateTopics_MinusOneTakesTheDefaults) {
  auto request = create("t");
  request.topics[0].num_partitions = -1;
  request.topics[0].replication_factor = -1;
  EXPECT_EQ(created(request).num_partitions, node_.config.coordinator.num_partitions);
}

TEST_F(AdminApisTest, CreateTopics_ValidateOnlyCreatesNothing) {
  auto request = create("t");
  request.validate_only = true;
  EXPECT_EQ(created(request).error_code, ErrorCode::kNone);
  EXPECT_FALSE(exists("t"));
}

TEST_F(AdminApisTest, CreateTopics_FaultsHaveTheirCodes) {
  created(create("t"));
  EXPECT_EQ(created(create("t")).error_code, ErrorCode::kTopicAlreadyExists);
  for (const std::string_view bad : {".", "..", "", "a/b"}) {
    EXPECT_EQ(created(create(bad)).error_code, ErrorCode::kInvalidTopicException) << bad;
  }
  auto request = create("u");
  request.topics[0].num_partitions = 0;
  EXPECT_EQ(created(request).error_code, ErrorCode::kInvalidPartitions);
  request = create("u");
  request.topics[0].replication_factor = 3;
  EXPECT_EQ(created(request).error_code, ErrorCode::kInvalidReplicationFactor);
  request = create("u");
  request.topics[0].configs.push_back({"no.such.config", "1"});
  EXPECT_EQ(created(request).error_code, ErrorCode::kInvalidConfig);
  EXPECT_FALSE(exists("u"));
  EXPECT_EQ(created(create("__consumer_offsets")).error_code, ErrorCode::kInvalidTopicException);
}

TEST_F(AdminApisTest, CreateTopics_NameTwiceIsRefusedOnce) {
  auto request = create("t");
  request.topics.push_back(request.topics[0]);
  const auto response = client_->call<CreateTopicsResponse>(request, 7);
  ASSERT_EQ(response.topics.size(), 1U);
  EXPECT_EQ(response.topics[0].error_code, ErrorCode::kInvalidRequest);
  EXPECT_FALSE(exists("t"));
}

TEST_F(AdminApisTest, CreateTopics_AssignmentsNameThisBroker) {
  auto request = create("t");
  request.topics[0].num_partitions = -1;
  request.topics[0].replication_factor = -1;
  request.topics[0].assignments = {{1, {node_.config.broker.node_id}},
                                   {0, {node_.config.broker.node_id}}};
  EXPECT_EQ(created(request).num_partitions, 2);
  request.topics[0].name = "u";
  request.topics[0].assignments[0].broker_ids = {77};
  EXPECT_EQ(created(request).error_code, ErrorCode::kInvalidReplicaAssignment);
}

TEST_F(AdminApisTest, DeleteTopics_ByNameInOldVersionsAndByIdInNew) {
  for (std::int16_t version = 1; version <= 5; ++version) {
    created(create("t"));
    DeleteTopicsRequest request;
    request.topic_names = {"t", "nobody"};
    const auto answer = client_->call<DeleteTopicsResponse>(request, version);
    EXPECT_EQ(answer.responses.at(0).error_code, ErrorCode::kNone) << version;
    EXPECT_EQ(answer.responses.at(1).error_code, ErrorCode::kUnknownTopicOrPartition) << version;
    EXPECT_FALSE(exists("t"));
  }
  const auto id = created(create("t")).topic_id;
  DeleteTopicsRequest request;
  request.topics.resize(2);
  request.topics[0].topic_id = id;
  request.topics[1].topic_id = protocol::Uuid{{1, 2, 3}};
  const auto answer = client_->call<DeleteTopicsResponse>(request, 6);
  EXPECT_EQ(answer.responses[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(answer.responses[0].name, "t");
  EXPECT_EQ(answer.responses[1].error_code, ErrorCode::kUnknownTopicId);
}

TEST_F(AdminApisTest, TopicMadeAgain_HasAnotherIdAndNoRecords) {
  const auto first = created(create("t")).topic_id;
  test::produce(*client_, "t", test::make_batch({{"a"}}));
  DeleteTopicsRequest request;
  request.topic_names = {"t"};
  client_->call<DeleteTopicsResponse>(request, 5);
  EXPECT_NE(created(create("t")).topic_id, first);
  EXPECT_EQ(test::fetch(*client_, test::fetch_request("t", 0)).high_watermark, 0);
}

TEST_F(AdminApisTest, DescribeConfigs_TopicHasDefaultsAndItsOwn) {
  test::create_topic(*client_, "t", 1, {{"retention.ms", "1234567"}});
  DescribeConfigsRequest request;
  auto& asked = request.resources.emplace_back();
  asked.resource_type = 2;
  asked.resource_name = "t";
  request.include_synonyms = true;
  for (std::int16_t version = 1; version <= 4; ++version) {
    const auto answer = client_->call<DescribeConfigsResponse>(request, version).results.at(0);
    const auto find = [&](std::string_view name) {
      return *std::ranges::find(answer.configs, name, &DescribeConfigsResponse::Config::name);
    };
    EXPECT_EQ(find("retention.ms").value, "1234567");
    EXPECT_EQ(find("retention.ms").config_source, 1);
    EXPECT_EQ(find("cleanup.policy").value, "delete");
    EXPECT_EQ(find("cleanup.policy").config_source, 5);
    EXPECT_FALSE(find("retention.ms").synonyms.empty());
  }
  request.resources[0].configuration_keys = {"retention.ms"};
  EXPECT_EQ(client_->call<DescribeConfigsResponse>(request, 4).results[0].configs.size(), 1U);
}

TEST_F(AdminApisTest, DescribeConfigs_BrokerTellsItsSettings) {
  DescribeConfigsRequest request;
  request.resources.resize(4);
  request.resources[0] = {4, "1", {}};
  request.resources[1] = {4, "", {}};
  request.resources[2] = {4, "9", {}};
  request.resources[3] = {8, "1", {}};
  const auto answer = client_->call<DescribeConfigsResponse>(request, 4);
  ASSERT_EQ(answer.results[0].configs.size(), 2U);
  EXPECT_EQ(answer.results[0].configs[0].name, "default.replication.factor");
  EXPECT_EQ(answer.results[0].configs[1].config_source, 4);
  EXPECT_TRUE(answer.results[1].configs.empty());
  EXPECT_EQ(answer.results[1].error_code, ErrorCode::kNone);
  EXPECT_EQ(answer.results[2].error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(answer.results[3].error_code, ErrorCode::kInvalidRequest);
}

TEST_F(AdminApisTest, DescribeCluster_IsThisBroker) {
  for (std::int16_t version = 0; version <= 2; ++version) {
    const auto answer = client_->call<DescribeClusterResponse>(DescribeClusterRequest{}, version);
    ASSERT_EQ(answer.brokers.size(), 1U);
    EXPECT_EQ(answer.brokers[0].port, node_.port());
    EXPECT_EQ(answer.controller_id, answer.brokers[0].broker_id);
    EXPECT_FALSE(answer.cluster_id.empty());
  }
  DescribeClusterRequest controllers;
  controllers.endpoint_type = 2;
  EXPECT_EQ(client_->call<DescribeClusterResponse>(controllers, 1).error_code,
            ErrorCode::kMismatchedEndpointType);
}

TEST_F(AdminApisTest, DescribeTopicPartitions_PagesThroughAllTopicsInOrder) {
  test::create_topic(*client_, "b", 3);
  test::create_topic(*client_, "a", 2);
  DescribeTopicPartitionsRequest request;
  request.response_partition_limit = 2;
  std::vector<std::string> seen;
  for (int page = 0; page < 10; ++page) {
    const auto answer = client_->call<DescribeTopicPartitionsResponse>(request, 0);
    for (const auto& topic : answer.topics) {
      for (const auto& partition : topic.partitions) {
        seen.push_back(*topic.name + std::to_string(partition.partition_index));
      }
    }
    if (!answer.next_cursor) break;
    request.cursor.emplace();
    request.cursor->topic_name = answer.next_cursor->topic_name == "a" ? "a" : "b";
    request.cursor->partition_index = answer.next_cursor->partition_index;
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"a0", "a1", "b0", "b1", "b2"}));
}

TEST_F(AdminApisTest, DescribeTopicPartitions_ClientsLimitIsBoundedByTheBrokers) {
  ASSERT_TRUE(node_.stop());
  node_.config.broker.response_partitions_max = 2;
  node_.start();
  client_.emplace(node_.port());
  test::create_topic(*client_, "a", 3);
  DescribeTopicPartitionsRequest request;
  request.response_partition_limit = 1'000;
  const auto answer = client_->call<DescribeTopicPartitionsResponse>(request, 0);
  ASSERT_EQ(answer.topics.size(), 1U);
  EXPECT_EQ(answer.topics[0].partitions.size(), 2U);
  ASSERT_TRUE(answer.next_cursor.has_value());
  EXPECT_EQ(answer.next_cursor->partition_index, 2);
}

TEST_F(AdminApisTest, DescribeTopicPartitions_UnknownTopicIsTold) {
  DescribeTopicPartitionsRequest request;
  request.topics.emplace_back().name = "nobody";
  const auto answer = client_->call<DescribeTopicPartitionsResponse>(request, 0);
  EXPECT_EQ(answer.topics.at(0).error_code, ErrorCode::kUnknownTopicOrPartition);
}

TEST_F(AdminApisTest, InitProducerId_GivesAFreshIdEachTimeInEveryVersion) {
  std::int64_t last = -1;
  for (std::int16_t version = 0; version <= 5; ++version) {
    const auto answer = client_->call<InitProducerIdResponse>(InitProducerIdRequest{}, version);
    EXPECT_EQ(answer.error_code, ErrorCode::kNone);
    EXPECT_GT(answer.producer_id, last);
    EXPECT_EQ(answer.producer_epoch, 0);
    last = answer.producer_id;
  }
}

TEST_F(AdminApisTest, InitProducerId_TransactionalIdIsRefusedForGood) {
  InitProducerIdRequest request;
  request.transactional_id = "x";
  EXPECT_EQ(client_->call<InitProducerIdResponse>(request, 4).error_code,
            ErrorCode::kTransactionalIdAuthorizationFailed);
}

}  // namespace
}  // namespace orloj::broker
