// The Kafka port by itself: frames, order, limits, draining. Handlers are made for the test.
#include "broker/net/server.h"

#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "broker/answering.h"
#include "broker/handlers/api_versions.h"
#include "broker/later.h"
#include "broker/waiting_handler.h"
#include "log/env/posix_env.h"
#include "protocol/messages/api_versions.h"
#include "protocol/messages/heartbeat.h"
#include "protocol/messages/list_groups.h"
#include "protocol/messages/produce.h"
#include "tests/broker/client.h"

namespace orloj::broker {
namespace {

using protocol::ApiKey;
using protocol::ApiVersionsRequest;
using protocol::ApiVersionsResponse;
using protocol::ErrorCode;
using protocol::ListGroupsRequest;
using protocol::ListGroupsResponse;
using protocol::ProduceRequest;
using protocol::ProduceResponse;
using test::Client;

// Answers a Produce when the test says so; acks=0 is never answered.
class HeldProduce : public WaitingHandler {
 public:
  boost::asio::awaitable<Answer> handle(std::shared_ptr<Request> request) override {
    const auto message = protocol::decode_message<ProduceRequest>(request->body, 3);
    if (!message) co_return Answer::close(message.error().message);
    if (message->acks == 0) co_return Answer::silence();
    const auto executor = co_await boost::asio::this_coro::executor;
    Later<int> later(executor);
    {
      const std::lock_guard lock(mutex_);
      held_.push_back(later.callback());
      started_.notify_all();
    }
    co_await later.wait();
    co_return reply(*request, ProduceResponse{});
  }

  void wait_for_started(std::size_t count) {
    std::unique_lock lock(mutex_);
    started_.wait(lock, [&] { return held_.size() >= count; });
  }
  void release(std::size_t index) {
    const std::lock_guard lock(mutex_);
    held_[index](0);
  }
  std::size_t started() {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  // A callback must not outlive the reactors.
  void forget() {
    const std::lock_guard lock(mutex_);
    held_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable started_;
  std::vector<std::function<void(int)>> held_;
};

// Waits until it is cut short.
class NeverAnswers : public WaitingHandler {
 public:
  boost::asio::awaitable<Answer> handle(std::shared_ptr<Request>) override {
    const auto executor = co_await boost::asio::this_coro::executor;
    Later<int> never(executor);
    co_await never.wait();
    co_return Answer::silence();
  }
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    options_.listeners[0].port = 0;
    options_.net.reactor_threads = 2;
  }

  // Ends what CaptureStderr() began. A line is written before the connection is closed.
  static void expect_logged(const std::string& text) {
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find(text), std::string::npos) << log;
  }

  void start() {
    std::vector<Route> routes;
    Route produce;
    produce.api = protocol::find_api(ApiKey::kProduce);
    produce.course = Course::kPipelined;
    produce.waiting = held_;
    routes.push_back(produce);
    Route groups;
    groups.api = protocol::find_api(ApiKey::kListGroups);
    groups.answer = answering<ListGroupsRequest>([this](const auto&, Request&) {
      ListGroupsResponse response;
      response.groups.resize(1);
      response.groups[0].group_id = std::string(group_id_bytes_, 'g');
      return response;
    });
    routes.push_back(groups);
    Route long_poll;
    long_poll.api = protocol::find_api(ApiKey::kHeartbeat);
    long_poll.long_poll = true;
    long_poll.waiting = std::make_shared<NeverAnswers>();
    routes.push_back(long_poll);
    routes.push_back(api_versions_route(routes));
    router_.emplace(std::move(routes));
    server_.emplace(options_, stats_, env_.env().clock());
    ASSERT_TRUE(server_->bind());
    ASSERT_TRUE(server_->start(*router_));
  }

  void TearDown() override {
    if (server_) server_->stop();
    held_->forget();
  }

  ProduceRequest produce(std::int16_t acks) {
    ProduceRequest request;
    request.acks = acks;
    return request;
  }

