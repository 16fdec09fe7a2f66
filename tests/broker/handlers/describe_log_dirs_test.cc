// DescribeLogDirs over the wire.
#include "broker/handlers/describe_log_dirs.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "protocol/messages/describe_log_dirs.h"
#include "tests/broker/node.h"

namespace orloj::broker {
namespace {

using protocol::DescribeLogDirsRequest;
using protocol::DescribeLogDirsResponse;
using protocol::ErrorCode;
using test::Client;

class DescribeLogDirsTest : public testing::Test {
 protected:
  void SetUp() override {
    node_.start();
    client_.emplace(node_.port());
    test::create_topic(*client_, "t", 2);
    test::create_topic(*client_, "u");
  }

  static DescribeLogDirsRequest ask(std::string_view topic, std::vector<std::int32_t> partitions) {
    DescribeLogDirsRequest request;
    request.topics.emplace();
    request.topics->push_back({topic, std::move(partitions)});
    return request;
  }
  DescribeLogDirsResponse::LogDir described(const DescribeLogDirsRequest& request,
                                            std::int16_t version = 5) {
    const auto response = client_->call<DescribeLogDirsResponse>(request, version);
    EXPECT_EQ(response.error_code, ErrorCode::kNone);
    EXPECT_EQ(response.results.size(), 1U);
    return response.results.at(0);
  }
  std::int64_t size_of(std::int32_t partition) {
    const auto directory = described(ask("t", {partition}));
    return directory.topics.at(0).partitions.at(0).partition_size;
  }

  test::Node node_;
  std::optional<Client> client_;
};

TEST_F(DescribeLogDirsTest, NullIsEveryPartitionInEveryVersion) {
  for (std::int16_t version = 1; version <= 5; ++version) {
    DescribeLogDirsRequest request;
    request.topics = std::nullopt;
    const auto directory = described(request, version);
    EXPECT_EQ(directory.error_code, ErrorCode::kNone);
    EXPECT_EQ(directory.log_dir, std::filesystem::absolute(node_.config.log.data_dir));
    ASSERT_EQ(directory.topics.size(), 2U) << version;
    EXPECT_EQ(directory.topics[0].name, "t");
    EXPECT_EQ(directory.topics[0].partitions.size(), 2U);
    EXPECT_EQ(directory.topics[1].name, "u");
    EXPECT_FALSE(directory.is_cordoned);
    if (version < 4) {
      EXPECT_EQ(directory.total_bytes, -1) << version;
    } else {
      EXPECT_GT(directory.usable_bytes, 0) << version;
      EXPECT_GE(directory.total_bytes, directory.usable_bytes) << version;
    }
  }
}

TEST_F(DescribeLogDirsTest, OnlyWhatIsAskedForAndExistsIsTold) {
  auto request = ask("t", {1, 1, 7, -1});
  request.topics->push_back({"nobody", {0}});
  const auto directory = described(request);
  ASSERT_EQ(directory.topics.size(), 1U);
  ASSERT_EQ(directory.topics[0].partitions.size(), 1U);
  EXPECT_EQ(directory.topics[0].partitions[0].partition_index, 1);
  request.topics->clear();
  EXPECT_TRUE(described(request).topics.empty());
}

TEST_F(DescribeLogDirsTest, SizesAreThoseOfTheRecordsHeldBackOrNot) {
  EXPECT_EQ(size_of(0), 0);
  const auto batch = test::make_batch({{"a"}});
  test::produce(*client_, "t", batch);
  EXPECT_EQ(size_of(0), static_cast<std::int64_t>(batch.size()));
  test::produce(*client_, "t", test::make_batch({{"later", {{"schedule-delay", "1h"}}}}));
  EXPECT_GT(size_of(0), static_cast<std::int64_t>(batch.size()));
  EXPECT_EQ(size_of(1), 0);
}

TEST_F(DescribeLogDirsTest, NothingLagsOrMoves) {
  test::produce(*client_, "t", test::make_batch({{"a"}}));
  const auto partition = described(ask("t", {0})).topics.at(0).partitions.at(0);
  EXPECT_EQ(partition.offset_lag, 0);
  EXPECT_FALSE(partition.is_future_key);
}

}  // namespace
}  // namespace orloj::broker
