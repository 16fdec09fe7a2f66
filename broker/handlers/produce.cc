#include "broker/handlers/produce.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <optional>

#include "broker/answering.h"
#include "broker/blocking.h"
#include "broker/error_map.h"
#include "broker/handlers/pending_acks.h"
#include "broker/handlers/produce_append.h"
#include "broker/handlers/wire_types.h"
#include "broker/later.h"
#include "broker/waiting_handler.h"

namespace orloj::broker {

namespace asio = boost::asio;
using protocol::ErrorCode;
using protocol::ProduceRequest;
using protocol::ProduceResponse;

namespace {

constexpr std::int16_t kFirstVersionWithTopicIds = 13;
constexpr std::int16_t kAcksAll = -1;
constexpr std::int16_t kAcksNone = 0;

using NeedsScheduleLog = std::shared_ptr<log::Partition>;  // null: nobody

// A partition of the request and of the answer.
struct Place {
  std::size_t topic = 0;
  std::size_t partition = 0;
};

struct Started {
  ProduceResponse response;  // up to `next`
  Place next;
  ProduceTarget target;               // of next.topic
  std::shared_ptr<PendingAcks> acks;  // null: there is nothing to wait for
  std::vector<Place> waiting;         // for the disk; by the index of `acks`
  bool failed = false;

  ProduceResponse::Partition& answer(const Place& place) {
    return response.topics[place.topic].partitions[place.partition];
  }
};

class ProduceHandler : public WaitingHandler {
 public:
  explicit ProduceHandler(const ProduceServices& services)
      : services_(services), appender_(services.topics, services.scheduler, services.log_options) {}

  asio::awaitable<Answer> handle(std::shared_ptr<Request> request) override;
  Begun begin(std::shared_ptr<Request> request) override;

 private:
  // A request that could not be answered at once.
  struct Unfinished {
    std::shared_ptr<Request> request;
    ProduceRequest message;
    Started started;
    NeedsScheduleLog needs_log;
  };

  asio::awaitable<Answer> wait(Unfinished work) const;
  NeedsScheduleLog go_on(Request& request, const ProduceRequest& message, Started& started) const;
  AppendOutcome append(Request& request, const ProduceRequest& message, Started& started) const;
  ProduceTarget find(const ProduceRequest::Topic& topic, std::int16_t version) const;

