#include <poll.h>

#include <stdexcept>
#include <string>
#include <system_error>

#include "bench/load/records.h"
#include "bench/load/verbs.h"
#include "protocol/messages/metadata.h"
#include "protocol/messages/produce.h"

namespace orloj::bench {
namespace {

constexpr std::int16_t kMetadataVersion = 9;
constexpr int kPauseMs = 1;

bool topic_has_leader(Connection& connection, const std::string& topic) {
  protocol::MetadataRequest request;
  request.topics.emplace().emplace_back().name = topic;
  const auto answer = connection.call<protocol::MetadataResponse>(request, kMetadataVersion);
  const auto& found = answer.topics.at(0);
  return found.error_code == protocol::ErrorCode::kNone && !found.partitions.empty() &&
         found.partitions[0].leader_id >= 0;
}

bool try_to_write(const FirstAckLoad& load, const std::vector<std::byte>& batch) {
  Connection connection(load.target.port);
  if (!topic_has_leader(connection, load.target.topic)) return false;
  protocol::ProduceRequest request;
  request.acks = 1;
  request.timeout_ms = 1000;
  request.topics.resize(1);
  request.topics[0].name = load.target.topic;
  request.topics[0].partitions.push_back({0, protocol::BytesView(std::span(batch))});
  const auto answer = connection.call<protocol::ProduceResponse>(request, kProduceVersion);
  return answer.topics.at(0).partitions.at(0).error_code == protocol::ErrorCode::kNone;
}

}  // namespace

Figures first_ack(const FirstAckLoad& load) {
  const auto batch = make_batch(1, 100);
  std::string last_fault = "the topic has no leader";
  while (true) {
    try {
      if (try_to_write(load, batch)) break;
    } catch (const std::system_error& not_yet) {
      last_fault = not_yet.what();
    }
    const double waited = static_cast<double>(steady_ns() - load.since_ns) / 1e9;
    if (waited > load.deadline_seconds) throw std::runtime_error("no first ack: " + last_fault);
    ::poll(nullptr, 0, kPauseMs);
  }
  return {{"first_ack_ms", static_cast<double>(steady_ns() - load.since_ns) / 1e6}};
}

}  // namespace orloj::bench
