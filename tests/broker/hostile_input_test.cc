// Promise 8: bad input costs nothing. Damaged requests of every API and version; nobody else
// notices.
#include <gtest/gtest.h>

#include <random>

#include "protocol/messages/create_topics.h"
#include "protocol/messages/describe_configs.h"
#include "protocol/messages/describe_groups.h"
#include "protocol/messages/fetch.h"
#include "protocol/messages/find_coordinator.h"
#include "protocol/messages/join_group.h"
#include "protocol/messages/list_offsets.h"
#include "protocol/messages/metadata.h"
#include "protocol/messages/offset_commit.h"
#include "protocol/messages/offset_fetch.h"
#include "protocol/messages/produce.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using test::Client;

constexpr int kDamagedFrames = 1'500;
constexpr std::size_t kFlipsMax = 4;

template <class Message>
void add_versions(const Message& message, std::vector<std::vector<std::byte>>& frames) {
  for (std::int16_t version = Message::kMinVersion; version <= Message::kMaxVersion; ++version) {
    protocol::RequestHeader header;
    header.api_version = version;
    header.client_id = "hostile";
    frames.push_back(protocol::encode_request_frame(message, header).value().bytes);
  }
}

// One sound frame of each version of APIs that take lists.
std::vector<std::vector<std::byte>> sound_frames(std::span<const std::byte> batch) {
  std::vector<std::vector<std::byte>> frames;
  add_versions(test::produce_request("t", 0, batch, 1), frames);
  add_versions(test::fetch_request("t", 0), frames);
  protocol::MetadataRequest metadata;
  metadata.topics.emplace(1);
  metadata.topics->at(0).name = "t";
  metadata.allow_auto_topic_creation = false;
  add_versions(metadata, frames);
  protocol::ListOffsetsRequest offsets;
  offsets.topics.resize(1);
  offsets.topics[0].name = "t";
  offsets.topics[0].partitions.resize(1);
  add_versions(offsets, frames);
  protocol::JoinGroupRequest join;
  join.group_id = "g";
  join.protocol_type = "consumer";
  join.protocols.resize(2);
  add_versions(join, frames);
  protocol::OffsetCommitRequest commit;
  commit.group_id = "g";
  commit.topics.resize(1);
  commit.topics[0].partitions.resize(2);
  add_versions(commit, frames);
  protocol::DescribeConfigsRequest configs;
  configs.resources.resize(2);
  configs.resources[0] = {2, "t", {}};
  add_versions(configs, frames);
  add_versions(protocol::FindCoordinatorRequest{}, frames);
  protocol::CreateTopicsRequest create;
  create.validate_only = true;
  create.topics.resize(1);
  create.topics[0].name = "u";
  create.topics[0].configs.push_back({"retention.ms", "1"});
  add_versions(create, frames);
  return frames;
}

TEST(HostileInput, DamagedRequests_HarmNobodyElse) {
  test::Node node;
  node.config.broker.net.frame_deadline_ms = 1'000;
  node.config.broker.auto_create_topics = false;
  node.start();
  Client good(node.port());
  test::create_topic(good, "t");
  const auto batch = test::make_batch({{"a"}, {"b"}});
  const auto sound = sound_frames(batch);
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::optional<Client> bad;
  for (int i = 0; i < kDamagedFrames; ++i) {
    auto frame = sound[random() % sound.size()];
    for (std::size_t flips = random() % kFlipsMax + 1; flips > 0; --flips) {
      frame[4 + random() % (frame.size() - 4)] = static_cast<std::byte>(random());
    }
    if (random() % 4 == 0) {
      frame.resize(4 + random() % (frame.size() - 4));
      log::store_big(frame.data(), static_cast<std::int32_t>(frame.size() - 4));
    }
    // A connection that was closed, or waits in a long poll, makes room for a new one.
    bad.emplace(node.port());
    bad->send(frame);
  }
  EXPECT_EQ(test::produce(good, "t", batch).error_code, protocol::ErrorCode::kNone);
  bad.reset();
  EXPECT_TRUE(node.stop());
}

TEST(HostileInput, WhatIsNamedTwice_IsAnsweredOnce) {
  test::Node node;
  node.start();
  Client client(node.port());
  test::create_topic(client, "t");
  protocol::MetadataRequest metadata;
  metadata.topics.emplace(3);
  for (auto& topic : *metadata.topics) topic.name = "t";
  EXPECT_EQ(client.call<protocol::MetadataResponse>(metadata, 12).topics.size(), 1U);
  protocol::DescribeConfigsRequest configs;
  configs.resources.assign(3, {2, "t", {}});
  EXPECT_EQ(client.call<protocol::DescribeConfigsResponse>(configs, 4).results.size(), 1U);
  protocol::DescribeGroupsRequest groups;
  groups.groups.assign(3, "g");
  EXPECT_EQ(client.call<protocol::DescribeGroupsResponse>(groups, 5).groups.size(), 1U);
  protocol::OffsetFetchRequest offsets;
  offsets.groups.resize(2);
  for (auto& group : offsets.groups) {
    group.group_id = "g";
    group.topics.emplace(2);
    for (auto& topic : *group.topics) {
      topic.name = "t";
      topic.partition_indexes = {1, 0, 1};
    }
  }
  const auto fetched = client.call<protocol::OffsetFetchResponse>(offsets, 8);
  ASSERT_EQ(fetched.groups.size(), 1U);
  ASSERT_EQ(fetched.groups[0].topics.size(), 1U);
  EXPECT_EQ(fetched.groups[0].topics[0].partitions.size(), 2U);
}

// As in Kafka.
TEST(HostileInput, OffsetsOfOnePartitionAskedTwice_AreRefused) {
  test::Node node;
  node.start();
  Client client(node.port());
  test::create_topic(client, "t");
  protocol::ListOffsetsRequest request;
  request.topics.resize(2);
  for (auto& topic : request.topics) {
    topic.name = "t";
    topic.partitions.resize(1);
  }
  const auto answer = client.call<protocol::ListOffsetsResponse>(request, 5);
  ASSERT_EQ(answer.topics.size(), 2U);
  for (const auto& topic : answer.topics) {
    EXPECT_EQ(topic.partitions[0].error_code, protocol::ErrorCode::kInvalidRequest);
  }
}

TEST(HostileInput, CountsBeyondTheFrame_CostNoMemory) {
  test::Node node;
  node.start();
  Client client(node.port());
  auto frame =
      protocol::encode_request_frame(protocol::MetadataRequest{}, {3, 1, 1, "x"}).value().bytes;
  log::store_big(frame.data() + frame.size() - 4, std::int32_t{0x7fffffff});
  ASSERT_TRUE(client.send(frame));
  EXPECT_TRUE(client.is_closed_by_broker());
}

}  // namespace
}  // namespace orloj::broker
