#include "broker/handlers/list_offsets.h"

#include <algorithm>
#include <optional>

#include "broker/answering.h"
#include "broker/blocking.h"
#include "broker/error_map.h"
#include "broker/waiting_handler.h"
#include "protocol/messages/list_offsets.h"

namespace orloj::broker {

namespace asio = boost::asio;
using protocol::ErrorCode;
using protocol::ListOffsetsRequest;
using protocol::ListOffsetsResponse;

namespace {

constexpr std::int8_t kReadCommitted = 1;
constexpr std::int16_t kFirstVersionWithOffsetNotAvailable = 5;

// Timestamps that are no instants, and the versions that know them.
constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kMaxTimestamp = -3;
constexpr std::int64_t kEarliestLocal = -4;
constexpr std::int64_t kLatestTiered = -5;
constexpr std::int64_t kEarliestPendingUpload = -6;

bool is_known(std::int64_t timestamp, std::int16_t version) {
  switch (timestamp) {
    case kMaxTimestamp:
      return version >= 7;
    case kEarliestLocal:
      return version >= 8;
    case kLatestTiered:
      return version >= 9;
    case kEarliestPendingUpload:
      return version >= 11;
    default:
      return timestamp >= kEarliest;
  }
}

void look_up(const log::Partition& partition, std::int64_t timestamp,
             ListOffsetsResponse::Partition& answer) {
  const auto found = timestamp == kMaxTimestamp ? partition.find_max_timestamp()
                                                : partition.find_by_timestamp(timestamp);
  if (!found) {
    answer.error_code = to_wire(found.error().code);
  } else if (*found) {
    answer.timestamp = (*found)->timestamp_ms;
    answer.offset = (*found)->offset;
    answer.leader_epoch = (*found)->leader_epoch;
  }
}

void answer_one(const log::Partition& partition, const ListOffsetsRequest::Partition& asked,
                std::int8_t isolation_level, ListOffsetsResponse::Partition& answer) {
  const auto current = partition.leader_epoch();
  if (asked.current_leader_epoch >= 0 && asked.current_leader_epoch != current) {
    answer.error_code = asked.current_leader_epoch < current ? ErrorCode::kFencedLeaderEpoch
                                                             : ErrorCode::kUnknownLeaderEpoch;
    return;
  }
  const auto offsets = partition.offsets();
  switch (asked.timestamp) {
    case kLatest:
      answer.offset =
          isolation_level == kReadCommitted ? offsets.last_stable : offsets.high_watermark;
      answer.leader_epoch = current;
      return;
    case kEarliest:
    case kEarliestLocal:
      answer.offset = offsets.log_start;
      return;
    case kLatestTiered:
    case kEarliestPendingUpload:
      return;
    default:
      look_up(partition, asked.timestamp, answer);
  }
}

// Whether segments have to be read for it.
bool is_searched_for(std::int64_t timestamp) {
  return timestamp >= 0 || timestamp == kMaxTimestamp;
}

// Who answers what is searched for.
enum class Search : std::uint8_t {
  kAllowed,     // blocking, not on a reactor
  kUnavailable  // nobody now: the client tries again
};

// Partitions that a request names more than once, as (topic, number): a look-up can be dear, and
// the answers would be the same.
using Named = std::vector<std::pair<std::string_view, std::int32_t>>;

Named named_twice(const ListOffsetsRequest& message) {
  Named named;
  for (const auto& topic : message.topics) {
    for (const auto& asked : topic.partitions) {
      named.emplace_back(topic.name, asked.partition_index);
    }
  }
  std::ranges::sort(named);
  Named twice;
  for (std::size_t i = 1; i < named.size(); ++i) {
    const bool again = named[i] == named[i - 1];
    if (again && (twice.empty() || twice.back() != named[i])) twice.push_back(named[i]);
  }
  return twice;
}

ListOffsetsResponse answer_all(const Topics& topics, const ListOffsetsRequest& message,
                               std::int16_t version, Search search) {
  ListOffsetsResponse response;
  const Named twice = named_twice(message);
  for (const auto& asked_topic : message.topics) {
    auto& topic = response.topics.emplace_back();
    topic.name = asked_topic.name;
    const auto known = topics.catalog().find(asked_topic.name);
    for (const auto& asked : asked_topic.partitions) {
      auto& answer = topic.partitions.emplace_back();
      answer.partition_index = asked.partition_index;
      const auto partition = known ? topics.partition(*known, asked.partition_index) : nullptr;
      if (std::ranges::binary_search(twice, std::pair(asked_topic.name, asked.partition_index))) {
        answer.error_code = ErrorCode::kInvalidRequest;
      } else if (!partition) {
        answer.error_code = ErrorCode::kUnknownTopicOrPartition;
      } else if (!is_known(asked.timestamp, version)) {
        answer.error_code = ErrorCode::kUnsupportedVersion;
      } else if (is_searched_for(asked.timestamp) && search == Search::kUnavailable) {
        answer.error_code = version >= kFirstVersionWithOffsetNotAvailable
                                ? ErrorCode::kOffsetNotAvailable
                                : ErrorCode::kLeaderNotAvailable;
      } else {
        answer_one(*partition, asked, message.isolation_level, answer);
      }
    }
  }
  return response;
}

bool any_searched_for(const ListOffsetsRequest& message) {
  return std::ranges::any_of(message.topics, [](const auto& topic) {
    return std::ranges::any_of(topic.partitions,
                               [](const auto& asked) { return is_searched_for(asked.timestamp); });
  });
}

bool any_failed(const ListOffsetsResponse& response) {
  return std::ranges::any_of(response.topics, [](const auto& topic) {
    return std::ranges::any_of(
        topic.partitions, [](const auto& answer) { return answer.error_code != ErrorCode::kNone; });
  });
}

class ListOffsetsHandler : public WaitingHandler {
 public:
  ListOffsetsHandler(const Topics& topics, BlockingPool& blocking)
      : topics_(topics), blocking_(blocking) {}

  asio::awaitable<Answer> handle(std::shared_ptr<Request> request) override;

 private:
  const Topics& topics_;
  BlockingPool& blocking_;
};

asio::awaitable<Answer> ListOffsetsHandler::handle(std::shared_ptr<Request> request) {
  const std::int16_t version = request->header.api_version;
  const auto message = protocol::decode_request<ListOffsetsRequest>(request->body, version);
  if (!message) co_return Answer::close(message.error().message);
  const auto response = std::make_shared<ListOffsetsResponse>();
  bool searched = false;
  if (any_searched_for(*message)) {
    // The request owns what the message points into.
    std::function<void()> work = [this, request, response, version, message = *message] {
      *response = answer_all(topics_, message, version, Search::kAllowed);
    };
    searched = co_await on_blocking_thread(blocking_, std::move(work));
  }
  if (!searched) *response = answer_all(topics_, *message, version, Search::kUnavailable);
  request->failed = any_failed(*response);
  co_return reply(*request, *response);
}

}  // namespace

Route list_offsets_route(const Topics& topics, BlockingPool& blocking) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kListOffsets);
  route.waiting = std::make_shared<ListOffsetsHandler>(topics, blocking);
  return route;
}

}  // namespace orloj::broker
