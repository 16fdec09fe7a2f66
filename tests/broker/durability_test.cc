// The table of durability and visibility, as clients see it while the disk takes its time: when
// each acks is answered, what a Fetch shows, and what a kill leaves.
#include <gtest/gtest.h>

#include "log/record_batch.h"
#include "protocol/messages/incremental_alter_configs.h"
#include "protocol/messages/list_offsets.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using protocol::ErrorCode;
using protocol::ProduceRequest;
using protocol::ProduceResponse;
using test::Client;
using test::HeldFiles;
using test::make_batch;

constexpr const char* kJournal = ".journal";
constexpr std::int16_t kVersion = 9;

// With one partition each, and a schedule log that holds a record already.
class DurabilityTest : public testing::Test {
 protected:
  void SetUp() override {
    // Nothing but the test's own records comes to the journal.
    node_.config.log.checkpoint_interval_ms = 3'600'000;
    node_.start();
    connect();
    for (const std::string topic : {"sync", "async"}) {
      test::create_topic(*client_, topic, 1, {{"durability", topic}});
      EXPECT_EQ(test::produce(*client_, topic, make_batch({scheduled_})).error_code,
                ErrorCode::kNone);
    }
  }
  void connect() {
    client_.emplace(node_.port());
    other_.emplace(node_.port());
  }

  ProduceResponse::Partition produce(const std::string& topic, std::int16_t acks) {
    const auto request = test::produce_request(topic, 0, one_, acks);
    return client_->call<ProduceResponse>(request, kVersion).topics.at(0).partitions.at(0);
  }
  // The broker has taken the request in, waits for the disk with it, and answers others meanwhile.
  void expect_waits(const ProduceRequest& request) {
    ASSERT_TRUE(client_->send(request, kVersion));
    node_.gate().await_visitors(1);
    EXPECT_EQ(end_offset("async"), 0);  // the reactor is behind the append and its answer
    EXPECT_TRUE(client_->is_quiet());
  }
  ProduceResponse::Partition answer() {
    return client_->receive<ProduceResponse>(kVersion).message.topics.at(0).partitions.at(0);
  }

  log::Offset end_offset(const std::string& topic) {
    protocol::ListOffsetsRequest request;
    auto& asked = request.topics.emplace_back();
    asked.name = topic;
    asked.partitions.emplace_back().timestamp = -1;
    const auto response = other_->call<protocol::ListOffsetsResponse>(request, 5);
    return response.topics.at(0).partitions.at(0).offset;
  }
  protocol::FetchResponse::Partition fetch(const std::string& topic) {
    return test::fetch(*other_, test::fetch_request(topic, 0));
  }

  static protocol::IncrementalAlterConfigsRequest durability_request(std::string_view topic,
                                                                     std::string_view value) {
    protocol::IncrementalAlterConfigsRequest request;
    request.resources.push_back({2, topic, {{"durability", 0, value}}});
    return request;
  }
  void set_durability(std::string_view topic, std::string_view value) {
    const auto response = client_->call<protocol::IncrementalAlterConfigsResponse>(
        durability_request(topic, value), 1);
    EXPECT_EQ(response.responses.at(0).error_code, ErrorCode::kNone);
  }

  const test::TestRecord scheduled_{"later", {{"schedule-delay", "1h"}}};
  const std::vector<std::byte> one_ = make_batch({{"now"}});
  const std::vector<std::byte> mixed_ = make_batch({{"now"}, scheduled_});
  test::Node node_;
  std::optional<Client> client_;
  std::optional<Client> other_;
};

TEST_F(DurabilityTest, Acks1_DoesNotWaitForTheDisk) {
  const HeldFiles held(node_.gate(), kJournal);
  for (const std::string topic : {"sync", "async"}) {
    const auto answer = produce(topic, 1);
    EXPECT_EQ(answer.error_code, ErrorCode::kNone) << topic;
    EXPECT_EQ(answer.base_offset, 0) << topic;
  }
}

TEST_F(DurabilityTest, Acks0_DoesNotHoldUpWhatComesBehindIt) {
  const HeldFiles held(node_.gate(), kJournal);
  for (const std::string topic : {"sync", "async"}) {
    ASSERT_TRUE(client_->send(test::produce_request(topic, 0, one_, 0), kVersion));
    EXPECT_EQ(produce(topic, 1).base_offset, 1) << topic;
  }
}

