#include "broker/broker.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>

#include "protocol/messages/api_versions.h"
#include "protocol/messages/metadata.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using test::Client;
using test::make_batch;

TEST(Broker, TableOfApis_IsWhatApiVersionsTells) {
  test::Node node;
  node.start();
  Client client(node.port());
  const auto answer = client.call<protocol::ApiVersionsResponse>(protocol::ApiVersionsRequest{}, 4);
  std::set<std::int16_t> told;
  for (const auto& api : answer.api_keys) {
    EXPECT_TRUE(told.insert(api.api_key).second) << api.api_key;
    EXPECT_LE(api.min_version, api.max_version);
    const auto* row = protocol::find_api(api.api_key);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(api.max_version, row->max_version) << row->name;
    EXPECT_EQ(api.min_version, row->advertised_min_version) << row->name;
  }
  EXPECT_EQ(told.size(), node.broker().router().routes().size());
  for (const int key : {0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 22, 23, 32, 60}) {
    EXPECT_TRUE(told.contains(static_cast<std::int16_t>(key))) << key;
  }
}

// What librdkafka before 2.11.1 and kafkajs look for (see docs/compatibility).
TEST(Broker, AdvertisedRanges_HoldThePointsThatOldClientsProbe) {
  test::Node node;
  node.start();
  struct Probe {
    protocol::ApiKey key;
    std::int16_t version;
  };
  for (const Probe& probe :
       {Probe{protocol::ApiKey::kProduce, 0}, Probe{protocol::ApiKey::kProduce, 3},
        Probe{protocol::ApiKey::kProduce, 7}, Probe{protocol::ApiKey::kFetch, 4},
        Probe{protocol::ApiKey::kFetch, 10}, Probe{protocol::ApiKey::kFindCoordinator, 0},
        Probe{protocol::ApiKey::kListOffsets, 1}, Probe{protocol::ApiKey::kInitProducerId, 0},
        Probe{protocol::ApiKey::kJoinGroup, 0}, Probe{protocol::ApiKey::kOffsetForLeaderEpoch, 2},
        Probe{protocol::ApiKey::kMetadata, 6}, Probe{protocol::ApiKey::kOffsetFetch, 4},
        Probe{protocol::ApiKey::kOffsetCommit, 5}, Probe{protocol::ApiKey::kCreateTopics, 3},
        Probe{protocol::ApiKey::kDeleteTopics, 1}}) {
    const auto* row = protocol::find_api(probe.key);
    EXPECT_LE(row->advertised_min_version, probe.version) << row->name;
    EXPECT_GE(row->max_version, probe.version) << row->name;
  }
}

TEST(Broker, ListenerOnEveryAddress_TellsClientsTheNameOfTheMachine) {
  test::Node node;
  node.config.broker.listeners[0].host = "";
  node.start();
  std::array<char, 256> name{};
  ASSERT_EQ(gethostname(name.data(), name.size() - 1), 0);
  Client by_ipv4(node.port());
  const auto answer = by_ipv4.call<protocol::MetadataResponse>(protocol::MetadataRequest{}, 12);
  ASSERT_EQ(answer.brokers.size(), 1U);
  EXPECT_EQ(answer.brokers[0].host, name.data());
  EXPECT_EQ(answer.brokers[0].port, node.port());
  EXPECT_EQ(node.broker().advertised(), std::vector{"PLAINTEXT://" + std::string(name.data()) +
                                                    ":" + std::to_string(node.port())});
}

TEST(Broker, LowDiskSpace_IsAReasonNotToSendClientsHere) {
  test::Node node;
  node.start();
  EXPECT_EQ(node.broker().unready_reason(), "");
  ASSERT_TRUE(node.stop());
  node.config.log.disk_low_water_bytes = INT64_MAX;
  node.start();
  EXPECT_TRUE(node.broker().unready_reason().starts_with("disk space low: "))
      << node.broker().unready_reason();
}

