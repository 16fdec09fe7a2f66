#include "broker/handlers/offset_for_leader_epoch.h"

#include "broker/answering.h"
#include "protocol/messages/offset_for_leader_epoch.h"

namespace orloj::broker {

using protocol::ErrorCode;
using protocol::OffsetForLeaderEpochRequest;
using protocol::OffsetForLeaderEpochResponse;

namespace {

void answer_one(const log::Partition& partition,
                const OffsetForLeaderEpochRequest::Partition& asked,
                OffsetForLeaderEpochResponse::Partition& answer) {
  const auto current = partition.leader_epoch();
  if (asked.current_leader_epoch >= 0 && asked.current_leader_epoch != current) {
    answer.error_code = asked.current_leader_epoch < current ? ErrorCode::kFencedLeaderEpoch
                                                             : ErrorCode::kUnknownLeaderEpoch;
    return;
  }
  if (asked.leader_epoch < 0) return;
  const auto end = partition.end_offset_for_epoch(asked.leader_epoch);
  answer.leader_epoch = end.epoch;
  answer.end_offset = end.end_offset;
}

}  // namespace

Route offset_for_leader_epoch_route(const Topics& topics) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kOffsetForLeaderEpoch);
  route.answer = answering<OffsetForLeaderEpochRequest>(
      [&topics](const OffsetForLeaderEpochRequest& message, Request& request) {
        OffsetForLeaderEpochResponse response;
        for (const auto& asked_topic : message.topics) {
          auto& topic = response.topics.emplace_back();
          topic.topic = asked_topic.topic;
          const auto known = topics.catalog().find(asked_topic.topic);
          for (const auto& asked : asked_topic.partitions) {
            auto& answer = topic.partitions.emplace_back();
            answer.partition = asked.partition;
            const auto partition = known ? topics.partition(*known, asked.partition) : nullptr;
            if (partition) {
              answer_one(*partition, asked, answer);
            } else {
              answer.error_code = ErrorCode::kUnknownTopicOrPartition;
            }
            request.failed |= answer.error_code != ErrorCode::kNone;
          }
        }
        return response;
      });
  return route;
}

}  // namespace orloj::broker
