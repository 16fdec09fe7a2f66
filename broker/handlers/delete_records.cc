#include "broker/handlers/delete_records.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "broker/answering.h"
#include "broker/blocking.h"
#include "broker/error_map.h"
#include "broker/later.h"
#include "broker/waiting_handler.h"
#include "protocol/messages/delete_records.h"

namespace orloj::broker {

namespace asio = boost::asio;
using protocol::DeleteRecordsRequest;
using protocol::DeleteRecordsResponse;
using protocol::ErrorCode;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {

constexpr std::int64_t kUpToHighWatermark = -1;
constexpr log::Offset kNoLowWatermark = -1;
constexpr auto kLookAgainAfter = std::chrono::milliseconds(10);

// One partition whose log start shall move.
struct Deletion {
  std::shared_ptr<log::Partition> partition;
  log::Offset before = 0;
  DeleteRecordsResponse::Partition answer;

  std::int32_t index() const { return answer.partition_index; }
  bool is_done() const {
    return answer.error_code != ErrorCode::kNone || answer.low_watermark >= before;
  }
};

// The names point into the frame.
using AskedTopics = std::map<std::string_view, std::vector<Deletion>>;

class DeleteRecordsHandler : public WaitingHandler {
 public:
  DeleteRecordsHandler(const Topics& topics, BlockingPool& blocking)
      : topics_(topics), blocking_(blocking) {}

  asio::awaitable<Answer> handle(std::shared_ptr<Request> request) override;

 private:
  AskedTopics look_up(const DeleteRecordsRequest& message) const;
  Deletion look_up(const coordinator::Topic* topic, std::int32_t index, log::Offset before) const;

  const Topics& topics_;
  BlockingPool& blocking_;
};

Deletion DeleteRecordsHandler::look_up(const coordinator::Topic* topic, std::int32_t index,
                                       log::Offset before) const {
  Deletion deletion;
  deletion.answer.partition_index = index;
  deletion.answer.low_watermark = kNoLowWatermark;
  deletion.partition = topic == nullptr ? nullptr : topics_.partition(*topic, index);
  if (deletion.partition == nullptr) {
    deletion.answer.error_code = ErrorCode::kUnknownTopicOrPartition;
  } else if (topic->internal) {
    deletion.answer.error_code = ErrorCode::kInvalidTopicException;
  } else if (!deletion.partition->config().cleanup_delete) {
    deletion.answer.error_code = ErrorCode::kPolicyViolation;
  } else if (before < kUpToHighWatermark) {
    deletion.answer.error_code = ErrorCode::kOffsetOutOfRange;
  } else {
    deletion.before =
        before == kUpToHighWatermark ? deletion.partition->offsets().high_watermark : before;
  }
  return deletion;
}

AskedTopics DeleteRecordsHandler::look_up(const DeleteRecordsRequest& message) const {
  AskedTopics topics;
  for (const auto& asked : message.topics) {
    const auto known = topics_.catalog().find(asked.name);
    auto& deletions = topics[asked.name];
    for (const auto& partition : asked.partitions) {
      deletions.push_back(look_up(known.get(), partition.partition_index, partition.offset));
    }
  }
  for (auto& [name, deletions] : topics) {
    std::ranges::reverse(deletions);  // of equal ones the first is kept: the last that was asked
    std::ranges::stable_sort(deletions, {}, &Deletion::index);
    const auto repeated = std::ranges::unique(deletions, {}, &Deletion::index);
    deletions.erase(repeated.begin(), repeated.end());
  }
  return topics;
}

// Blocking: each log start that moves is durable when this returns.
void delete_now(AskedTopics& topics) {
  for (auto& [name, deletions] : topics) {
    for (Deletion& deletion : deletions) {
      if (deletion.is_done()) continue;
      deletion.partition->delete_records(deletion.before, [&](const log::Status& moved) {
        if (!moved) deletion.answer.error_code = to_wire(moved.error().code);
      });
      if (deletion.answer.error_code != ErrorCode::kNone) continue;
      deletion.answer.low_watermark = deletion.partition->offsets().log_start;
    }
  }
}

bool are_done(const AskedTopics& topics) {
  return std::ranges::all_of(topics, [](const auto& topic) {
    return std::ranges::all_of(topic.second, &Deletion::is_done);
  });
}

DeleteRecordsResponse answer_of(const AskedTopics& topics, Request& request) {
  DeleteRecordsResponse response;
  for (const auto& [name, deletions] : topics) {
    auto& answered = response.topics.emplace_back();
    answered.name = name;
    for (const Deletion& deletion : deletions) {
      auto& answer = answered.partitions.emplace_back(deletion.answer);
      if (!deletion.is_done()) answer.error_code = ErrorCode::kRequestTimedOut;
      request.failed |= answer.error_code != ErrorCode::kNone;
    }
  }
  return response;
}

asio::awaitable<Answer> DeleteRecordsHandler::handle(std::shared_ptr<Request> request) {
  const auto message =
      protocol::decode_request<DeleteRecordsRequest>(request->body, request->header.api_version);
  if (!message) co_return Answer::close(message.error().message);
  const SteadyTime deadline = std::chrono::steady_clock::now() +
                              std::chrono::milliseconds(std::max(message->timeout_ms, 0));
  auto topics = std::make_shared<AskedTopics>(look_up(*message));
  const auto executor = co_await asio::this_coro::executor;
  while (true) {
    std::function<void()> work = [request, topics] { delete_now(*topics); };
    const bool tried = co_await on_blocking_thread(blocking_, std::move(work));
    if (!tried) co_return Answer::close("blocking_queue_max is exceeded");
    const SteadyTime now = std::chrono::steady_clock::now();
    if (are_done(*topics) || now >= deadline) break;
    const WakeUp pause(executor);
    co_await pause.wait_until(std::min<SteadyTime>(now + kLookAgainAfter, deadline));
  }
  co_return reply(*request, answer_of(*topics, *request));
}

}  // namespace

Route delete_records_route(const Topics& topics, BlockingPool& blocking) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kDeleteRecords);
  route.waiting = std::make_shared<DeleteRecordsHandler>(topics, blocking);
  return route;
}

}  // namespace orloj::broker
