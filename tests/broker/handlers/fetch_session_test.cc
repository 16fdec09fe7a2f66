#include "broker/handlers/fetch_session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "log/env/posix_env.h"

namespace orloj::broker {
namespace {

using protocol::ErrorCode;
using protocol::FetchRequest;

class FetchSessionTest : public testing::Test {
 protected:
  static FetchRequest request(std::int32_t session_id, std::int32_t epoch) {
    FetchRequest request;
    request.session_id = session_id;
    request.session_epoch = epoch;
    auto& topic = request.topics.emplace_back();
    topic.topic = "t";
    for (std::int32_t i = 0; i < 2; ++i) topic.partitions.emplace_back().partition = i;
    return request;
  }

  BrokerOptions options_;
  BrokerStats stats_;
  log::PosixEnv machine_;
};

TEST_F(FetchSessionTest, PartitionsThatWereServed_GoLast) {
  FetchSessions sessions(options_, machine_.env(), stats_);
  FetchContext context = sessions.open(request(0, 0), 7);
  sessions.rotate(context, {&context.targets().front()});
  EXPECT_EQ(context.targets().front().partition, 1);
  EXPECT_EQ(context.targets().back().partition, 0);
}

// A session may be ended while its request rotates it: the partitions of all sessions must stay
// counted right, or the bound on them would drift.
TEST_F(FetchSessionTest, SessionsThatEndInTheMiddleOfTheirRequest_AreCountedRight) {
  options_.fetch_session_partitions_max = 2;
  FetchSessions sessions(options_, machine_.env(), stats_);
  for (int round = 0; round < 500; ++round) {
    FetchContext context = sessions.open(request(0, 0), 7);
    ASSERT_NE(context.session_id, 0) << "no room for two partitions in round " << round;
    std::atomic<bool> rotating = false;
    std::thread other([&] {
      while (!rotating) std::this_thread::yield();
      FetchContext without = sessions.open(request(context.session_id, -1), 7);
      sessions.release(without);
    });
    for (int i = 0; i < 200; ++i) {
      sessions.rotate(context, {&context.targets().front()});
      rotating = true;
    }
    other.join();
    sessions.release(context);
    ASSERT_EQ(stats_.fetch_sessions.load(), 0);
  }
}

}  // namespace
}  // namespace orloj::broker
