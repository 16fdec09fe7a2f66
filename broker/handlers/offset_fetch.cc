#include "broker/handlers/offset_fetch.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "broker/answering.h"
#include "broker/handlers/group_wire.h"
#include "protocol/messages/offset_fetch.h"

namespace orloj::broker {
namespace {

using coordinator::GroupError;
using protocol::ErrorCode;
using protocol::OffsetFetchRequest;
using protocol::OffsetFetchResponse;

constexpr std::int16_t kFirstVersionWithTopError = 2;
constexpr std::int16_t kFirstVersionWithGroups = 8;
constexpr std::int16_t kFirstVersionWithTopicIds = 10;

// Each partition once, however often it was named: four bytes of a request may bring a commit's
// whole metadata.
std::vector<coordinator::TopicPartitions> named_once(
    const std::vector<coordinator::TopicPartitions>& asked) {
  std::vector<coordinator::TopicPartitions> once;
  std::map<std::string_view, std::size_t> place;
  for (const auto& topic : asked) {
    const auto [at, is_new] = place.emplace(topic.name, once.size());
    if (is_new) {
      once.push_back(topic);
    } else {
      auto& known = once[at->second].partitions;
      known.insert(known.end(), topic.partitions.begin(), topic.partitions.end());
    }
  }
  for (auto& topic : once) {
    std::ranges::sort(topic.partitions);
    const auto repeats = std::ranges::unique(topic.partitions);
    topic.partitions.erase(repeats.begin(), repeats.end());
  }
  return once;
}

template <class Partition>
Partition to_partition(const coordinator::FetchedOffset& fetched, Request& request) {
  Partition partition;
  partition.partition_index = fetched.partition;
  partition.committed_offset = fetched.committed.offset;
  partition.committed_leader_epoch = fetched.committed.leader_epoch;
  partition.metadata = fetched.committed.metadata;
  partition.error_code = to_wire(fetched.error, request);
  return partition;
}

// Versions 1-7: one group, topics by name.
class SingleGroup {
 public:
  SingleGroup(const coordinator::GroupCoordinator& groups, Request& request)
      : groups_(groups), request_(request) {}

  OffsetFetchResponse answer(const OffsetFetchRequest& message) const {
    const auto fetched = groups_.fetch_offsets(to_fetch(message));
    OffsetFetchResponse response;
    if (fetched.error != GroupError::kNone) {
      fail(message, to_wire(fetched.error, request_), response);
      return response;
    }
    for (const auto& topic : fetched.topics) {
      auto& answered = response.topics.emplace_back();
      answered.name = topic.name;
      for (const auto& offset : topic.partitions) {
        answered.partitions.push_back(
            to_partition<OffsetFetchResponse::Partition>(offset, request_));
      }
    }
    return response;
  }

 private:
  static coordinator::OffsetFetchRequest to_fetch(const OffsetFetchRequest& message) {
    coordinator::OffsetFetchRequest fetch;
    fetch.group_id = message.group_id;
    fetch.require_stable = message.require_stable;
    if (!message.topics) return fetch;
    std::vector<coordinator::TopicPartitions> topics;
    for (const auto& topic : *message.topics) {
      topics.push_back({std::string(topic.name), topic.partition_indexes});
    }
    fetch.topics = named_once(topics);
    return fetch;
  }

  // Version 1 has no error of its own: every partition carries it.
  void fail(const OffsetFetchRequest& message, ErrorCode code,
            OffsetFetchResponse& response) const {
    if (request_.header.api_version >= kFirstVersionWithTopError) {
      response.error_code = code;
      return;
    }
    for (const auto& topic : message.topics.value_or(std::vector<OffsetFetchRequest::Topic>{})) {
      auto& answered = response.topics.emplace_back();
      answered.name = topic.name;
      for (const std::int32_t partition : topic.partition_indexes) {
        answered.partitions.push_back({partition, -1, -1, "", code});
      }
    }
  }