TEST_F(DurabilityTest, AcksAllOnASyncTopic_WaitsForTheDisk) {
  {
    const HeldFiles held(node_.gate(), kJournal);
    expect_waits(test::produce_request("sync", 0, one_));
  }
  const auto told = answer();
  EXPECT_EQ(told.error_code, ErrorCode::kNone);
  EXPECT_EQ(told.base_offset, 0);
}

TEST_F(DurabilityTest, AcksAllOnAnAsyncTopic_DoesNotWaitForTheDisk) {
  const HeldFiles held(node_.gate(), kJournal);
  EXPECT_EQ(produce("async", -1).error_code, ErrorCode::kNone);
}

TEST_F(DurabilityTest, MixedBatchOnAnAsyncTopic_WaitsForItsScheduledHalf) {
  {
    const HeldFiles held(node_.gate(), kJournal);
    ASSERT_TRUE(client_->send(test::produce_request("async", 0, mixed_), kVersion));
    node_.gate().await_visitors(1);
    EXPECT_EQ(end_offset("async"), 1) << "the immediate half is seen at once";
    EXPECT_TRUE(client_->is_quiet());
  }
  const auto told = answer();
  EXPECT_EQ(told.error_code, ErrorCode::kNone);
  EXPECT_EQ(told.base_offset, 0);
}

TEST_F(DurabilityTest, MixedBatchWithAcks1_DoesNotWaitForTheDisk) {
  const HeldFiles held(node_.gate(), kJournal);
  for (const std::string topic : {"sync", "async"}) {
    const auto request = test::produce_request(topic, 0, mixed_, 1);
    const auto response = client_->call<ProduceResponse>(request, kVersion);
    EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code, ErrorCode::kNone) << topic;
  }
}

TEST_F(DurabilityTest, ReadersOfASyncTopic_SeeOnlyWhatIsOnDisk) {
  {
    const HeldFiles held(node_.gate(), kJournal);
    ASSERT_EQ(produce("sync", 1).base_offset, 0);
    const auto unseen = fetch("sync");
    EXPECT_EQ(unseen.error_code, ErrorCode::kNone);
    EXPECT_EQ(unseen.high_watermark, 0);
    EXPECT_EQ(unseen.last_stable_offset, 0);
    EXPECT_EQ(unseen.records.length(), 0U);
    EXPECT_EQ(end_offset("sync"), 0);
  }
  auto waiting = test::fetch_request("sync", 0);
  waiting.max_wait_ms = 10'000;
  const auto seen = test::fetch(*other_, waiting);
  EXPECT_EQ(seen.high_watermark, 1);
  EXPECT_GT(seen.records.length(), 0U);
}

TEST_F(DurabilityTest, ReadersOfAnAsyncTopic_SeeItAtOnce) {
  const HeldFiles held(node_.gate(), kJournal);
  ASSERT_EQ(produce("async", 1).base_offset, 0);
  const auto seen = fetch("async");
  EXPECT_EQ(seen.high_watermark, 1);
  EXPECT_GT(seen.records.length(), 0U);
  EXPECT_EQ(end_offset("async"), 1);
}

TEST_F(DurabilityTest, TopicThatBecameSync_WaitsForTheDiskAndHidesWhatIsNotThere) {
  ASSERT_EQ(produce("async", -1).base_offset, 0);
  set_durability("async", "sync");
  {
    const HeldFiles held(node_.gate(), kJournal);
    ASSERT_TRUE(client_->send(test::produce_request("async", 0, one_), kVersion));
    node_.gate().await_visitors(1);
    EXPECT_EQ(end_offset("async"), 1);
    EXPECT_EQ(fetch("async").high_watermark, 1);
    EXPECT_TRUE(client_->is_quiet());
  }
  const auto told = answer();
  EXPECT_EQ(told.error_code, ErrorCode::kNone);
  EXPECT_EQ(told.base_offset, 1);
}

TEST_F(DurabilityTest, TopicThatBecameAsync_DoesNotWaitForTheDiskAndShowsAllAtOnce) {
  const HeldFiles held(node_.gate(), kJournal);
  ASSERT_EQ(produce("sync", 1).base_offset, 0);
  EXPECT_EQ(end_offset("sync"), 0);
  set_durability("sync", "async");
  EXPECT_EQ(end_offset("sync"), 1);
  EXPECT_EQ(produce("sync", -1).base_offset, 1);
  EXPECT_EQ(fetch("sync").high_watermark, 2);
}