  BrokerOptions options_;
  BrokerStats stats_;
  log::PosixEnv env_;
  std::size_t group_id_bytes_ = 10;
  const std::shared_ptr<HeldProduce> held_ = std::make_shared<HeldProduce>();
  std::optional<Router> router_;
  std::optional<Server> server_;
};

TEST_F(ServerTest, ApiVersionsFromTheFuture_IsAnsweredAsVersion0WithItsOwnRangeAlone) {
  start();
  Client client(server_->port(0));
  std::vector<std::byte> frame =
      protocol::encode_request_frame(ApiVersionsRequest{}, {18, 4, 7, "test"}).value().bytes;
  log::store_big(frame.data() + 6, std::int16_t{99});
  frame.push_back(std::byte{0x77});  // a body that nobody can know
  log::store_big(frame.data(), static_cast<std::int32_t>(frame.size() - 4));
  ASSERT_TRUE(client.send(frame));
  const auto answer = client.receive<ApiVersionsResponse>(0);
  EXPECT_EQ(answer.correlation_id, 7);
  EXPECT_EQ(answer.message.error_code, ErrorCode::kUnsupportedVersion);
  ASSERT_EQ(answer.message.api_keys.size(), 1U);
  EXPECT_EQ(answer.message.api_keys[0].api_key, 18);
  EXPECT_EQ(answer.message.api_keys[0].max_version, 4);
}

TEST_F(ServerTest, ApiVersions_ListsEveryRowInEveryVersion) {
  start();
  Client client(server_->port(0));
  for (std::int16_t version = 0; version <= 4; ++version) {
    const auto answer = client.call<ApiVersionsResponse>(ApiVersionsRequest{}, version);
    EXPECT_EQ(answer.error_code, ErrorCode::kNone);
    EXPECT_EQ(answer.api_keys.size(), router_->routes().size());
    EXPECT_TRUE(answer.supported_features.empty());
    EXPECT_TRUE(answer.finalized_features.empty());
    EXPECT_EQ(answer.finalized_features_epoch, version >= 3 ? 0 : -1);
  }
}

TEST_F(ServerTest, Produce_IsAdvertisedFromVersion0) {
  start();
  Client client(server_->port(0));
  const auto answer = client.call<ApiVersionsResponse>(ApiVersionsRequest{}, 3);
  const auto row = std::ranges::find(answer.api_keys, 0, &ApiVersionsResponse::ApiVersion::api_key);
  ASSERT_NE(row, answer.api_keys.end());
  EXPECT_EQ(row->min_version, 0);
}

TEST_F(ServerTest, UnsupportedVersionOfAnotherApi_ClosesTheConnection) {
  start();
  Client client(server_->port(0));
  auto frame = protocol::encode_request_frame(ListGroupsRequest{}, {16, 0, 1, "t"}).value().bytes;
  log::store_big(frame.data() + 6, std::int16_t{99});
  ASSERT_TRUE(client.send(frame));
  EXPECT_TRUE(client.is_closed_by_broker());
  EXPECT_EQ(stats_.malformed_requests_total, 1U);
}

TEST_F(ServerTest, UnknownApiKey_ClosesTheConnection) {
  start();
  for (const int key : {-1, 999, 4}) {
    Client client(server_->port(0));
    auto frame = protocol::encode_request_frame(ListGroupsRequest{}, {16, 0, 1, "t"}).value().bytes;
    log::store_big(frame.data() + 4, static_cast<std::int16_t>(key));
    ASSERT_TRUE(client.send(frame));
    EXPECT_TRUE(client.is_closed_by_broker()) << key;
  }
}

TEST_F(ServerTest, BodyThatEndsEarly_ClosesTheConnectionAndHarmsNobodyElse) {
  start();
  Client bad(server_->port(0));
  Client good(server_->port(0));
  auto frame = protocol::encode_request_frame(produce(1), {0, 3, 1, "t"}).value().bytes;
  frame.resize(frame.size() - 3);
  log::store_big(frame.data(), static_cast<std::int32_t>(frame.size() - 4));
  ASSERT_TRUE(bad.send(frame));
  EXPECT_TRUE(bad.is_closed_by_broker());
  EXPECT_EQ(good.call<ListGroupsResponse>(ListGroupsRequest{}, 0).groups.size(), 1U);
}

TEST_F(ServerTest, FirstFrameAboveItsLimit_ClosesTheConnection) {
  start();
  Client client(server_->port(0));
  std::vector<std::byte> length(4);
  log::store_big(length.data(), static_cast<std::int32_t>(options_.net.first_frame_max_bytes + 1));
  testing::internal::CaptureStderr();
  ASSERT_TRUE(client.send(length));
  EXPECT_TRUE(client.is_closed_by_broker());
  expect_logged("frame of 65537 bytes; socket.first.request.max.bytes is 65536");
}

TEST_F(ServerTest, LargeFrame_IsTakenAfterAValidRequest) {
  start();
  Client client(server_->port(0));
  client.call<ApiVersionsResponse>(ApiVersionsRequest{}, 3);
  ProduceRequest request = produce(0);
  const std::vector<std::byte> records(3 << 20);
  request.topics.resize(1);
  request.topics[0].name = "t";
  request.topics[0].partitions.resize(1);
  request.topics[0].partitions[0].records = protocol::BytesView(std::span(records));
  ASSERT_TRUE(client.send(request, 3));
  EXPECT_EQ(client.call<ListGroupsResponse>(ListGroupsRequest{}, 0).groups.size(), 1U);
}

TEST_F(ServerTest, PipelinedRequests_StartInOrderFinishFreelyAndAreAnsweredInOrder) {
  start();
  Client client(server_->port(0));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.send(produce(-1), 3, i));
  held_->wait_for_started(3);
  held_->release(2);
  held_->release(1);
  EXPECT_TRUE(client.is_quiet());
  held_->release(0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.receive<ProduceResponse>(3).correlation_id, i);
  }
}

