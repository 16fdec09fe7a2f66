// Changed topic configs act without a restart: on what is appended, kept and fired, and beside
// other changes of topics.
#include <gtest/gtest.h>

#include <thread>

#include "log/record_batch.h"
#include "protocol/messages/create_partitions.h"
#include "protocol/messages/incremental_alter_configs.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using protocol::ErrorCode;
using protocol::IncrementalAlterConfigsRequest;
using protocol::IncrementalAlterConfigsResponse;
using test::Client;
using test::make_batch;
using test::TestRecord;

class ChangedConfigsTest : public testing::Test {
 protected:
  void SetUp() override {
    node_.start();
    client_.emplace(node_.port());
    test::create_topic(*client_, "t", 1, {{"retention.ms", "-1"}});
  }

  static ErrorCode alter(Client& client, std::string_view name, std::string_view value) {
    IncrementalAlterConfigsRequest request;
    request.resources.push_back({2, "t", {{name, 0, value}}});
    return client.call<IncrementalAlterConfigsResponse>(request, 1).responses.at(0).error_code;
  }
  void set(std::string_view name, std::string_view value) {
    ASSERT_EQ(alter(*client_, name, value), ErrorCode::kNone) << name;
  }
  protocol::ProduceResponse::Partition produce(const TestRecord& record) {
    return test::produce(*client_, "t", make_batch({record}));
  }
  std::shared_ptr<log::Partition> partition(std::int32_t index = 0) {
    return node_.broker().logs().find({node_.broker().catalog().find("t")->id, index});
  }

  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(ChangedConfigsTest, RetentionTakesWhatIsTooOldNow) {
  ASSERT_EQ(produce({"old"}).base_offset, 0);
  ASSERT_TRUE(partition()->run_retention());
  EXPECT_EQ(partition()->offsets().log_start, 0);
  set("retention.ms", "1000");
  ASSERT_TRUE(partition()->run_retention());
  EXPECT_EQ(partition()->offsets().log_start, 1);
  EXPECT_EQ(test::fetch(*client_, test::fetch_request("t", 0)).error_code,
            ErrorCode::kOffsetOutOfRange);
}

TEST_F(ChangedConfigsTest, BatchesAreJudgedByTheNewLimit) {
  const TestRecord large{std::string(300, 'x')};
  EXPECT_EQ(produce(large).error_code, ErrorCode::kNone);
  set("max.message.bytes", "200");
  EXPECT_EQ(produce(large).error_code, ErrorCode::kMessageTooLarge);
  set("max.message.bytes", "2000");
  EXPECT_EQ(produce(large).error_code, ErrorCode::kNone);
}

TEST_F(ChangedConfigsTest, TimestampsAreTheBrokersOnceAsked) {
  EXPECT_EQ(produce({"a"}).log_append_time_ms, -1);
  set("message.timestamp.type", "LogAppendTime");
  EXPECT_GT(produce({"b"}).log_append_time_ms, 1'000);
}

TEST_F(ChangedConfigsTest, RecordsWithoutAKeyAreRefusedOnceTheTopicIsCompacted) {
  TestRecord no_key{"a"};
  no_key.key = std::nullopt;
  EXPECT_EQ(produce(no_key).error_code, ErrorCode::kNone);
  set("cleanup.policy", "compact");
  EXPECT_EQ(produce(no_key).error_code, ErrorCode::kInvalidRecord);
  EXPECT_EQ(produce({"b"}).error_code, ErrorCode::kNone);
  set("cleanup.policy", "delete");
  EXPECT_EQ(produce(no_key).error_code, ErrorCode::kNone);
}

TEST_F(ChangedConfigsTest, ScheduleHeadersActOnlyWhileTheTopicSaysSo) {
  const TestRecord later{"later", {{"schedule-delay", "1h"}}};
  set("schedule.enable", "false");
  EXPECT_EQ(produce(later).base_offset, 0) << "stored at once";
  set("schedule.enable", "true");
  EXPECT_EQ(produce(later).base_offset, log::kNoOffset) << "held back";
}

TEST_F(ChangedConfigsTest, FiredRecordsCarryTheTimeThatTheTopicAsksForNow) {
  set("schedule.timestamp", "due");
  ASSERT_EQ(produce({"late", {{"schedule-at", "1700000000000"}}}).error_code, ErrorCode::kNone);
  auto request = test::fetch_request("t", 0);
  request.max_wait_ms = 8'000;
  const auto fetched = test::fetch(*client_, request);
  const auto batch = log::RecordBatchView::parse(fetched.records.view(), log::CrcCheck::kVerify);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->max_timestamp(), 1'700'000'000'000);
}

TEST_F(ChangedConfigsTest, NewPartitionsHaveThemToo) {
  set("durability", "async");
  protocol::CreatePartitionsRequest grow;
  grow.timeout_ms = 5'000;
  grow.topics.push_back({"t", 2, std::nullopt});
  client_->call<protocol::CreatePartitionsResponse>(grow, 3);
  EXPECT_EQ(partition(1)->config().durability, log::Durability::kAsync);
  EXPECT_EQ(partition(1)->config().retention_ms, -1);
}

TEST_F(ChangedConfigsTest, ChangesGrowthAndDeletionDoNotDisturbEachOther) {
  constexpr int kRounds = 30;
  std::thread altering([&] {
    Client client(node_.port());
    for (int i = 0; i < kRounds; ++i) {
      const ErrorCode code = alter(client, "retention.ms", std::to_string(1'000'000 + i));
      EXPECT_TRUE(code == ErrorCode::kNone || code == ErrorCode::kUnknownTopicOrPartition);
    }
  });
  std::thread growing([&] {
    Client client(node_.port());
    for (int i = 0; i < kRounds; ++i) {
      protocol::CreatePartitionsRequest grow;
      grow.topics.push_back({"t", 2 + i, std::nullopt});
      client.call<protocol::CreatePartitionsResponse>(grow, 3);
    }
  });
  for (int i = 0; i < 5; ++i) {
    test::delete_topic(*client_, "t");
    test::create_topic(*client_, "t", 1, {{"durability", i % 2 == 0 ? "async" : "sync"}});
    produce({"a"});
  }
  altering.join();
  growing.join();
  set("retention.ms", "77777777");
  const auto topic = node_.broker().catalog().find("t");
  for (std::int32_t i = 0; i < topic->partition_count; ++i) {
    EXPECT_EQ(partition(i)->config().retention_ms, 77'777'777) << i;
  }
  client_.reset();
  node_.crash();
  EXPECT_EQ(node_.broker().catalog().find("t")->configs, topic->configs);
  EXPECT_EQ(partition(topic->partition_count - 1)->config().retention_ms, 77'777'777);
}

}  // namespace
}  // namespace orloj::broker
