#include "broker/handlers/produce.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <chrono>

#include "broker/answering.h"
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

// A partition of the answer that waits for the disk.
struct Waiting {
  std::size_t topic = 0;
  std::size_t partition = 0;
};

struct Started {
  ProduceResponse response;
  std::shared_ptr<PendingAcks> acks;
  std::vector<Waiting> waiting;  // by the index of `acks`
  bool failed = false;
};

class ProduceHandler : public WaitingHandler {
 public:
  ProduceHandler(const Topics& topics, const scheduler::Scheduler& scheduler,
                 const log::LogOptions& limits)
      : topics_(topics), appender_(topics, scheduler, limits) {}

  asio::awaitable<Answer> handle(std::shared_ptr<Request> request) override;

 private:
  Started start(Request& request, const ProduceRequest& message) const;
  std::shared_ptr<const coordinator::Topic> find(const ProduceRequest::Topic& topic,
                                                 std::int16_t version) const;

  const Topics& topics_;
  const ProduceAppender appender_;
};

bool acks_are_valid(std::int16_t acks) {
  return acks >= -1 && acks <= 1;
}

void refuse(ProduceResponse::Partition& answer, ErrorCode code, std::string message) {
  answer.error_code = code;
  answer.base_offset = log::kNoOffset;
  answer.error_message = std::move(message);
}

std::shared_ptr<const coordinator::Topic> ProduceHandler::find(const ProduceRequest::Topic& topic,
                                                               std::int16_t version) const {
  return version >= kFirstVersionWithTopicIds ? topics_.catalog().find(to_log(topic.topic_id))
                                              : topics_.catalog().find(topic.name);
}

Started ProduceHandler::start(Request& request, const ProduceRequest& message) const {
  const std::int16_t version = request.header.api_version;
  Started started;
  started.acks = std::make_shared<PendingAcks>();
  for (const auto& asked : message.topics) {
    auto& topic = started.response.topics.emplace_back();
    topic.name = asked.name;
    topic.topic_id = asked.topic_id;
    const ProduceTarget target{find(asked, version), version};
    for (const auto& part : asked.partitions) {
      auto& answer = topic.partitions.emplace_back();
      answer.index = part.index;
      if (!acks_are_valid(message.acks)) {
        refuse(answer, ErrorCode::kInvalidRequiredAcks, "acks must be -1, 0 or 1");
      } else if (!target.topic && version >= kFirstVersionWithTopicIds) {
        refuse(answer, ErrorCode::kUnknownTopicId, "no topic has this id");
      } else {
        const auto records = part.records.value_or(protocol::BytesView{});
        const auto appended = appender_.append(
            target, part.index, protocol::writable(request.frame.span(), records), answer);
        if (appended && message.acks == kAcksAll) {
          started.waiting.push_back(
              {started.response.topics.size() - 1, topic.partitions.size() - 1});
          appended->partition->when_acknowledged(appended->durable, started.acks->add());
        }
      }
      started.failed |= answer.error_code != ErrorCode::kNone;
    }
  }
  return started;
}

// After the wait: what did not reach the disk is told so.
void settle(Started& started) {
  for (std::size_t i = 0; i < started.waiting.size(); ++i) {
    const Waiting& waiting = started.waiting[i];
    auto& answer = started.response.topics[waiting.topic].partitions[waiting.partition];
    const auto outcome = started.acks->outcome(i);
    if (!outcome) {
      refuse(answer, ErrorCode::kRequestTimedOut, "not on stable storage within timeout.ms");
    } else if (!*outcome) {
      refuse(answer, to_wire(outcome->error().code), outcome->error().message);
    }
    started.failed |= answer.error_code != ErrorCode::kNone;
  }
}

asio::awaitable<Answer> ProduceHandler::handle(std::shared_ptr<Request> request) {
  const auto message =
      protocol::decode_request<ProduceRequest>(request->body, request->header.api_version);
  if (!message) co_return Answer::close(message.error().message);
  Started started = start(*request, *message);
  if (!started.waiting.empty()) {
    const auto executor = co_await asio::this_coro::executor;
    Later<bool> later(executor);
    const auto wake = later.callback();
    if (started.acks->on_complete([wake] { wake(true); })) {
      const auto timeout = std::chrono::milliseconds(std::max(message->timeout_ms, 0));
      const auto deadline = std::chrono::steady_clock::now() + timeout;
      co_await later.wait_until(deadline);
    }
    settle(started);
  }
  request->failed = started.failed;
  if (message->acks == 0) {
    co_return started.failed ? Answer::close("a produce request with acks=0 failed")
                             : Answer::silence();
  }
  co_return reply(*request, started.response);
}

}  // namespace

Route produce_route(const Topics& topics, const scheduler::Scheduler& scheduler,
                    const log::LogOptions& limits) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kProduce);
  route.course = Course::kPipelined;
  route.waiting = std::make_shared<ProduceHandler>(topics, scheduler, limits);
  return route;
}

}  // namespace orloj::broker