TEST(Broker, DamagedProducerState_IsCountedInTheMetrics) {
  test::Node node;
  node.start();
  {
    Client client(node.port());
    test::create_topic(client, "t");
    test::produce(client, "t", make_batch({{"a"}}));
  }
  const std::string healthy = "orloj_log_producer_state_damaged_partitions{topic=\"t\"} 0\n";
  EXPECT_NE(node.broker().metrics().find(healthy), std::string::npos);
  ASSERT_TRUE(node.stop());
  for (const char* slot : {"0", "1"}) {
    const std::string path = node.config.log.data_dir + "/t-0/producer-state." + slot;
    if (std::filesystem::exists(path)) std::ofstream(path) << "no state";
  }
  node.start();
  const std::string damaged = "orloj_log_producer_state_damaged_partitions{topic=\"t\"} 1\n";
  EXPECT_NE(node.broker().metrics().find(damaged), std::string::npos);
  const std::string halted = "orloj_log_compaction_halted_partitions{topic=\"t\"} 0\n";
  EXPECT_NE(node.broker().metrics().find(halted), std::string::npos);
}

TEST(Broker, ALostSegment_AnswersCorruptMessageAndIsCountedInTheMetrics) {
  test::Node node;
  node.start();
  {
    Client client(node.port());
    test::create_topic(client, "t");
    test::produce(client, "t", make_batch({{"a"}, {"b"}}));
  }
  const std::string healthy = "orloj_log_damaged_offsets{topic=\"t\"} 0\n";
  EXPECT_NE(node.broker().metrics().find(healthy), std::string::npos);
  ASSERT_TRUE(node.stop());
  std::filesystem::remove(node.config.log.data_dir + "/t-0/00000000000000000000.log");
  for (int start = 0; start < 2; ++start) {
    node.start();
    const std::string damaged = "orloj_log_damaged_offsets{topic=\"t\"} 2\n";
    EXPECT_NE(node.broker().metrics().find(damaged), std::string::npos);
    {
      Client client(node.port());
      const auto lost = test::fetch(client, test::fetch_request("t", 0));
      EXPECT_EQ(lost.error_code, protocol::ErrorCode::kCorruptMessage);
    }
    ASSERT_TRUE(node.stop());
  }
}

TEST(Broker, SecondStartOnTheSameDirectory_NamesTheHolder) {
  test::Node node;
  node.start();
  auto second = Broker::start(node.env(), node.config, [](const std::string&) {});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos)
      << second.error().message;
}

TEST(Broker, Stop_EndsALongPollAtOnce) {
  test::Node node;
  node.start();
  Client client(node.port());
  test::create_topic(client, "t");
  auto request = test::fetch_request("t", 0);
  request.max_wait_ms = 600'000;
  ASSERT_TRUE(client.send(request, 11));
  Client other(node.port());
  test::produce(other, "nobody", make_batch({{"a"}}));
  EXPECT_TRUE(node.stop());
  EXPECT_TRUE(client.is_closed_by_broker());
}

TEST(Broker, Restart_KeepsTopicsTheirIdsAndTheClusterId) {
  test::Node node;
  node.start();
  std::optional<Client> client(node.port());
  test::create_topic(*client, "t", 3);
  const protocol::MetadataRequest all;
  const auto before = client->call<protocol::MetadataResponse>(all, 12);
  ASSERT_TRUE(node.stop());
  node.start();
  client.emplace(node.port());
  const auto after = client->call<protocol::MetadataResponse>(all, 12);
  ASSERT_EQ(after.topics.size(), 1U);
  EXPECT_EQ(after.cluster_id, before.cluster_id);
  EXPECT_EQ(after.topics[0].topic_id, before.topics[0].topic_id);
  EXPECT_EQ(after.topics[0].partitions.size(), 3U);
  EXPECT_GE(after.topics[0].partitions[0].leader_epoch,
            before.topics[0].partitions[0].leader_epoch);
}

}  // namespace
}  // namespace orloj::broker
