// What an append to a partition and a read at its end cost, on the real file system: without the
// network, the produce handler and the check of the batch.
#include "log/partition.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <future>
#include <iostream>
#include <vector>

#include "log/env/posix_env.h"
#include "log/log_store.h"
#include "log/record_batch_builder.h"
#include "tests/support/temp_dir.h"

namespace orloj {
namespace {

constexpr std::size_t kValueBytes = 1024;

std::vector<std::byte> batch_of(std::int64_t records) {
  const std::vector<std::byte> value(kValueBytes, std::byte{7});
  log::RecordBatchBuilder builder({});
  for (std::int64_t i = 0; i < records; ++i) {
    log::NewRecord record;
    record.timestamp_ms = 1'000 + i;
    record.value = value;
    builder.append(record);
  }
  return std::move(builder).build().value();
}

// A store in a temporary directory with one partition.
class House {
 public:
  explicit House(log::Durability durability) : env_(machine_.env()) {
    log::LogOptions options;
    options.data_dir = home_.file("data");
    options.disk_low_water_bytes = 0;
    store_ =
        log::LogStore::open(
            env_, options, []() -> log::Result<log::CatalogFacts> { return log::CatalogFacts{}; },
            [](const log::Error& error) {
              std::cerr << error.message << "\n";
              std::abort();
            })
            .value();
    log::KnownTopic topic;
    topic.topic_id.bytes[0] = 1;
    topic.name = "orders";
    topic.partition_count = 1;
    topic.config.durability = durability;
    partition_ = store_->create_topic(topic).value().at(0);
  }

  log::Partition& partition() { return *partition_; }

  log::AppendResult append(std::vector<std::byte>& batch, std::int64_t records) {
    log::AppendRequest request;
    request.data = batch;
    request.producer.sequence_count = static_cast<std::int32_t>(records);
    return partition_->append(request).value();
  }

 private:
  test::TempDir home_;
  log::PosixEnv machine_;
  log::Env env_;
  std::unique_ptr<log::LogStore> store_;
  std::shared_ptr<log::Partition> partition_;
};

void count(benchmark::State& state, std::int64_t records, std::size_t batch_bytes) {
  state.SetItemsProcessed(state.iterations() * records);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batch_bytes));
}

// durability=async: into the page cache.
void append_async(benchmark::State& state) {
  House house(log::Durability::kAsync);
  const std::int64_t records = state.range(0);
  auto batch = batch_of(records);
  for (auto _ : state) {
    benchmark::DoNotOptimize(house.append(batch, records));
  }
  count(state, records, batch.size());
}
BENCHMARK(append_async)->ArgName("records")->Arg(1)->Iterations(100'000);
BENCHMARK(append_async)->ArgName("records")->Arg(64)->Iterations(8'000);

// durability=sync, acks=all: so many appends are under way at once and each waits until it is on
// stable storage.
void append_sync(benchmark::State& state) {
  House house(log::Durability::kSync);
  const std::int64_t records = state.range(0);
  const std::int64_t at_once = state.range(1);
  auto batch = batch_of(records);
  std::vector<std::future<log::Status>> answers;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < at_once; ++i) {
      const auto answer = std::make_shared<std::promise<log::Status>>();
      answers.push_back(answer->get_future());
      const auto appended = house.append(batch, records);
      house.partition().when_acknowledged(
          appended.durable, [answer](const log::Status& status) { answer->set_value(status); });
    }
    for (auto& answer : answers) answer.get().value();
    answers.clear();
  }
  count(state, records * at_once, batch.size() * static_cast<std::size_t>(at_once));
}
BENCHMARK(append_sync)
    ->ArgNames({"records", "at_once"})
    ->Args({1, 1})
    ->Args({1, 100})
    ->Args({64, 1})
    ->Args({64, 20})
    ->Iterations(200)
    ->UseRealTime();

// The last batches of a log of 64 MiB: found, and brought into memory as small answers are.
void fetch_tail(benchmark::State& state) {
  constexpr int kBatches = 1'000;
  constexpr std::int64_t kRecords = 64;
  House house(log::Durability::kAsync);
  auto batch = batch_of(kRecords);
  for (int i = 0; i < kBatches; ++i) house.append(batch, kRecords);
  const std::int64_t batches = state.range(0);
  const log::ReadRequest request{.offset = (kBatches - batches) * kRecords,
                                 .max_bytes = static_cast<std::int64_t>(batch.size()) * batches};
  std::vector<std::byte> bytes(batch.size() * static_cast<std::size_t>(batches));
  for (auto _ : state) {
    const auto read = house.partition().read(request).value();
    std::size_t filled = 0;
    for (const log::FileSlice& slice : read.slices) {
      const auto part = std::span(bytes).subspan(filled, static_cast<std::size_t>(slice.length));
      filled += slice.file->pread(part, static_cast<std::uint64_t>(slice.position)).value();
    }
    if (filled != bytes.size()) state.SkipWithError("the read was short");
  }
  count(state, kRecords * batches, bytes.size());
}
BENCHMARK(fetch_tail)->ArgName("batches")->Arg(1)->Arg(16);

// The same without the bytes, which sendfile would move.
void find_tail(benchmark::State& state) {
  constexpr int kBatches = 1'000;
  constexpr std::int64_t kRecords = 64;
  House house(log::Durability::kAsync);
  auto batch = batch_of(kRecords);
  for (int i = 0; i < kBatches; ++i) house.append(batch, kRecords);
  const log::ReadRequest request{.offset = (kBatches - 16) * kRecords, .max_bytes = 1 << 20};
  for (auto _ : state) {
    benchmark::DoNotOptimize(house.partition().read(request));
  }
}
BENCHMARK(find_tail);

}  // namespace
}  // namespace orloj