  const coordinator::GroupCoordinator& groups_;
  Request& request_;
};

// Versions 8-10: several groups, topics by id from 10 on.
class SeveralGroups {
 public:
  SeveralGroups(const coordinator::GroupCoordinator& groups, const coordinator::Catalog& catalog,
                Request& request)
      : groups_(groups), catalog_(catalog), request_(request) {}

  OffsetFetchResponse answer(const OffsetFetchRequest& message) const {
    OffsetFetchResponse response;
    std::set<std::string_view> named;
    for (const auto& asked : message.groups) {
      if (!named.insert(asked.group_id).second) continue;
      response.groups.push_back(answer_group(asked, message.require_stable));
    }
    return response;
  }

 private:
  bool by_id() const { return request_.header.api_version >= kFirstVersionWithTopicIds; }

  OffsetFetchResponse::Group answer_group(const OffsetFetchRequest::Group& asked,
                                          bool require_stable) const {
    OffsetFetchResponse::Group group;
    group.group_id = asked.group_id;
    coordinator::OffsetFetchRequest fetch;
    fetch.group_id = asked.group_id;
    fetch.require_stable = require_stable;
    if (asked.topics) fetch.topics = named_once(known_topics(*asked.topics, group));
    const auto fetched = groups_.fetch_offsets(fetch);
    group.error_code = to_wire(fetched.error, request_);
    if (fetched.error != GroupError::kNone) {
      group.topics.clear();
      return group;
    }
    for (const auto& topic : fetched.topics) add_topic(topic, group);
    return group;
  }

  // Names of what exists; ids that nobody knows are answered at once.
  std::vector<coordinator::TopicPartitions> known_topics(
      const std::vector<OffsetFetchRequest::GroupTopic>& asked,
      OffsetFetchResponse::Group& group) const {
    std::vector<coordinator::TopicPartitions> known;
    for (const auto& topic : asked) {
      if (!by_id()) {
        known.push_back({std::string(topic.name), topic.partition_indexes});
        continue;
      }
      const auto found = catalog_.find(log::TopicId{topic.topic_id.bytes});
      if (found != nullptr) {
        known.push_back({found->name, topic.partition_indexes});
      } else {
        add_unknown(topic, group);
      }
    }
    return known;
  }

  void add_unknown(const OffsetFetchRequest::GroupTopic& asked,
                   OffsetFetchResponse::Group& group) const {
    request_.failed = true;
    auto& answered = group.topics.emplace_back();
    answered.topic_id = asked.topic_id;
    for (const std::int32_t partition : asked.partition_indexes) {
      answered.partitions.push_back({partition, -1, -1, "", ErrorCode::kUnknownTopicId});
    }
  }

  void add_topic(const coordinator::FetchedTopic& fetched,
                 OffsetFetchResponse::Group& group) const {
    OffsetFetchResponse::GroupTopic answered;
    answered.name = fetched.name;
    if (by_id()) {
      const auto topic = catalog_.find(fetched.name);
      if (topic == nullptr) return;  // deleted meanwhile: it has no id to be named by
      answered.topic_id.bytes = topic->id.bytes;
    }
    for (const auto& offset : fetched.partitions) {
      answered.partitions.push_back(
          to_partition<OffsetFetchResponse::GroupPartition>(offset, request_));
    }
    group.topics.push_back(std::move(answered));
  }

  const coordinator::GroupCoordinator& groups_;
  const coordinator::Catalog& catalog_;
  Request& request_;
};

}  // namespace

Route offset_fetch_route(const coordinator::GroupCoordinator& groups,
                         const coordinator::Catalog& catalog) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kOffsetFetch);
  route.answer = answering<OffsetFetchRequest>(
      [&groups, &catalog](const OffsetFetchRequest& message, Request& request) {
        return request.header.api_version < kFirstVersionWithGroups
                   ? SingleGroup(groups, request).answer(message)
                   : SeveralGroups(groups, catalog, request).answer(message);
      });
  return route;
}

}  // namespace orloj::broker