TEST_F(DurabilityTest, WhoWaitsForTheDiskAsTheTopicBecomesAsync_StillDoes) {
  {
    const HeldFiles held(node_.gate(), kJournal);
    ASSERT_TRUE(client_->send(test::produce_request("sync", 0, one_), kVersion));
    node_.gate().await_visitors(1);
    const auto response = other_->call<protocol::IncrementalAlterConfigsResponse>(
        durability_request("sync", "async"), 1);
    EXPECT_EQ(response.responses.at(0).error_code, ErrorCode::kNone);
    EXPECT_TRUE(client_->is_quiet());
  }
  EXPECT_EQ(answer().error_code, ErrorCode::kNone);
}

TEST_F(DurabilityTest, BecomingSync_IsAnsweredOnceEverythingIsOnDiskAndHoldsNobodyUp) {
  ASSERT_EQ(produce("async", -1).base_offset, 0);
  {
    const HeldFiles held(node_.gate(), kJournal);
    ASSERT_TRUE(client_->send(durability_request("async", "sync"), 1));
    node_.gate().await_visitors(1);
    EXPECT_EQ(end_offset("sync"), 0);
    EXPECT_EQ(fetch("async").high_watermark, 1) << "what was seen stays";
    EXPECT_TRUE(client_->is_quiet());
  }
  const auto told = client_->receive<protocol::IncrementalAlterConfigsResponse>(1);
  EXPECT_EQ(told.message.responses.at(0).error_code, ErrorCode::kNone);
}

TEST_F(DurabilityTest, KillAfterEachChange_LosesNothing) {
  for (log::Offset round = 0; round < 4; ++round) {
    for (const std::string topic : {"sync", "async"}) {
      ASSERT_EQ(produce(topic, -1).base_offset, round) << topic;
      const bool becomes_sync = (topic == "async") == (round % 2 == 0);
      set_durability(topic, becomes_sync ? "sync" : "async");
    }
    node_.crash();
    connect();
    for (const std::string topic : {"sync", "async"}) EXPECT_EQ(end_offset(topic), round + 1);
  }
}

TEST_F(DurabilityTest, DiskSlowerThanTheTimeoutOfARequest_IsATimeout) {
  const HeldFiles held(node_.gate(), kJournal);
  auto request = test::produce_request("sync", 0, one_);
  request.timeout_ms = 50;
  const auto response = client_->call<ProduceResponse>(request, kVersion);
  const auto& told = response.topics.at(0).partitions.at(0);
  EXPECT_EQ(told.error_code, ErrorCode::kRequestTimedOut);
  EXPECT_EQ(told.error_message, "not on stable storage within timeout.ms");
  EXPECT_EQ(told.base_offset, -1);
}

class FlushMessagesTest : public DurabilityTest {
 protected:
  void SetUp() override {
    DurabilityTest::SetUp();
    test::create_topic(*client_, "flushed", 1, {{"durability", "async"}, {"flush.messages", "2"}});
  }
};

TEST_F(FlushMessagesTest, TheRecordThatReachesThem_IsAnsweredBehindTheSync) {
  for (const std::int16_t acks : {std::int16_t{1}, std::int16_t{-1}}) {
    node_.gate().shut_syncs(".log");
    const log::Offset first = produce("flushed", acks).base_offset;
    ASSERT_TRUE(client_->send(test::produce_request("flushed", 0, one_, acks), kVersion));
    node_.gate().await_visitors(1);
    EXPECT_EQ(end_offset("flushed"), first + 2) << "readers need not wait";
    EXPECT_TRUE(client_->is_quiet()) << "acks=" << acks;
    node_.gate().open();
    const auto told = answer();
    EXPECT_EQ(told.error_code, ErrorCode::kNone) << "acks=" << acks;
    EXPECT_EQ(told.base_offset, first + 1) << "acks=" << acks;
  }
}

TEST_F(FlushMessagesTest, WithAcks0_NothingWaits) {
  node_.gate().shut_syncs(".log");
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(client_->send(test::produce_request("flushed", 0, one_, 0), kVersion));
  }
  EXPECT_EQ(produce("async", 1).base_offset, 0);
  node_.gate().open();
}

TEST_F(DurabilityTest, Kill_LosesNothingThatWasTakenIn) {
  node_.gate().shut(kJournal);
  for (const std::string topic : {"sync", "async"}) ASSERT_EQ(produce(topic, 1).base_offset, 0);
  node_.crash();
  connect();
  for (const std::string topic : {"sync", "async"}) {
    EXPECT_EQ(end_offset(topic), 1) << topic;
    EXPECT_GT(fetch(topic).records.length(), 0U) << topic;
    EXPECT_EQ(produce(topic, -1).base_offset, 1) << topic;
  }
}

}  // namespace
}  // namespace orloj::broker
