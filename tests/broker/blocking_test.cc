// Reactors do not wait for the disk: while one request does, the others are answered.
#include "broker/blocking.h"

#include <gtest/gtest.h>

#include <fstream>

#include "protocol/messages/list_offsets.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using protocol::ErrorCode;
using protocol::FetchResponse;
using protocol::ListOffsetsRequest;
using protocol::ListOffsetsResponse;
using protocol::ProduceResponse;
using test::Client;
using test::HeldFiles;
using test::make_batch;

constexpr const char* kFirstSegment = "/00000000000000000000.log";

class BlockingTest : public testing::Test {
 protected:
  void SetUp() override {
    node_.start();
    connect();
    test::create_topic(*client_, "slow");
    test::create_topic(*client_, "quick");
  }
  void connect() {
    client_.emplace(node_.port());
    other_.emplace(node_.port());
  }
  void restart() {
    ASSERT_TRUE(node_.stop());
    node_.start();
    connect();
  }
  std::string segment() const { return node_.config.log.data_dir + "/slow-0" + kFirstSegment; }

  static std::vector<std::byte> batch_of(const test::TestRecord& record, std::int32_t sequence) {
    log::BatchHeaderFields fields;
    fields.producer_id = 7;
    fields.producer_epoch = 0;
    fields.base_sequence = sequence;
    return make_batch({record}, fields);
  }
  static ListOffsetsRequest search(std::int64_t timestamp) {
    ListOffsetsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = "slow";
    topic.partitions.emplace_back().timestamp = timestamp;
    return request;
  }
  // On another connection of the same reactor.
  void expect_others_are_served() {
    EXPECT_EQ(test::produce(*other_, "quick", make_batch({{"x"}})).error_code, ErrorCode::kNone);
    EXPECT_EQ(test::fetch(*other_, test::fetch_request("quick", 0)).error_code, ErrorCode::kNone);
  }

  const test::TestRecord scheduled_{"later", {{"schedule-delay", "1h"}}};
  test::Node node_;
  std::optional<Client> client_;
  std::optional<Client> other_;
};

