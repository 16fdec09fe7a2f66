#include "broker/handlers/offset_delete.h"

#include <map>
#include <utility>

#include "broker/handlers/group_wire.h"
#include "broker/waiting_on.h"
#include "protocol/messages/offset_delete.h"

namespace orloj::broker {
namespace {

using coordinator::GroupError;
using protocol::OffsetDeleteRequest;
using protocol::OffsetDeleteResponse;

// What becomes of each partition, once each; the coordinator has not spoken yet.
using Verdicts = std::map<std::string, std::map<std::int32_t, GroupError>>;

struct Outcome {
  GroupError error = GroupError::kNone;
  Verdicts verdicts;
};
using Done = std::function<void(Outcome)>;

Verdicts look_up(const OffsetDeleteRequest& message, const coordinator::Catalog& catalog) {
  Verdicts verdicts;
  for (const auto& asked : message.topics) {
    const auto topic = catalog.find(asked.name);
    for (const auto& partition : asked.partitions) {
      const std::int32_t index = partition.partition_index;
      const bool exists = topic != nullptr && index >= 0 && index < topic->partition_count;
      verdicts[std::string(asked.name)][index] =
          exists ? GroupError::kNone : GroupError::kUnknownTopicOrPartition;
    }
  }
  return verdicts;
}

coordinator::OffsetDeleteRequest to_deletion(std::string_view group_id, const Verdicts& verdicts) {
  coordinator::OffsetDeleteRequest deletion;
  deletion.group_id = group_id;
  for (const auto& [name, partitions] : verdicts) {
    coordinator::TopicPartitions known{name, {}};
    for (const auto& [index, error] : partitions) {
      if (error == GroupError::kNone) known.partitions.push_back(index);
    }
    if (!known.partitions.empty()) deletion.topics.push_back(std::move(known));
  }
  return deletion;
}

void delete_offsets(coordinator::GroupCoordinator& groups, std::string_view group_id,
                    Verdicts verdicts, Done done) {
  auto deletion = to_deletion(group_id, verdicts);
  groups.delete_offsets(std::move(deletion),
                        [verdicts = std::move(verdicts), done = std::move(done)](
                            const coordinator::OffsetDeleteResponse& deleted) mutable {
                          Outcome outcome{deleted.error, {}};
                          if (deleted.error == GroupError::kNone)
                            outcome.verdicts = std::move(verdicts);
                          for (const auto& topic : deleted.topics) {
                            for (const auto& partition : topic.partitions) {
                              outcome.verdicts[topic.name][partition.partition] = partition.error;
                            }
                          }
                          done(std::move(outcome));
                        });
}

}  // namespace

Route offset_delete_route(coordinator::GroupCoordinator& groups,
                          const coordinator::Catalog& catalog) {
  const auto start = [&groups, &catalog](const OffsetDeleteRequest& message, const Request&,
                                         Done done) {
    delete_offsets(groups, message.group_id, look_up(message, catalog), std::move(done));
  };
  const auto finish = [](const OffsetDeleteRequest&, Request& request, const Outcome& outcome) {
    OffsetDeleteResponse response;
    response.error_code = to_wire(outcome.error, request);
    for (const auto& [name, partitions] : outcome.verdicts) {
      auto& topic = response.topics.emplace_back();
      topic.name = name;
      for (const auto& [index, error] : partitions) {
        topic.partitions.push_back({index, to_wire(error, request)});
      }
    }
    return response;
  };
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kOffsetDelete);
  route.waiting = waiting_on<OffsetDeleteRequest, Outcome>(start, finish);
  return route;
}

}  // namespace orloj::broker
