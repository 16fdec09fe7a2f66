#include "broker/handlers/fetch.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <chrono>

#include "broker/answering.h"
#include "broker/handlers/fetch_read.h"
#include "broker/handlers/fetch_session.h"
#include "broker/handlers/wire_types.h"
#include "broker/later.h"
#include "broker/waiting_handler.h"

namespace orloj::broker {

namespace asio = boost::asio;
using protocol::ErrorCode;
using protocol::FetchRequest;
using protocol::FetchResponse;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {

// Sleeps on the high watermarks of the partitions of a pass; gives up its place when destroyed.
class FetchWaiter {
 public:
  FetchWaiter() = default;
  FetchWaiter(const FetchWaiter&) = delete;
  FetchWaiter& operator=(const FetchWaiter&) = delete;
  ~FetchWaiter() {
    for (const auto& [partition, id] : places_) partition->cancel_wake(id);
  }

  // False: something rose since the pass, read again at once.
  bool park(const FetchPass& pass, const std::function<void(bool)>& wake) {
    for (const FetchedPartition& read : pass.partitions) {
      if (!read.partition) continue;
      const auto id =
          read.partition->wake_beyond(read.answer.high_watermark, [wake] { wake(true); });
      if (!id) return false;
      places_.emplace_back(read.partition, *id);
    }
    return true;
  }

 private:
  std::vector<std::pair<std::shared_ptr<log::Partition>, log::Partition::WakeId>> places_;
};

class FetchHandler : public WaitingHandler {
 public:
  FetchHandler(const BrokerOptions& options, const Identity& identity, const Topics& topics,
               log::Env env, BrokerStats& stats)
      : options_(options), identity_(identity), topics_(topics), sessions_(options, env, stats) {}

  asio::awaitable<Answer> handle(std::shared_ptr<Request> request) override;

 private:
  asio::awaitable<FetchPass> read_until_enough(FetchTargets& targets, FetchLimits limits,
                                               std::int64_t min_bytes, SteadyTime deadline);
  Answer answer(Request& request, FetchContext& context, FetchPass& pass);

  const BrokerOptions& options_;
  const Identity& identity_;
  const Topics& topics_;
  FetchSessions sessions_;
};

// Gives the session back however the request ends.
class ContextHold {
 public:
  ContextHold(FetchSessions& sessions, FetchContext context)
      : sessions_(sessions), context_(std::move(context)) {}
  ContextHold(const ContextHold&) = delete;
  ContextHold& operator=(const ContextHold&) = delete;
  ~ContextHold() { sessions_.release(context_); }
  FetchContext& operator*() { return context_; }

 private:
  FetchSessions& sessions_;
  FetchContext context_;
};

Answer refuse(Request& request, ErrorCode error) {
  FetchResponse response;
  response.error_code = error;
  request.failed = true;
  return reply(request, response);
}

asio::awaitable<FetchPass> FetchHandler::read_until_enough(FetchTargets& targets,
                                                           FetchLimits limits,
                                                           std::int64_t min_bytes,
                                                           SteadyTime deadline) {
  const auto executor = co_await asio::this_coro::executor;
  while (true) {
    FetchPass pass = read_partitions(topics_, targets, limits);
    if (pass.has_final || pass.size_bytes >= min_bytes || targets.empty() ||
        std::chrono::steady_clock::now() >= deadline) {
      co_return pass;
    }
    Later<bool> risen(executor);
    FetchWaiter waiter;
    if (!waiter.park(pass, risen.callback())) continue;
    co_await risen.wait_until(deadline);
  }
}

asio::awaitable<Answer> FetchHandler::handle(std::shared_ptr<Request> request) {
  const std::int16_t version = request->header.api_version;
  const auto message = protocol::decode_request<FetchRequest>(request->body, version);
  if (!message) co_return Answer::close(message.error().message);
  if (message->cluster_id && *message->cluster_id != identity_.cluster_id) {
    co_return refuse(*request, ErrorCode::kInconsistentClusterId);
  }
  ContextHold hold(sessions_, sessions_.open(*message, version));
  FetchContext& context = *hold;
  if (context.error != ErrorCode::kNone) co_return refuse(*request, context.error);

  FetchLimits limits;
  limits.max_bytes = std::clamp<std::int64_t>(message->max_bytes, 0, options_.fetch_max_bytes);
  limits.isolation_level = message->isolation_level;
  const auto wait = std::chrono::milliseconds(std::max(message->max_wait_ms, 0));
  const SteadyTime deadline = std::chrono::steady_clock::now() + wait;
  const std::int64_t min_bytes = std::min<std::int64_t>(message->min_bytes, limits.max_bytes);
  FetchPass pass = co_await read_until_enough(context.targets(), limits, min_bytes, deadline);
  co_return answer(*request, context, pass);
}

Answer FetchHandler::answer(Request& request, FetchContext& context, FetchPass& pass) {
  FetchResponse response;
  response.session_id = context.session_id;
  std::vector<std::vector<log::FileSlice>> files;
  std::vector<FetchTarget*> served;
  for (FetchedPartition& read : pass.partitions) {
    if (context.incremental() && !read.is_news()) continue;
    FetchTarget& target = *read.target;
    const protocol::Uuid topic_id = to_wire_id(target.topic_id);
    if (response.topics.empty() || response.topics.back().topic != target.topic ||
        response.topics.back().topic_id != topic_id) {
      auto& topic = response.topics.emplace_back();
      topic.topic = target.topic;
      topic.topic_id = topic_id;
    }
    if (read.size_bytes > 0) {
      read.answer.records = protocol::RecordsField::external(
          static_cast<std::uint64_t>(read.size_bytes), static_cast<std::uint32_t>(files.size()));
      files.push_back(std::move(read.slices));
      served.push_back(&target);
    } else {
      read.answer.records = protocol::RecordsField(protocol::BytesView{});
    }
    const bool failed = read.answer.error_code != ErrorCode::kNone;
    request.failed |= failed;
    // After an error the next answer is news in any case.
    target.told_high_watermark = failed ? -1 : read.answer.high_watermark;
    target.told_log_start = failed ? -1 : read.answer.log_start_offset;
    response.topics.back().partitions.push_back(std::move(read.answer));
  }
  context.rotate(served);
  return reply(request, response, files);
}

}  // namespace

Route fetch_route(const BrokerOptions& options, const Identity& identity, const Topics& topics,
                  log::Env env, BrokerStats& stats) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kFetch);
  route.long_poll = true;
  route.waiting = std::make_shared<FetchHandler>(options, identity, topics, env, stats);
  return route;
}

}  // namespace orloj::broker