TEST_F(BlockingTest, FirstScheduledRecord_HoldsUpItsOwnConnectionOnlyAndKeepsItsOrder) {
  const auto first = batch_of(scheduled_, 0);
  const auto second = batch_of({"now"}, 1);
  {
    const HeldFiles held(node_.gate(), "/slow-0/schedule");
    ASSERT_TRUE(client_->send(test::produce_request("slow", 0, first), 9, 1));
    ASSERT_TRUE(client_->send(test::produce_request("slow", 0, second), 9, 2));
    node_.gate().await_visitors(1);
    expect_others_are_served();
    EXPECT_TRUE(client_->is_quiet());
  }
  const auto one = client_->receive<ProduceResponse>(9);
  EXPECT_EQ(one.correlation_id, 1);
  EXPECT_EQ(one.message.topics[0].partitions[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(one.message.topics[0].partitions[0].base_offset, -1);
  const auto two = client_->receive<ProduceResponse>(9);
  EXPECT_EQ(two.correlation_id, 2);
  EXPECT_EQ(two.message.topics[0].partitions[0].error_code, ErrorCode::kNone)
      << "overtaken: the second sequence number came first";
  EXPECT_EQ(two.message.topics[0].partitions[0].base_offset, 0);
}

TEST_F(BlockingTest, PartitionsBehindTheFirstScheduledRecord_AreAppendedToo) {
  test::create_topic(*client_, "three", 3);
  const auto now = make_batch({{"now"}});
  const auto later = make_batch({scheduled_});
  auto request = test::produce_request("three", 0, now);
  for (const std::int32_t index : {1, 2}) {
    auto& part = request.topics[0].partitions.emplace_back();
    part.index = index;
    part.records = protocol::BytesView(std::span<const std::byte>(index == 1 ? later : now));
  }
  const auto response = client_->call<ProduceResponse>(request, 9);
  ASSERT_EQ(response.topics[0].partitions.size(), 3U);
  for (std::int32_t index = 0; index < 3; ++index) {
    const auto& answer = response.topics[0].partitions[static_cast<std::size_t>(index)];
    EXPECT_EQ(answer.index, index);
    EXPECT_EQ(answer.error_code, ErrorCode::kNone);
    EXPECT_EQ(answer.base_offset, index == 1 ? -1 : 0);
  }
}

TEST_F(BlockingTest, SearchByTime_LetsOthersBeServed) {
  test::produce(*client_, "slow", make_batch({{"a", {}, 1'000}, {"b", {}, 2'000}}));
  for (const std::int64_t timestamp : {2'000, -3}) {
    {
      const HeldFiles held(node_.gate(), "slow-0" + std::string(kFirstSegment));
      ASSERT_TRUE(client_->send(search(timestamp), 7));
      node_.gate().await_visitors(1);
      expect_others_are_served();
    }
    const auto found = client_->receive<ListOffsetsResponse>(7).message;
    EXPECT_EQ(found.topics[0].partitions[0].offset, 1);
  }
}

TEST_F(BlockingTest, FetchOfWhatIsNotRecent_LetsOthersBeServed) {
  test::produce(*client_, "slow", make_batch({{"a"}}));
  restart();
  auto request = test::fetch_request("slow", 0);
  request.session_epoch = 0;
  {
    const HeldFiles held(node_.gate(), "slow-0" + std::string(kFirstSegment));
    ASSERT_TRUE(client_->send(request, 11));
    node_.gate().await_visitors(1);
    expect_others_are_served();
  }
  const auto opened = client_->receive<FetchResponse>(11).message;
  EXPECT_GT(opened.topics[0].partitions[0].records.length(), 0U);
  // The session is free again for the next request, however soon it comes.
  for (std::int32_t epoch = 1; epoch < 50; ++epoch) {
    request.session_id = opened.session_id;
    request.session_epoch = epoch;
    const auto next = client_->call<FetchResponse>(request, 11);
    ASSERT_EQ(next.error_code, ErrorCode::kNone) << epoch;
    ASSERT_GT(next.topics.at(0).partitions[0].records.length(), 0U) << epoch;
  }
}

TEST_F(BlockingTest, Promise9_DamageOnDisk_IsNotServed) {
  const auto first = make_batch({{"intact"}});
  test::produce(*client_, "slow", first);
  test::produce(*client_, "slow", make_batch({{"damaged"}}));
  test::produce(*client_, "slow", make_batch({{"behind"}}));
  ASSERT_TRUE(node_.stop());
  {
    std::fstream file(segment(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(first.size() + 70));
    file.put('\x7f');
  }
  node_.start();
  connect();
  const auto intact = test::fetch(*client_, test::fetch_request("slow", 0));
  EXPECT_EQ(intact.error_code, ErrorCode::kNone);
  EXPECT_EQ(intact.records.length(), first.size());
  const auto damaged = test::fetch(*client_, test::fetch_request("slow", 1));
  EXPECT_NE(damaged.error_code, ErrorCode::kNone);
  EXPECT_EQ(damaged.records.length(), 0U);
  EXPECT_GT(test::fetch(*client_, test::fetch_request("slow", 2)).records.length(), 0U);
}

TEST_F(BlockingTest, FullQueue_IsToldSoThatClientsTryAgain) {
  test::produce(*client_, "slow", make_batch({{"a", {}, 1'000}}));
  node_.config.broker.blocking_queue_max = 0;
  restart();
  const auto refused = test::produce(*client_, "slow", make_batch({scheduled_}));
  EXPECT_EQ(refused.error_code, ErrorCode::kRequestTimedOut);
  EXPECT_NE(refused.error_message.value_or("").find("blocking_queue_max = 0"), std::string::npos);
  EXPECT_EQ(test::produce(*client_, "slow", make_batch({{"b"}})).error_code, ErrorCode::kNone);

  const auto search_in = [&](std::int16_t version) {
    const auto answer = client_->call<ListOffsetsResponse>(search(1'000), version);
    return answer.topics[0].partitions[0].error_code;
  };
  EXPECT_EQ(search_in(5), ErrorCode::kOffsetNotAvailable);
  EXPECT_EQ(search_in(4), ErrorCode::kLeaderNotAvailable);
  EXPECT_EQ(client_->call<ListOffsetsResponse>(search(-1), 5).topics[0].partitions[0].offset, 2);

  auto request = test::fetch_request("slow", 0);
  request.max_wait_ms = 50;
  const auto nothing = test::fetch(*client_, request);
  EXPECT_EQ(nothing.error_code, ErrorCode::kNone);
  EXPECT_EQ(nothing.records.length(), 0U);
  EXPECT_EQ(nothing.high_watermark, 2);
  EXPECT_GT(test::fetch(*client_, test::fetch_request("slow", 1)).records.length(), 0U);
}

}  // namespace
}  // namespace orloj::broker