TEST_F(ServerTest, RequestBehindAHeldProduce_WaitsForIt) {
  start();
  Client client(server_->port(0));
  ASSERT_TRUE(client.send(produce(-1), 3, 1));
  ASSERT_TRUE(client.send(ListGroupsRequest{}, 0, 2));
  held_->wait_for_started(1);
  EXPECT_EQ(stats_.apis[16].requests_total, 0U);
  held_->release(0);
  EXPECT_EQ(client.receive<ProduceResponse>(3).correlation_id, 1);
  EXPECT_EQ(client.receive<ListGroupsResponse>(0).correlation_id, 2);
}

TEST_F(ServerTest, SilentRequest_LeavesNoReplyAndKeepsTheOrder) {
  start();
  Client client(server_->port(0));
  ASSERT_TRUE(client.send(produce(0), 3, 1));
  ASSERT_TRUE(client.send(ListGroupsRequest{}, 0, 2));
  EXPECT_EQ(client.receive<ListGroupsResponse>(0).correlation_id, 2);
}

TEST_F(ServerTest, PipelinedRequests_AreBoundedPerConnection) {
  options_.net.requests_in_flight_max = 2;
  start();
  Client client(server_->port(0));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(client.send(produce(-1), 3, i));
  Client other(server_->port(0));
  held_->wait_for_started(2);
  other.call<ListGroupsResponse>(ListGroupsRequest{}, 0);
  EXPECT_EQ(held_->started(), 2U);
  held_->release(0);
  held_->wait_for_started(3);
  held_->release(1);
  held_->wait_for_started(4);
  held_->release(2);
  held_->release(3);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.receive<ProduceResponse>(3).correlation_id, i);
}

TEST_F(ServerTest, ConnectionsBeyondTheLimit_AreClosedAtOnce) {
  options_.net.connections_per_ip_max = 1;
  start();
  Client first(server_->port(0));
  first.call<ListGroupsResponse>(ListGroupsRequest{}, 0);
  Client second(server_->port(0));
  EXPECT_TRUE(second.is_closed_by_broker());
  EXPECT_EQ(stats_.connections_refused_total, 1U);
}

TEST_F(ServerTest, HalfRequest_IsClosedAtItsDeadline) {
  options_.net.frame_deadline_ms = 50;
  start();
  Client client(server_->port(0));
  const std::vector<std::byte> half(2);
  testing::internal::CaptureStderr();
  ASSERT_TRUE(client.send(half));
  EXPECT_TRUE(client.is_closed_by_broker());
  expect_logged("request was not complete in time; socket.frame.deadline.ms is 50");
  EXPECT_EQ(stats_.connections_timed_out_total, 1U);
}

TEST_F(ServerTest, ClientThatAlwaysSends_IsNotTakenForOneThatSendsTooSlowly) {
  constexpr std::int64_t kDeadlineMs = 400;
  options_.net.frame_deadline_ms = kDeadlineMs;
  start();
  Client client(server_->port(0));
  const auto frame =
      protocol::encode_request_frame(ListGroupsRequest{}, {16, 0, 1, "t"}).value().bytes;
  const std::size_t half = frame.size() / 2;
  ASSERT_TRUE(client.send(std::span(frame).first(half)));
  // Whenever the broker looks there is half a frame, but never the same for long.
  const std::int64_t end_boot_ms = env_.env().clock().boot_ms() + 3 * kDeadlineMs;
  while (env_.env().clock().boot_ms() < end_boot_ms) {
    std::vector<std::byte> rest(frame.begin() + static_cast<std::ptrdiff_t>(half), frame.end());
    rest.insert(rest.end(), frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(half));
    ASSERT_TRUE(client.send(rest));
    ASSERT_TRUE(client.receive_frame().has_value());
  }
  EXPECT_EQ(stats_.connections_timed_out_total, 0U);
}

