#include "broker/handlers/list_offsets.h"

#include "broker/answering.h"
#include "broker/error_map.h"
#include "protocol/messages/list_offsets.h"

namespace orloj::broker {

using protocol::ErrorCode;
using protocol::ListOffsetsRequest;
using protocol::ListOffsetsResponse;

namespace {

constexpr std::int8_t kReadCommitted = 1;

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

}  // namespace

Route list_offsets_route(const Topics& topics) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kListOffsets);
  route.answer =
      answering<ListOffsetsRequest>([&topics](const ListOffsetsRequest& message, Request& request) {
        ListOffsetsResponse response;
        for (const auto& asked_topic : message.topics) {
          auto& topic = response.topics.emplace_back();
          topic.name = asked_topic.name;
          const auto known = topics.catalog().find(asked_topic.name);
          for (const auto& asked : asked_topic.partitions) {
            auto& answer = topic.partitions.emplace_back();
            answer.partition_index = asked.partition_index;
            const auto partition =
                known ? topics.partition(*known, asked.partition_index) : nullptr;
            if (!partition) {
              answer.error_code = ErrorCode::kUnknownTopicOrPartition;
            } else if (!is_known(asked.timestamp, request.header.api_version)) {
              answer.error_code = ErrorCode::kUnsupportedVersion;
            } else {
              answer_one(*partition, asked, message.isolation_level, answer);
            }
            request.failed |= answer.error_code != ErrorCode::kNone;
          }
        }
        return response;
      });
  return route;
}

}  // namespace orloj::broker
