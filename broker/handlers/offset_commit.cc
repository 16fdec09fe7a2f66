#include "broker/handlers/offset_commit.h"

#include <map>
#include <utility>

#include "broker/handlers/group_wire.h"
#include "broker/waiting_on.h"
#include "protocol/messages/offset_commit.h"

namespace orloj::broker {
namespace {

using protocol::ErrorCode;
using protocol::OffsetCommitRequest;
using protocol::OffsetCommitResponse;

constexpr std::int16_t kFirstVersionWithTopicIds = 10;

// The topic that a request names, by name or by id; null when there is none.
std::shared_ptr<const coordinator::Topic> find_topic(const OffsetCommitRequest::Topic& asked,
                                                     const Request& request,
                                                     const coordinator::Catalog& catalog) {
  if (request.header.api_version < kFirstVersionWithTopicIds) return catalog.find(asked.name);
  return catalog.find(log::TopicId{asked.topic_id.bytes});
}

coordinator::OffsetCommitRequest to_commit(const OffsetCommitRequest& message,
                                           const Request& request,
                                           const coordinator::Catalog& catalog) {
  coordinator::OffsetCommitRequest commit;
  commit.group_id = message.group_id;
  commit.generation_id = message.generation_id_or_member_epoch;
  commit.member_id = message.member_id;
  commit.group_instance_id = to_text(message.group_instance_id);
  commit.retention_ms = message.retention_time_ms;
  for (const auto& asked : message.topics) {
    const auto topic = find_topic(asked, request, catalog);
    if (topic == nullptr) continue;
    coordinator::OffsetCommitTopic known{topic->name, {}};
    for (const auto& partition : asked.partitions) {
      if (partition.partition_index < 0 || partition.partition_index >= topic->partition_count)
        continue;
      known.partitions.push_back(
          {partition.partition_index,
           {partition.committed_offset, partition.committed_leader_epoch,
            std::string(partition.committed_metadata.value_or(std::string_view{})), topic->id}});
    }
    if (!known.partitions.empty()) commit.topics.push_back(std::move(known));
  }
  return commit;
}

using Results = std::map<std::pair<std::string, std::int32_t>, coordinator::GroupError>;

Results results_of(const coordinator::OffsetCommitResponse& committed) {
  Results results;
  for (const auto& topic : committed.topics) {
    for (const auto& partition : topic.partitions) {
      results.emplace(std::pair(topic.name, partition.partition), partition.error);
    }
  }
  return results;
}

OffsetCommitResponse to_response(const OffsetCommitRequest& message, Request& request,
                                 const coordinator::OffsetCommitResponse& committed,
                                 const coordinator::Catalog& catalog) {
  const Results results = results_of(committed);
  const ErrorCode unknown = request.header.api_version < kFirstVersionWithTopicIds
                                ? ErrorCode::kUnknownTopicOrPartition
                                : ErrorCode::kUnknownTopicId;
  OffsetCommitResponse response;
  for (const auto& asked : message.topics) {
    const auto topic = find_topic(asked, request, catalog);
    OffsetCommitResponse::Topic& answered = response.topics.emplace_back();
    answered.name = asked.name;
    answered.topic_id = asked.topic_id;
    for (const auto& partition : asked.partitions) {
      ErrorCode code = topic == nullptr ? unknown : ErrorCode::kUnknownTopicOrPartition;
      if (topic != nullptr) {
        const auto result = results.find(std::pair(topic->name, partition.partition_index));
        if (result != results.end()) code = to_wire(result->second, request);
      }
      if (code != ErrorCode::kNone) request.failed = true;
      answered.partitions.push_back({partition.partition_index, code});
    }
  }
  return response;
}

}  // namespace

Route offset_commit_route(coordinator::GroupCoordinator& groups,
                          const coordinator::Catalog& catalog) {
  const auto start = [&groups, &catalog](
                         const OffsetCommitRequest& message, const Request& request,
                         std::function<void(coordinator::OffsetCommitResponse)> done) {
    auto commit = to_commit(message, request, catalog);
    if (commit.topics.empty()) {
      done({});
    } else {
      groups.commit_offsets(std::move(commit), std::move(done));
    }
  };
  const auto finish = [&catalog](const OffsetCommitRequest& message, Request& request,
                                 const coordinator::OffsetCommitResponse& committed) {
    return to_response(message, request, committed, catalog);
  };
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kOffsetCommit);
  route.waiting = waiting_on<OffsetCommitRequest, coordinator::OffsetCommitResponse>(start, finish);
  return route;
}

}  // namespace orloj::broker