  const ProduceServices services_;
  const ProduceAppender appender_;
};

bool acks_are_valid(std::int16_t acks) {
  return acks >= -1 && acks <= 1;
}

ProduceTarget ProduceHandler::find(const ProduceRequest::Topic& topic, std::int16_t version) const {
  const auto& catalog = services_.topics.catalog();
  const bool by_id = version >= kFirstVersionWithTopicIds;
  return {by_id ? catalog.find(to_log(topic.topic_id)) : catalog.find(topic.name), version, by_id};
}

// The partition at started.next.
AppendOutcome ProduceHandler::append(Request& request, const ProduceRequest& message,
                                     Started& started) const {
  const auto& asked = message.topics[started.next.topic].partitions[started.next.partition];
  auto& answer = started.answer(started.next);
  answer.index = asked.index;
  if (!acks_are_valid(message.acks)) {
    refuse(answer, ErrorCode::kInvalidRequiredAcks, "acks must be -1, 0 or 1");
    return {};
  }
  const auto records = asked.records.value_or(protocol::BytesView{});
  return appender_.append(started.target, asked.index,
                          protocol::writable(request.frame.span(), records), answer);
}

// What the answer waits for; nullopt: nothing.
std::optional<log::DurableTarget> target_of(const AppendOutcome& outcome, std::int16_t acks) {
  if (outcome.kind != AppendOutcome::Kind::kAppended || acks == kAcksNone) return std::nullopt;
  if (acks == kAcksAll) return outcome.durable;
  if (outcome.waits_for_flush) return log::DurableTarget{.data_end = outcome.durable.data_end};
  return std::nullopt;
}

// Appends from started.next on. Stops before a partition that needs its schedule log first, and
// returns it; null at the end.
NeedsScheduleLog ProduceHandler::go_on(Request& request, const ProduceRequest& message,
                                       Started& started) const {
  auto& topics = started.response.topics;
  Place& next = started.next;
  for (; next.topic < message.topics.size(); ++next.topic, next.partition = 0) {
    const auto& asked = message.topics[next.topic];
    if (topics.size() == next.topic) {
      auto& topic = topics.emplace_back();
      topic.name = asked.name;
      topic.topic_id = asked.topic_id;
      started.target = find(asked, request.header.api_version);
    }
    for (; next.partition < asked.partitions.size(); ++next.partition) {
      auto& partitions = topics.back().partitions;
      if (partitions.size() == next.partition) partitions.emplace_back();
      const AppendOutcome outcome = append(request, message, started);
      if (outcome.kind == AppendOutcome::Kind::kNeedsScheduleLog) return outcome.partition;
      if (const auto target = target_of(outcome, message.acks)) {
        started.waiting.push_back(next);
        if (!started.acks) started.acks = std::make_shared<PendingAcks>();
        outcome.partition->when_acknowledged(*target, started.acks->add());
      }
      started.failed |= started.answer(next).error_code != ErrorCode::kNone;
    }
  }
  return nullptr;
}

// After the wait: what did not reach the disk is told so.
void settle(Started& started) {
  for (std::size_t i = 0; i < started.waiting.size(); ++i) {
    auto& answer = started.answer(started.waiting[i]);
    const auto outcome = started.acks->outcome(i);
    if (!outcome) {
      refuse(answer, ErrorCode::kRequestTimedOut, "not on stable storage within timeout.ms");
    } else if (!*outcome) {
      refuse(answer, to_wire(outcome->error().code), outcome->error().message);
    }
    started.failed |= answer.error_code != ErrorCode::kNone;
  }
}

Answer answer(Request& request, std::int16_t acks, const Started& started) {
  request.failed = started.failed;
  if (acks == 0) {
    return started.failed ? Answer::close("a produce request with acks=0 failed")
                          : Answer::silence();
  }
  return reply(request, started.response);
}

WaitingHandler::Begun ProduceHandler::begin(std::shared_ptr<Request> request) {
  auto message =
      protocol::decode_request<ProduceRequest>(request->body, request->header.api_version);
  if (!message) return Answer::close(message.error().message);
  Started started;
  auto needs_log = go_on(*request, *message, started);
  if (!needs_log && (!started.acks || started.acks->all_here())) {
    settle(started);
    return answer(*request, message->acks, started);
  }
  return wait({std::move(request), std::move(*message), std::move(started), std::move(needs_log)});
}

asio::awaitable<Answer> ProduceHandler::handle(std::shared_ptr<Request> request) {
  auto begun = begin(std::move(request));
  if (auto* at_once = std::get_if<Answer>(&begun)) co_return std::move(*at_once);
  co_return co_await std::get<asio::awaitable<Answer>>(std::move(begun));
}

asio::awaitable<Answer> ProduceHandler::wait(Unfinished work) const {
  Started& started = work.started;
  while (work.needs_log) {
    // Later batches of the same producer must not overtake this one.
    work.request->holds_up = true;
    const auto created = std::make_shared<log::Status>();
    std::function<void()> create = [created, partition = work.needs_log] {
      *created = partition->create_schedule_log();
    };
    const bool tried = co_await on_blocking_thread(services_.blocking, std::move(create));
    if (!tried || !*created) {
      started.failed = true;
      refuse(started.answer(started.next),
             tried ? to_wire(created->error().code) : ErrorCode::kRequestTimedOut,
             tried ? created->error().message
                   : "the schedule log cannot be made yet: blocking_queue_max = " +
                         std::to_string(services_.options.blocking_queue_max) +
                         " pieces of work wait for the disk already");
      ++started.next.partition;
    }
    work.needs_log = go_on(*work.request, work.message, started);
  }
  if (!started.waiting.empty()) {
    const auto executor = co_await asio::this_coro::executor;
    Later<bool> later(executor);
    const auto wake = later.callback();
    if (started.acks->on_complete([wake] { wake(true); })) {
      const auto timeout = std::chrono::milliseconds(std::max(work.message.timeout_ms, 0));
      const auto deadline = std::chrono::steady_clock::now() + timeout;
      co_await later.wait_until(deadline);
    }
    settle(started);
  }
  co_return answer(*work.request, work.message.acks, started);
}

}  // namespace

Route produce_route(const ProduceServices& services) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kProduce);
  route.course = Course::kPipelined;
  route.waiting = std::make_shared<ProduceHandler>(services);
  return route;
}

}  // namespace orloj::broker
