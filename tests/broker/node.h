// A whole broker on a temporary directory, reached over loopback sockets.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/broker.h"
#include "log/env/posix_env.h"
#include "log/record_batch_builder.h"
#include "protocol/messages/create_topics.h"
#include "protocol/messages/delete_topics.h"
#include "protocol/messages/fetch.h"
#include "protocol/messages/produce.h"
#include "tests/broker/client.h"
#include "tests/broker/gated_files.h"
#include "tests/support/temp_dir.h"

namespace orloj::test {

class Node {
 public:
  Node() {
    use_directory("data");
    config.log.journal_file_bytes = 1 << 20;
    config.broker.listeners[0].port = 0;
    config.broker.net.reactor_threads = 1;
    config.coordinator.groups.offsets_topic_partitions = 1;
    config.coordinator.groups.initial_rebalance_delay_ms = 0;
  }

  void start() {
    auto started = broker::Broker::start(
        env(), config, [](const std::string& message) { throw std::runtime_error(message); });
    if (!started) throw std::runtime_error(started.error().message);
    broker_ = std::move(*started);
  }
  // Goes on from what a kill would have left on disk at this instant; opens the gate.
  void crash() {
    const std::string before = config.log.data_dir;
    use_directory("after-crash-" + std::to_string(++crashes_));
    std::filesystem::copy(before, config.log.data_dir, std::filesystem::copy_options::recursive);
    gate().open();
    broker_.reset();
    start();
  }
  broker::Status stop() {
    auto stopped = broker_->stop();
    broker_.reset();
    return stopped;
  }

  broker::Broker& broker() { return *broker_; }
  log::Env env() {
    const log::Env machine = environment_.env();
    return {files_, machine.clock(), machine.random()};
  }
  Gate& gate() { return files_.gate; }
  std::uint16_t port(std::size_t listener = 0) const { return broker_->port(listener); }
  Client connect(std::size_t listener = 0) const { return Client(port(listener)); }

  broker::BrokerConfig config;  // changed before start()

 private:
  void use_directory(const std::string& name) {
    config.log.data_dir = directory_.file(name);
    config.coordinator.metadata_dir = config.log.data_dir + "/metadata";
    config.scheduler.index_dir = config.log.data_dir + "/schedule-index";
  }

  TempDir directory_;
  log::PosixEnv environment_;
  GatedFiles files_{environment_.env().files()};
  std::unique_ptr<broker::Broker> broker_;
  int crashes_ = 0;
};

struct TestRecord {
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers = {};
  log::TimestampMs timestamp_ms = 1'000;
  std::optional<std::string> key = "k";
};

inline std::vector<std::byte> make_batch(const std::vector<TestRecord>& records,
                                         const log::BatchHeaderFields& fields = {}) {
  log::RecordBatchBuilder builder(fields);
  for (const TestRecord& record : records) {
    std::vector<log::HeaderView> headers;
    for (const auto& [key, value] : record.headers) headers.push_back({key, log::to_bytes(value)});
    log::NewRecord made;
    made.timestamp_ms = record.timestamp_ms;
    if (record.key) made.key = log::to_bytes(*record.key);
    made.value = log::to_bytes(record.value);
    made.headers = headers;
    builder.append(made);
  }
  return std::move(builder).build().value();
}

// Requests that tests send again and again. Names and batches must outlive the request.
inline protocol::ProduceRequest produce_request(std::string_view topic, std::int32_t partition,
                                                std::span<const std::byte> batch,
                                                std::int16_t acks = -1) {
  protocol::ProduceRequest request;
  request.acks = acks;
  request.timeout_ms = 10'000;
  auto& asked = request.topics.emplace_back();
  asked.name = topic;
  auto& part = asked.partitions.emplace_back();
  part.index = partition;
  part.records = protocol::BytesView(batch);
  return request;
}

inline protocol::ProduceResponse::Partition produce(Client& client, std::string_view topic,
                                                    std::span<const std::byte> batch,
                                                    std::int16_t version = 9) {
  const auto response =
      client.call<protocol::ProduceResponse>(produce_request(topic, 0, batch), version);
  return response.topics.at(0).partitions.at(0);
}

inline protocol::FetchRequest fetch_request(std::string_view topic, log::Offset offset) {
  protocol::FetchRequest request;
  request.max_wait_ms = 0;
  request.min_bytes = 1;
  request.max_bytes = 50 << 20;
  request.session_id = 0;
  request.session_epoch = -1;
  auto& asked = request.topics.emplace_back();
  asked.topic = topic;
  auto& part = asked.partitions.emplace_back();
  part.partition = 0;
  part.fetch_offset = offset;
  part.partition_max_bytes = 1 << 20;
  return request;
}

inline protocol::FetchResponse::Partition fetch(Client& client,
                                                const protocol::FetchRequest& request,
                                                std::int16_t version = 11) {
  const auto response = client.call<protocol::FetchResponse>(request, version);
  return response.topics.at(0).partitions.at(0);
}

inline void create_topic(Client& client, std::string_view name, std::int32_t partitions = 1,
                         std::vector<std::pair<std::string_view, std::string_view>> configs = {}) {
  protocol::CreateTopicsRequest request;
  auto& topic = request.topics.emplace_back();
  topic.name = name;
  topic.num_partitions = partitions;
  topic.replication_factor = 1;
  for (const auto& [key, value] : configs) topic.configs.push_back({key, value});
  const auto response = client.call<protocol::CreateTopicsResponse>(request, 7);
  if (response.topics.at(0).error_code != protocol::ErrorCode::kNone) {
    throw std::runtime_error(response.topics[0].error_message.value_or("not created"));
  }
}

inline void delete_topic(Client& client, std::string_view name) {
  protocol::DeleteTopicsRequest request;
  request.topic_names = {name};
  const auto response = client.call<protocol::DeleteTopicsResponse>(request, 5);
  if (response.responses.at(0).error_code != protocol::ErrorCode::kNone) {
    throw std::runtime_error(response.responses[0].error_message.value_or("not deleted"));
  }
}

}  // namespace orloj::test
