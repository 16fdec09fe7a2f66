// What an append costs before the write: the one pass over a client's batch, by codec.
#include "log/record_batch.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "log/batch_validator.h"
#include "log/crc32c.h"
#include "log/record_batch_builder.h"

namespace orloj {
namespace {

constexpr int kRecords = 100;
constexpr std::size_t kValueBytes = 1000;

std::vector<std::byte> batch_of(log::Codec codec) {
  log::BatchHeaderFields fields;
  fields.codec = codec;
  log::RecordBatchBuilder builder(fields);
  for (int i = 0; i < kRecords; ++i) {
    std::string value;
    while (value.size() < kValueBytes) {
      value += "field-" + std::to_string(i * 31 + static_cast<int>(value.size())) + ";";
    }
    log::NewRecord record;
    record.timestamp_ms = 1'000 + i;
    record.value = log::to_bytes(value);
    builder.append(record);
  }
  return std::move(builder).build().value();
}

void validate(benchmark::State& state) {
  auto batch = batch_of(static_cast<log::Codec>(state.range(0)));
  log::ScratchBuffer scratch;
  for (auto _ : state) {
    auto verdict = log::validate_batch(batch, {}, scratch);
    if (verdict.has_error()) {
      state.SkipWithError(verdict.error().message.c_str());
      break;
    }
    benchmark::DoNotOptimize(verdict);
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kRecords * kValueBytes));
}
BENCHMARK(validate)->ArgName("codec")->DenseRange(0, 4);

void checksum(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)), std::byte{7});
  for (auto _ : state) {
    benchmark::DoNotOptimize(log::crc32c(bytes));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(checksum)->Arg(128)->Arg(16 << 10)->Arg(1 << 20);

void rebase(benchmark::State& state) {
  auto batch = batch_of(log::Codec::kNone);
  log::Offset offset = 0;
  for (auto _ : state) {
    log::set_base_offset(batch, offset++);
    log::set_leader_epoch(batch, 1);
    benchmark::DoNotOptimize(batch.data());
  }
}
BENCHMARK(rebase);

}  // namespace
}  // namespace orloj
