#include "broker/handlers/metadata.h"

#include <gtest/gtest.h>

#include "protocol/messages/metadata.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using protocol::ErrorCode;
using protocol::MetadataRequest;
using protocol::MetadataResponse;
using test::Client;

class MetadataTest : public testing::Test {
 protected:
  MetadataTest() {
    node_.config.broker.listeners.push_back(node_.config.broker.listeners[0]);
    node_.config.broker.listeners[1].name = "OUTSIDE";
    node_.config.broker.listeners[1].advertised_host = "orloj.example";
    node_.config.broker.listeners[1].advertised_port = 19092;
    node_.config.broker.rack = "r1";
  }
  void SetUp() override {
    node_.start();
    client_.emplace(node_.port());
  }

  static MetadataRequest ask(std::string_view name) {
    MetadataRequest request;
    request.topics.emplace();
    request.topics->emplace_back().name = name;
    return request;
  }

  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(MetadataTest, Answer_IsForTheListenerThatWasAsked) {
  const auto inside = client_->call<MetadataResponse>(MetadataRequest{}, 9);
  ASSERT_EQ(inside.brokers.size(), 1U);
  EXPECT_EQ(inside.brokers[0].host, "127.0.0.1");
  EXPECT_EQ(inside.brokers[0].port, node_.port());
  EXPECT_EQ(inside.brokers[0].rack, "r1");
  EXPECT_EQ(inside.controller_id, inside.brokers[0].node_id);
  EXPECT_TRUE(inside.cluster_id);
  Client outside(node_.port(1));
  const auto answer = outside.call<MetadataResponse>(MetadataRequest{}, 9);
  EXPECT_EQ(answer.brokers[0].host, "orloj.example");
  EXPECT_EQ(answer.brokers[0].port, 19092);
}

TEST_F(MetadataTest, MissingTopic_IsCreatedAndAnsweredAtOnceInEveryVersion) {
  for (std::int16_t version = 0; version <= 13; ++version) {
    const std::string name = "auto-" + std::to_string(version);
    const auto answer = client_->call<MetadataResponse>(ask(name), version);
    ASSERT_EQ(answer.topics.size(), 1U) << version;
    EXPECT_EQ(answer.topics[0].error_code, ErrorCode::kNone) << version;
    ASSERT_EQ(answer.topics[0].partitions.size(), 1U) << version;
    EXPECT_EQ(answer.topics[0].partitions[0].leader_id, node_.config.broker.node_id);
    EXPECT_EQ(answer.topics[0].partitions[0].replica_nodes.size(), 1U);
    EXPECT_EQ(answer.topics[0].topic_id.is_zero(), version < 10) << version;
  }
}

TEST_F(MetadataTest, MissingTopic_IsNotCreatedWhenTheClientForbidsIt) {
  auto request = ask("t");
  request.allow_auto_topic_creation = false;
  const auto answer = client_->call<MetadataResponse>(request, 4);
  EXPECT_EQ(answer.topics[0].error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(answer.topics[0].name, "t");
  EXPECT_TRUE(client_->call<MetadataResponse>(MetadataRequest{}, 4).topics.empty());
}

TEST_F(MetadataTest, InvalidOrReservedName_IsNotCreated) {
  EXPECT_EQ(client_->call<MetadataResponse>(ask("a b"), 9).topics[0].error_code,
            ErrorCode::kInvalidTopicException);
  EXPECT_NE(client_->call<MetadataResponse>(ask("__transaction_state"), 9).topics[0].error_code,
            ErrorCode::kNone);
}

TEST_F(MetadataTest, NoTopicsAsked_MeansAllInVersion0AndNoneLater) {
  test::create_topic(*client_, "t");
  MetadataRequest none;
  none.topics.emplace();
  EXPECT_EQ(client_->call<MetadataResponse>(none, 0).topics.size(), 1U);
  EXPECT_EQ(client_->call<MetadataResponse>(none, 1).topics.size(), 0U);
  EXPECT_EQ(client_->call<MetadataResponse>(MetadataRequest{}, 1).topics.size(), 1U);
}

TEST_F(MetadataTest, TopicById_IsFoundOrToldUnknown) {
  test::create_topic(*client_, "t");
  MetadataRequest request;
  request.topics.emplace(2);
  request.topics->at(0).topic_id.bytes = node_.broker().catalog().find("t")->id.bytes;
  request.topics->at(1).topic_id.bytes[5] = 1;
  const auto answer = client_->call<MetadataResponse>(request, 12);
  EXPECT_EQ(answer.topics[0].name, "t");
  EXPECT_EQ(answer.topics[1].error_code, ErrorCode::kUnknownTopicId);
  EXPECT_FALSE(answer.topics[1].name);
}

TEST_F(MetadataTest, AuthorizedOperations_AreToldOnlyWhenAsked) {
  auto request = ask("t");
  const auto silent = client_->call<MetadataResponse>(request, 8);
  EXPECT_EQ(silent.topics[0].topic_authorized_operations, INT32_MIN);
  EXPECT_EQ(silent.cluster_authorized_operations, INT32_MIN);
  request.include_topic_authorized_operations = true;
  request.include_cluster_authorized_operations = true;
  const auto told = client_->call<MetadataResponse>(request, 8);
  EXPECT_GT(told.topics[0].topic_authorized_operations, 0);
  EXPECT_GT(told.cluster_authorized_operations, 0);
}

class NoAutoCreateTest : public MetadataTest {
 protected:
  NoAutoCreateTest() { node_.config.broker.auto_create_topics = false; }
};

TEST_F(NoAutoCreateTest, MissingTopic_IsUnknown) {
  EXPECT_EQ(client_->call<MetadataResponse>(ask("t"), 9).topics[0].error_code,
            ErrorCode::kUnknownTopicOrPartition);
}

}  // namespace
}  // namespace orloj::broker
