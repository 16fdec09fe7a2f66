#include "broker/handlers/fetch_session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "log/env/posix_env.h"
#include "tests/support/sim_env.h"

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

TEST_F(FetchSessionTest, SessionThatWasIdleLongEnough_MakesRoomForANewOne) {
  test::SimClock clock;
  options_.fetch_sessions_max = 1;
  FetchSessions sessions(options_, {machine_.env().files(), clock, machine_.env().random()},
                         stats_);
  const auto open = [&](std::int32_t session_id, std::int32_t epoch) {
    FetchContext context = sessions.open(request(session_id, epoch), 7);
    sessions.release(context);
    return context;
  };
  const std::int32_t first = open(0, 0).session_id;
  ASSERT_NE(first, 0);
  clock.advance_ms(options_.fetch_session_idle_ms - 1);
  EXPECT_EQ(open(0, 0).session_id, 0) << "it was used less than fetch_session_idle_ms ago";
  EXPECT_EQ(open(first, 1).session_id, first);
  clock.advance_ms(options_.fetch_session_idle_ms - 1);
  EXPECT_EQ(open(0, 0).session_id, 0) << "a request begins the idle time anew";
  clock.advance_ms(1);
  const std::int32_t second = open(0, 0).session_id;
  EXPECT_NE(second, 0);
  EXPECT_EQ(open(first, 2).error, ErrorCode::kFetchSessionIdNotFound);
  EXPECT_EQ(open(second, 1).error, ErrorCode::kNone);
  EXPECT_EQ(stats_.fetch_session_evictions_total.load(), 1);
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
