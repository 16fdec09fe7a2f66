#include "broker/handlers/fetch.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <chrono>

#include "broker/answering.h"
#include "broker/blocking.h"
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

// How soon a place in a full queue is asked for again.
constexpr std::chrono::milliseconds kQueueFullPause{20};

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

class FetchHandler : public WaitingHandler {
 public:
  explicit FetchHandler(const FetchServices& services)
      : services_(services), sessions_(services.options, services.env, services.stats) {}

  asio::awaitable<Answer> handle(std::shared_ptr<Request> request) override;

 private:
  struct Wanted {
    FetchLimits limits;
    std::int64_t min_bytes = 0;
    SteadyTime deadline;
  };
  asio::awaitable<FetchPass> read_until_enough(std::shared_ptr<ContextHold> hold, Wanted wanted);
  Answer answer(Request& request, FetchContext& context, FetchPass& pass);

  const FetchServices services_;
  FetchSessions sessions_;
};

Answer refuse(Request& request, ErrorCode error) {
  FetchResponse response;
  response.error_code = error;
  request.failed = true;
  return reply(request, response);
}

asio::awaitable<FetchPass> FetchHandler::read_until_enough(std::shared_ptr<ContextHold> hold,
                                                           Wanted wanted) {
  const auto executor = co_await asio::this_coro::executor;
  FetchTargets& targets = (**hold).targets();
  while (true) {
    FetchPass pass = read_partitions(services_.topics, targets, wanted.limits, ReadFrom::kMemory);
    bool queue_full = false;
    if (pass.needs_disk) {
      // Holds the session: the request may end before a thread comes to it.
      const auto cold = std::make_shared<FetchPass>();
      std::function<void()> work = [this, hold, cold, limits = wanted.limits] {
        *cold = read_partitions(services_.topics, (**hold).targets(), limits, ReadFrom::kDisk);
      };
      const bool done = co_await on_blocking_thread(services_.blocking, std::move(work));
      queue_full = !done;
      if (done) pass = std::move(*cold);
    }
    const SteadyTime now = std::chrono::steady_clock::now();
    const std::int64_t enough = queue_full ? 1 : wanted.min_bytes;
    if (pass.has_final || pass.size_bytes >= enough || targets.empty() || now >= wanted.deadline) {
      co_return pass;
    }
    Later<bool> risen(executor);
    FetchWaiter waiter;
    if (queue_full) {
      co_await risen.wait_until(std::min(now + kQueueFullPause, wanted.deadline));
    } else if (waiter.park(pass, risen.callback())) {
      co_await risen.wait_until(wanted.deadline);
    }
  }
}

asio::awaitable<Answer> FetchHandler::handle(std::shared_ptr<Request> request) {
  const std::int16_t version = request->header.api_version;
  const auto message = protocol::decode_request<FetchRequest>(request->body, version);
  if (!message) co_return Answer::close(message.error().message);
  if (message->cluster_id && *message->cluster_id != services_.identity.cluster_id) {
    co_return refuse(*request, ErrorCode::kInconsistentClusterId);
  }
  const auto hold = std::make_shared<ContextHold>(sessions_, sessions_.open(*message, version));
  FetchContext& context = **hold;
  if (context.error != ErrorCode::kNone) co_return refuse(*request, context.error);

  Wanted wanted;
  wanted.limits.max_bytes =
      std::clamp<std::int64_t>(message->max_bytes, 0, services_.options.fetch_max_bytes);
  wanted.limits.isolation_level = message->isolation_level;
  wanted.min_bytes = std::min<std::int64_t>(message->min_bytes, wanted.limits.max_bytes);
  wanted.deadline = std::chrono::steady_clock::now() +
                    std::chrono::milliseconds(std::max(message->max_wait_ms, 0));
  FetchPass pass = co_await read_until_enough(hold, wanted);
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
  sessions_.rotate(context, served);
  return reply(request, response, files);
}

}  // namespace

Route fetch_route(const FetchServices& services) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kFetch);
  route.long_poll = true;
  route.waiting = std::make_shared<FetchHandler>(services);
  return route;
}

}  // namespace orloj::broker
