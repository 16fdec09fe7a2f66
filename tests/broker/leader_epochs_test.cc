// Leader epochs as clients meet them: told by four APIs, which must agree, raised by every unclean
// stop, never lowered.
#include <gtest/gtest.h>

#include "log/record_batch.h"
#include "protocol/messages/list_offsets.h"
#include "protocol/messages/metadata.h"
#include "protocol/messages/offset_for_leader_epoch.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using protocol::ErrorCode;
using test::Client;
using test::HeldFiles;
using test::make_batch;

class LeaderEpochsTest : public testing::Test {
 protected:
  using Ended = std::pair<std::int32_t, log::Offset>;  // an epoch and where it ended

  void SetUp() override {
    node_.start();
    client_.emplace(node_.port());
    test::create_topic(*client_, "t");
  }
  void crash() {
    node_.crash();
    client_.emplace(node_.port());
  }
  void produce() {
    ASSERT_EQ(test::produce(*client_, "t", make_batch({{"x"}})).error_code, ErrorCode::kNone);
  }

  std::int32_t in_metadata() {
    const auto answer = client_->call<protocol::MetadataResponse>(protocol::MetadataRequest{}, 12);
    return answer.topics.at(0).partitions.at(0).leader_epoch;
  }
  protocol::ListOffsetsResponse::Partition list_offsets(std::int32_t current = -1) {
    protocol::ListOffsetsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    auto& partition = topic.partitions.emplace_back();
    partition.timestamp = -1;
    partition.current_leader_epoch = current;
    const auto response = client_->call<protocol::ListOffsetsResponse>(request, 9);
    return response.topics.at(0).partitions.at(0);
  }
  protocol::OffsetForLeaderEpochResponse::Partition ask_end(std::int32_t epoch,
                                                            std::int32_t current = -1) {
    protocol::OffsetForLeaderEpochRequest request;
    auto& topic = request.topics.emplace_back();
    topic.topic = "t";
    auto& partition = topic.partitions.emplace_back();
    partition.leader_epoch = epoch;
    partition.current_leader_epoch = current;
    const auto response = client_->call<protocol::OffsetForLeaderEpochResponse>(request, 4);
    return response.topics.at(0).partitions.at(0);
  }
  Ended end_of(std::int32_t epoch) {
    const auto answer = ask_end(epoch);
    EXPECT_EQ(answer.error_code, ErrorCode::kNone);
    return {answer.leader_epoch, answer.end_offset};
  }
  ErrorCode fetch(std::int32_t current) {
    auto request = test::fetch_request("t", 0);
    request.topics[0].partitions[0].current_leader_epoch = current;
    return test::fetch(*client_, request, 12).error_code;
  }
  // The epoch that stands in the record batch at this offset.
  std::int32_t of_batch_at(log::Offset offset) {
    const auto request = test::fetch_request("t", offset);
    const auto response = client_->call<protocol::FetchResponse>(request, 12);
    const auto& records = response.topics.at(0).partitions.at(0).records;
    log::BatchCursor cursor(records.view(), log::CrcCheck::kVerify);
    return cursor.next().value().value().leader_epoch();
  }

  // The epoch that all agree on; older and newer ones are refused by all.
  std::int32_t agreed() {
    const std::int32_t epoch = in_metadata();
    EXPECT_EQ(list_offsets().leader_epoch, epoch);
    EXPECT_EQ(ask_end(epoch).leader_epoch, epoch);
    expect_all(epoch, ErrorCode::kNone);
    expect_all(epoch + 1, ErrorCode::kUnknownLeaderEpoch);
    if (epoch > 0) expect_all(epoch - 1, ErrorCode::kFencedLeaderEpoch);
    return epoch;
  }
  void expect_all(std::int32_t current, ErrorCode code) {
    EXPECT_EQ(list_offsets(current).error_code, code) << current;
    EXPECT_EQ(ask_end(0, current).error_code, code) << current;
    EXPECT_EQ(fetch(current), code) << current;
  }

  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(LeaderEpochsTest, UncleanStops_RaiseTheEpochThatAllTell) {
  std::int32_t last = agreed();
  for (log::Offset offset = 0; offset < 3; ++offset) {
    produce();
    EXPECT_EQ(of_batch_at(offset), last);
    crash();
    const std::int32_t now = agreed();
    EXPECT_GT(now, last);
    last = now;
  }
  crash();  // nothing was written in the epoch that ends
  EXPECT_GT(agreed(), last);
}

TEST_F(LeaderEpochsTest, CleanStop_KeepsTheEpoch) {
  crash();
  produce();
  const std::int32_t before = agreed();
  ASSERT_TRUE(node_.stop());
  node_.start();
  client_.emplace(node_.port());
  EXPECT_EQ(agreed(), before);
}

TEST_F(LeaderEpochsTest, OlderEpochs_EndedWhereTheNextOneStarted) {
  std::vector<std::int32_t> epochs;
  for (const int records : {1, 2, 0, 3}) {
    epochs.push_back(agreed());
    for (int i = 0; i < records; ++i) produce();
    if (epochs.size() < 4) crash();
  }
  EXPECT_EQ(end_of(epochs[0]), Ended(epochs[0], 1));
  EXPECT_EQ(end_of(epochs[1]), Ended(epochs[1], 3));
  EXPECT_EQ(end_of(epochs[2]), Ended(epochs[1], 3)) << "nothing was written in it";
  EXPECT_EQ(end_of(epochs[3]), Ended(epochs[3], 6));
  EXPECT_EQ(end_of(epochs[3] + 1), Ended(-1, -1)) << "it has not been";
}

TEST_F(LeaderEpochsTest, LatestEpoch_EndsAtTheEndOfTheLogAlsoAboveTheHighWatermark) {
  const std::int32_t epoch = agreed();
  const HeldFiles held(node_.gate(), ".journal");
  const auto batch = make_batch({{"x"}});
  client_->call<protocol::ProduceResponse>(test::produce_request("t", 0, batch, 1), 9);
  EXPECT_EQ(list_offsets().offset, 0) << "the high watermark";
  EXPECT_EQ(end_of(epoch), Ended(epoch, 1));
}

}  // namespace
}  // namespace orloj::broker
