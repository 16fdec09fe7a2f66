#include "broker/handlers/fetch.h"

#include <gtest/gtest.h>

#include <chrono>

#include "log/record_batch.h"
#include "protocol/messages/delete_topics.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using protocol::ErrorCode;
using protocol::FetchRequest;
using protocol::FetchResponse;
using test::Client;
using test::fetch;
using test::fetch_request;
using test::make_batch;

class FetchTest : public testing::Test {
 protected:
  void SetUp() override {
    node_.start();
    client_.emplace(node_.port());
    test::create_topic(*client_, "t");
  }

  log::TopicId id_of(const std::string& topic) { return node_.broker().catalog().find(topic)->id; }

  // The offsets of the batches in an answer.
  static std::vector<log::Offset> offsets(const FetchResponse::Partition& answer) {
    std::vector<log::Offset> found;
    log::BatchCursor cursor(answer.records.view(), log::CrcCheck::kVerify);
    while (true) {
      const auto batch = cursor.next().value();
      if (!batch) return found;
      found.push_back(batch->base_offset());
    }
  }

  FetchRequest session_request(std::int32_t session_id, std::int32_t epoch) {
    FetchRequest request = fetch_request("t", 0);
    request.session_id = session_id;
    request.session_epoch = epoch;
    return request;
  }

  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(FetchTest, EveryVersion_ReturnsTheBatchesAsStored) {
  test::produce(*client_, "t", make_batch({{"a"}}));
  test::produce(*client_, "t", make_batch({{"b"}}));
  for (std::int16_t version = 4; version <= 18; ++version) {
    auto request = fetch_request("t", 0);
    request.topics[0].topic_id = protocol::Uuid{id_of("t").bytes};
    const auto answer = fetch(*client_, request, version);
    EXPECT_EQ(answer.error_code, ErrorCode::kNone) << version;
    EXPECT_EQ(answer.high_watermark, 2) << version;
    EXPECT_EQ(answer.last_stable_offset, 2) << version;
    EXPECT_EQ(offsets(answer), (std::vector<log::Offset>{0, 1})) << version;
    EXPECT_LT(answer.diverging_epoch.epoch, 0) << version;
  }
}

TEST_F(FetchTest, OffsetInsideABatch_ReturnsTheWholeBatch) {
  test::produce(*client_, "t", make_batch({{"a"}, {"b"}, {"c"}}));
  EXPECT_EQ(offsets(fetch(*client_, fetch_request("t", 1))), std::vector<log::Offset>{0});
}

TEST_F(FetchTest, FirstBatch_IsSentWholeAboveTheLimits) {
  test::produce(*client_, "t", make_batch({{std::string(10'000, 'x')}}));
  test::produce(*client_, "t", make_batch({{"b"}}));
  auto request = fetch_request("t", 0);
  request.max_bytes = 10;
  request.topics[0].partitions[0].partition_max_bytes = 10;
  EXPECT_EQ(offsets(fetch(*client_, request)), std::vector<log::Offset>{0});
}

TEST_F(FetchTest, PartitionsBehindTheFirst_KeepWithinMaxBytes) {
  test::create_topic(*client_, "two", 2);
  for (std::int32_t partition : {0, 1}) {
    const auto batch = make_batch({{std::string(1'000, 'x')}});
    client_->call<protocol::ProduceResponse>(test::produce_request("two", partition, batch), 9);
  }
  auto request = fetch_request("two", 0);
  request.max_bytes = 1'100;
  request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
  request.topics[0].partitions[1].partition = 1;
  const auto response = client_->call<FetchResponse>(request, 11);
  EXPECT_GT(response.topics[0].partitions[0].records.length(), 1'000U);
  EXPECT_EQ(response.topics[0].partitions[1].records.length(), 0U);
}

TEST_F(FetchTest, LongRanges_ArriveIntact) {
  log::Offset count = 0;
  for (char fill = 'a'; fill < 'k'; ++fill, ++count) {
    test::produce(*client_, "t", make_batch({{std::string(100'000, fill)}}));
  }
  auto request = fetch_request("t", 0);
  request.topics[0].partitions[0].partition_max_bytes = 10 << 20;
  const auto found = offsets(fetch(*client_, request));  // checks every CRC
  EXPECT_EQ(found.size(), static_cast<std::size_t>(count));
}

TEST_F(FetchTest, OffsetsOutsideTheLog_AreOutOfRange) {
  test::produce(*client_, "t", make_batch({{"a"}}));
  for (const log::Offset offset : {-5, 2, 1'000}) {
    const auto answer = fetch(*client_, fetch_request("t", offset));
    EXPECT_EQ(answer.error_code, ErrorCode::kOffsetOutOfRange) << offset;
    EXPECT_EQ(answer.high_watermark, -1) << offset;
  }
  EXPECT_EQ(fetch(*client_, fetch_request("t", 1)).error_code, ErrorCode::kNone);
}

TEST_F(FetchTest, LeaderEpochs_AreChecked) {
  auto request = fetch_request("t", 0);
  node_.crash();  // raises the epoch
  client_.emplace(node_.port());
  const auto current = node_.broker().logs().find({id_of("t"), 0})->leader_epoch();
  request.topics[0].partitions[0].current_leader_epoch = current - 1;
  EXPECT_EQ(fetch(*client_, request).error_code, ErrorCode::kFencedLeaderEpoch);
  request.topics[0].partitions[0].current_leader_epoch = current + 1;
  EXPECT_EQ(fetch(*client_, request).error_code, ErrorCode::kUnknownLeaderEpoch);
  request.topics[0].partitions[0].current_leader_epoch = current;
  EXPECT_EQ(fetch(*client_, request).error_code, ErrorCode::kNone);
}

TEST_F(FetchTest, LastFetchedEpochThatIsRight_DoesNotDiverge) {
  test::produce(*client_, "t", make_batch({{"a"}}));
  auto request = fetch_request("t", 1);
  const auto current = node_.broker().logs().find({id_of("t"), 0})->leader_epoch();
  request.topics[0].partitions[0].last_fetched_epoch = current;
  EXPECT_LT(fetch(*client_, request, 12).diverging_epoch.epoch, 0);
}

TEST_F(FetchTest, PositionBehindTheEndOfItsEpoch_Diverges) {
  test::produce(*client_, "t", make_batch({{"a"}}));
  const auto first_epoch = node_.broker().logs().find({id_of("t"), 0})->leader_epoch();
  node_.crash();
  client_.emplace(node_.port());
  test::produce(*client_, "t", make_batch({{"b"}}));
  auto request = fetch_request("t", 2);
  request.topics[0].partitions[0].last_fetched_epoch = first_epoch;
  const auto answer = fetch(*client_, request, 12);
  EXPECT_EQ(answer.error_code, ErrorCode::kNone);
  EXPECT_EQ(answer.diverging_epoch.epoch, first_epoch);
  EXPECT_EQ(answer.diverging_epoch.end_offset, 1);
}

TEST_F(FetchTest, UnknownTopicId_IsTold) {
  auto request = fetch_request("", 0);
  request.topics[0].topic_id.bytes[0] = 1;
  EXPECT_EQ(fetch(*client_, request, 13).error_code, ErrorCode::kUnknownTopicId);
}

TEST_F(FetchTest, LongPoll_IsWokenByAnAppend) {
  auto request = fetch_request("t", 0);
  request.max_wait_ms = 60'000;
  ASSERT_TRUE(client_->send(request, 11, 9));
  Client producer(node_.port());
  test::produce(producer, "t", make_batch({{"a"}}));
  const auto answer = client_->receive<FetchResponse>(11);
  EXPECT_EQ(answer.correlation_id, 9);
  EXPECT_EQ(offsets(answer.message.topics[0].partitions[0]), std::vector<log::Offset>{0});
}

TEST_F(FetchTest, LongPoll_WaitsForMinBytes) {
  auto request = fetch_request("t", 0);
  request.max_wait_ms = 60'000;
  request.min_bytes = 400;
  ASSERT_TRUE(client_->send(request, 11));
  Client producer(node_.port());
  test::produce(producer, "t", make_batch({{std::string(50, 'a')}}));
  test::produce(producer, "t", make_batch({{std::string(50, 'b')}}));
  EXPECT_TRUE(client_->is_quiet());
  test::produce(producer, "t", make_batch({{std::string(500, 'c')}}));
  const auto answer = client_->receive<FetchResponse>(11);
  EXPECT_EQ(offsets(answer.message.topics[0].partitions[0]).size(), 3U);
}

TEST_F(FetchTest, LongPoll_EndsAtItsDeadline) {
  auto request = fetch_request("t", 0);
  request.max_wait_ms = 50;
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(fetch(*client_, request).records.length(), 0U);
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(50));
}

TEST_F(FetchTest, LongPoll_ErrorIsToldAtOnce) {
  auto request = fetch_request("nobody", 0);
  request.max_wait_ms = 60'000;
  EXPECT_EQ(fetch(*client_, request).error_code, ErrorCode::kUnknownTopicOrPartition);
}

TEST_F(FetchTest, ReadCommitted_HasAnEmptyListOfAbortedTransactions) {
  auto request = fetch_request("t", 0);
  EXPECT_FALSE(fetch(*client_, request).aborted_transactions);
  request.isolation_level = 1;
  const auto answer = fetch(*client_, request);
  ASSERT_TRUE(answer.aborted_transactions);
  EXPECT_TRUE(answer.aborted_transactions->empty());
}

TEST_F(FetchTest, WrongClusterId_IsRefused) {
  auto request = fetch_request("t", 0);
  request.cluster_id = "another";
  EXPECT_EQ(client_->call<FetchResponse>(request, 12).error_code,
            ErrorCode::kInconsistentClusterId);
}

TEST_F(FetchTest, Session_AnswersOnlyNews) {
  test::produce(*client_, "t", make_batch({{"a"}}));
  const auto first = client_->call<FetchResponse>(session_request(0, 0), 11);
  ASSERT_NE(first.session_id, 0);
  ASSERT_EQ(first.topics.size(), 1U);

  auto next = session_request(first.session_id, 1);
  next.topics[0].partitions[0].fetch_offset = 1;
  const auto nothing = client_->call<FetchResponse>(next, 11);
  EXPECT_EQ(nothing.session_id, first.session_id);
  EXPECT_TRUE(nothing.topics.empty());

  test::produce(*client_, "t", make_batch({{"b"}}));
  auto unchanged = session_request(first.session_id, 2);
  unchanged.topics.clear();
  const auto news = client_->call<FetchResponse>(unchanged, 11);
  ASSERT_EQ(news.topics.size(), 1U);
  EXPECT_EQ(news.topics[0].topic, "t");
  EXPECT_EQ(offsets(news.topics[0].partitions[0]), std::vector<log::Offset>{1});
}

TEST_F(FetchTest, Session_ForgottenPartitionIsNotAnswered) {
  test::create_topic(*client_, "u");
  auto open = session_request(0, 0);
  open.topics.push_back(open.topics[0]);
  open.topics[1].topic = "u";
  const auto first = client_->call<FetchResponse>(open, 11);
  auto next = session_request(first.session_id, 1);
  next.topics.clear();
  next.forgotten_topics.emplace_back();
  next.forgotten_topics[0].topic = "t";
  next.forgotten_topics[0].partitions = {0};
  client_->call<FetchResponse>(next, 11);
  test::produce(*client_, "t", make_batch({{"a"}}));
  test::produce(*client_, "u", make_batch({{"a"}}));
  auto again = session_request(first.session_id, 2);
  again.topics.clear();
  const auto answer = client_->call<FetchResponse>(again, 11);
  ASSERT_EQ(answer.topics.size(), 1U);
  EXPECT_EQ(answer.topics[0].topic, "u");
}

TEST_F(FetchTest, Session_WrongIdOrEpochIsRefused) {
  const auto first = client_->call<FetchResponse>(session_request(0, 0), 11);
  EXPECT_EQ(client_->call<FetchResponse>(session_request(first.session_id, 2), 11).error_code,
            ErrorCode::kInvalidFetchSessionEpoch);
  EXPECT_EQ(client_->call<FetchResponse>(session_request(first.session_id ^ 1, 1), 11).error_code,
            ErrorCode::kFetchSessionIdNotFound);
  auto by_id = session_request(first.session_id, 1);
  by_id.topics.clear();
  EXPECT_EQ(client_->call<FetchResponse>(by_id, 13).error_code,
            ErrorCode::kFetchSessionTopicIdError);
}

TEST_F(FetchTest, Session_FinalEpochEndsIt) {
  const auto first = client_->call<FetchResponse>(session_request(0, 0), 11);
  EXPECT_EQ(client_->call<FetchResponse>(session_request(first.session_id, -1), 11).session_id, 0);
  EXPECT_EQ(client_->call<FetchResponse>(session_request(first.session_id, 1), 11).error_code,
            ErrorCode::kFetchSessionIdNotFound);
}

class FullSessionCacheTest : public FetchTest {
 protected:
  void SetUp() override {
    node_.config.broker.fetch_sessions_max = 1;
    FetchTest::SetUp();
  }
};

TEST_F(FullSessionCacheTest, Session_WithoutRoomIsAnsweredWithoutOne) {
  EXPECT_NE(client_->call<FetchResponse>(session_request(0, 0), 11).session_id, 0);
  const auto second = client_->call<FetchResponse>(session_request(0, 0), 11);
  EXPECT_EQ(second.error_code, ErrorCode::kNone);
  EXPECT_EQ(second.session_id, 0);
  EXPECT_EQ(second.topics.size(), 1U);
}

TEST_F(FetchTest, LongPoll_EndsWhenTheTopicIsDeleted) {
  auto request = fetch_request("t", 0);
  request.max_wait_ms = 60'000;
  ASSERT_TRUE(client_->send(request, 11));
  Client admin(node_.port());
  protocol::DeleteTopicsRequest remove;
  remove.topic_names = {"t"};
  admin.call<protocol::DeleteTopicsResponse>(remove, 5);
  const auto answer = client_->receive<FetchResponse>(11);
  EXPECT_NE(answer.message.topics[0].partitions[0].error_code, ErrorCode::kNone);
}

}  // namespace
}  // namespace orloj::broker