TEST_F(ServerTest, IdleConnection_IsClosed) {
  options_.net.connection_idle_max_ms = 50;
  start();
  Client client(server_->port(0));
  testing::internal::CaptureStderr();
  client.call<ListGroupsResponse>(ListGroupsRequest{}, 0);
  EXPECT_TRUE(client.is_closed_by_broker());
  expect_logged("idle; connections.max.idle.ms is 50");
}

TEST_F(ServerTest, ClientThatNeverReads_IsClosedAtTheWriteDeadline) {
  options_.net.write_deadline_ms = 100;
  group_id_bytes_ = 30'000;
  start();
  Client client(server_->port(0));
  const auto frame =
      protocol::encode_request_frame(ListGroupsRequest{}, {16, 0, 1, "t"}).value().bytes;
  testing::internal::CaptureStderr();
  while (client.send(frame)) continue;
  EXPECT_EQ(stats_.connections_timed_out_total, 1U);
  expect_logged("replies are not read; socket.write.deadline.ms is 100");
}

TEST_F(ServerTest, ClientThatNeverReads_HoldsNoMoreThanTheSendBuffer) {
  constexpr std::uint64_t kBuffersOfBothEndsMax = 512 << 10;
  options_.net.write_deadline_ms = 100;
  options_.net.send_buffer_bytes = 32 << 10;
  group_id_bytes_ = 30'000;
  start();
  Client client(server_->port(0));
  const auto frame =
      protocol::encode_request_frame(ListGroupsRequest{}, {16, 0, 1, "t"}).value().bytes;
  while (client.send(frame)) continue;
  EXPECT_GT(stats_.sent_bytes_total, 0U);
  EXPECT_LT(stats_.sent_bytes_total, kBuffersOfBothEndsMax);
}

TEST_F(ServerTest, Drain_FinishesWhatIsInFlightAndClosesTheIdle) {
  start();
  Client idle(server_->port(0));
  idle.call<ListGroupsResponse>(ListGroupsRequest{}, 0);
  Client busy(server_->port(0));
  ASSERT_TRUE(busy.send(produce(-1), 3, 5));
  held_->wait_for_started(1);
  EXPECT_FALSE(server_->drain(0));
  EXPECT_TRUE(idle.is_closed_by_broker());
  held_->release(0);
  EXPECT_EQ(busy.receive<ProduceResponse>(3).correlation_id, 5);
  EXPECT_TRUE(busy.is_closed_by_broker());
  EXPECT_TRUE(server_->drain(5'000));
}

TEST_F(ServerTest, LongPoll_OfAClientThatLeavesIsGivenUp) {
  start();
  Client client(server_->port(0));
  client.call<ListGroupsResponse>(ListGroupsRequest{}, 0);
  ASSERT_EQ(stats_.connections, 1);
  ASSERT_TRUE(client.send(protocol::HeartbeatRequest{}, 0));
  client.close();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (stats_.connections != 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(stats_.connections, 0);
}

TEST_F(ServerTest, LongPoll_IsCutWhenTheServerDrains) {
  start();
  Client client(server_->port(0));
  client.call<ListGroupsResponse>(ListGroupsRequest{}, 0);
  ASSERT_TRUE(client.send(protocol::HeartbeatRequest{}, 0));
  EXPECT_TRUE(server_->drain(10'000));
  EXPECT_TRUE(client.is_closed_by_broker());
}

TEST_F(ServerTest, BusyAddress_IsNamedInTheError) {
  start();
  BrokerOptions same = options_;
  same.listeners[0].port = server_->port(0);
  BrokerStats stats;
  Server second(same, stats, env_.env().clock());
  const Status bound = second.bind();
  ASSERT_FALSE(bound);
  EXPECT_NE(bound.error().message.find(std::to_string(server_->port(0))), std::string::npos);
}

}  // namespace
}  // namespace orloj::broker
