#include "bench/load/records.h"

#include <random>
#include <stdexcept>

#include "bench/load/measuring.h"
#include "log/batch_format.h"
#include "protocol/messages/fetch.h"
#include "protocol/messages/list_offsets.h"
#include "protocol/messages/produce.h"

namespace orloj::bench {
namespace {

constexpr std::int32_t kTimeoutMs = 30'000;
constexpr std::int32_t kAnswerBytesMax = 64 << 20;
constexpr std::int16_t kListOffsetsVersion = 6;
constexpr std::int64_t kEnd = -1;
constexpr int kNobodysReplica = -1;

void check(protocol::ErrorCode code, const std::string& what) {
  if (code == protocol::ErrorCode::kNone) return;
  throw std::runtime_error(what + " failed with error " + std::to_string(static_cast<int>(code)));
}

}  // namespace

std::vector<std::byte> make_batch(int count, int record_bytes) {
  std::mt19937_64 random(1);
  std::vector<std::byte> value(static_cast<std::size_t>(record_bytes));
  for (std::byte& byte : value) byte = static_cast<std::byte>(random());
  log::RecordBatchBuilder builder({});
  for (int i = 0; i < count; ++i) {
    log::NewRecord record;
    record.timestamp_ms = wall_us() / 1000;
    record.value = value;
    builder.append(record);
  }
  return std::move(builder).build().value();
}

protocol::Bytes produce_frame(const ProduceSpec& spec, protocol::BytesView batch) {
  protocol::ProduceRequest request;
  request.acks = static_cast<std::int16_t>(spec.acks);
  request.timeout_ms = kTimeoutMs;
  request.topics.resize(1);
  request.topics[0].name = spec.topic;
  request.topics[0].partitions.push_back({spec.partition, batch});
  return frame_of(request, kProduceVersion);
}

void check_produced(protocol::BytesView frame) {
  const auto answer = answer_in<protocol::ProduceResponse>(frame, kProduceVersion);
  const auto& partition = answer.topics.at(0).partitions.at(0);
  check(partition.error_code, "Produce (" + partition.error_message.value_or("") + ")");
}

protocol::Bytes fetch_frame(const FetchSpec& spec) {
  protocol::FetchRequest request;
  request.max_wait_ms = spec.max_wait_ms;
  request.min_bytes = 1;
  request.max_bytes = kAnswerBytesMax;
  request.topics.resize(1);
  request.topics[0].topic = spec.topic;
  auto& partition = request.topics[0].partitions.emplace_back();
  partition.fetch_offset = spec.offset;
  partition.partition_max_bytes = spec.partition_max_bytes;
  return frame_of(request, kFetchVersion);
}

Fetched fetched_in(protocol::BytesView frame) {
  const auto answer = answer_in<protocol::FetchResponse>(frame, kFetchVersion);
  check(answer.error_code, "Fetch");
  const auto& partition = answer.topics.at(0).partitions.at(0);
  check(partition.error_code, "Fetch of partition 0");
  return {partition.high_watermark, partition.records.view()};
}

void for_each_batch(protocol::BytesView records, log::CrcCheck check_of_crc,
                    const std::function<void(const log::RecordBatchView&)>& callback) {
  std::span<const std::byte> rest = records;
  while (rest.size() >= log::batch_format::kHeaderBytes) {
    const auto size = log::batch_size(rest);
    if (!size) throw std::runtime_error("Fetch answers with something that is no batch");
    if (*size > rest.size()) return;
    const auto batch = log::RecordBatchView::parse(rest.first(*size), check_of_crc);
    if (!batch) throw std::runtime_error("Fetch: " + batch.error().message);
    callback(*batch);
    rest = rest.subspan(*size);
  }
}

std::int64_t end_offset(Connection& connection, std::string_view topic) {
  protocol::ListOffsetsRequest request;
  request.replica_id = kNobodysReplica;
  request.topics.resize(1);
  request.topics[0].name = topic;
  request.topics[0].partitions.emplace_back().timestamp = kEnd;
  const auto answer = connection.call<protocol::ListOffsetsResponse>(request, kListOffsetsVersion);
  const auto& partition = answer.topics.at(0).partitions.at(0);
  check(partition.error_code, "ListOffsets");
  return partition.offset;
}

}  // namespace orloj::bench
