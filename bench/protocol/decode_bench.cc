// What reading and answering the two hot requests costs, beside the records themselves.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "protocol/message.h"
#include "protocol/messages/fetch.h"
#include "protocol/messages/produce.h"

namespace orloj::protocol {
namespace {

constexpr std::int16_t kLastVersionWithNames = 12;
constexpr int kProducePartitions = 10;
constexpr int kFetchPartitions = 100;

template <class Message>
std::string encoded(const Message& message, std::int16_t version) {
  const Bytes bytes = encode_message(message, version).value().bytes;
  return std::string(BytesView(bytes).text());
}

void decode_produce(benchmark::State& state) {
  const std::string records(16 << 10, 'x');
  ProduceRequest request;
  request.acks = -1;
  ProduceRequest::Topic& topic = request.topics.emplace_back();
  topic.name = "orders";
  for (int index = 0; index < kProducePartitions; ++index) {
    topic.partitions.push_back({index, BytesView(std::string_view(records))});
  }
  const std::string body = encoded(request, kLastVersionWithNames);
  for (auto _ : state) {
    auto decoded = ProduceRequest::decode(BytesView(std::string_view(body)), kLastVersionWithNames);
    benchmark::DoNotOptimize(decoded);
  }
  state.SetItemsProcessed(state.iterations() * kProducePartitions);
}
BENCHMARK(decode_produce);

void decode_fetch(benchmark::State& state) {
  FetchRequest request;
  FetchRequest::Topic& topic = request.topics.emplace_back();
  topic.topic = "orders";
  for (int index = 0; index < kFetchPartitions; ++index) {
    topic.partitions.emplace_back().partition = index;
  }
  const std::string body = encoded(request, kLastVersionWithNames);
  for (auto _ : state) {
    auto decoded = FetchRequest::decode(BytesView(std::string_view(body)), kLastVersionWithNames);
    benchmark::DoNotOptimize(decoded);
  }
  state.SetItemsProcessed(state.iterations() * kFetchPartitions);
}
BENCHMARK(decode_fetch);

void encode_produce_response(benchmark::State& state) {
  ProduceResponse response;
  ProduceResponse::Topic& topic = response.topics.emplace_back();
  topic.name = "orders";
  topic.partitions.resize(kProducePartitions);
  for (auto _ : state) {
    auto bytes = encode_message(response, kLastVersionWithNames);
    benchmark::DoNotOptimize(bytes);
  }
  state.SetItemsProcessed(state.iterations() * kProducePartitions);
}
BENCHMARK(encode_produce_response);

}  // namespace
}  // namespace orloj::protocol
