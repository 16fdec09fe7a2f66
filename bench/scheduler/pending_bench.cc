// The way of a scheduled record through memory: its batch is split when it is accepted, its entry
// is applied, comes due, is claimed and is done. Without disk.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "log/record_batch_builder.h"
#include "scheduler/batch_splitter.h"
#include "scheduler/pending_set.h"

namespace orloj::scheduler {
namespace {

constexpr std::int64_t kNow = 1'795'255'200'000;
constexpr std::int64_t kRecords = 100;
constexpr std::int64_t kTurnMs = 1'000;
constexpr std::int64_t kPerTurn = 1'000;
constexpr std::int64_t kFarMs = kNow + 600'000'000;
constexpr std::uint32_t kOwner = 1;
constexpr std::size_t kWork = 65'536;

std::vector<std::byte> batch_of(const std::vector<log::HeaderView>& headers) {
  const std::vector<std::byte> value(100, std::byte{7});
  log::RecordBatchBuilder builder({});
  for (std::int64_t i = 0; i < kRecords; ++i) {
    log::NewRecord record;
    record.timestamp_ms = kNow;
    record.value = value;
    record.headers = headers;
    builder.append(record);
  }
  return std::move(builder).build().value();
}

void split(benchmark::State& state, const std::vector<log::HeaderView>& headers) {
  const auto batch = batch_of(headers);
  TopicScheduleConfig config;
  config.topic = "orders";
  for (auto _ : state) {
    auto prepared = split_batch(batch, config, {.now_ms = kNow});
    if (!prepared || std::holds_alternative<Refused>(*prepared)) {
      state.SkipWithError("the batch was refused");
      break;
    }
    benchmark::DoNotOptimize(prepared);
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
}

void accept_scheduled(benchmark::State& state) {
  const std::string at = std::to_string(kNow + 60'000);
  split(state, {{"schedule-at", log::to_bytes(at)}});
}
BENCHMARK(accept_scheduled);

// What ordinary records pay for the look at their headers.
void accept_plain(benchmark::State& state) {
  split(state, {});
}
BENCHMARK(accept_plain);

AddEntry add_due(std::int64_t due_ms) {
  AddEntry add;
  add.due_ms = due_ms;
  return add;
}

// A thousand records a turn of a second, while `pending` others lie in the wheel.
void add_and_fire(benchmark::State& state) {
  TimingWheel wheel(kNow);
  PendingSet set(kOwner, {});
  set.take_loaded({{}, {}, kFarMs + 1'000'000}, wheel);
  EntryNumber next = 0;
  for (; next < state.range(0); ++next) set.apply(next, add_due(kFarMs + next % 1'000'000), wheel);
  set.take_changes();
  std::int64_t now_ms = kNow;
  std::vector<WheelEntry> due;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < kPerTurn; ++i) {
      set.apply(next++, add_due(now_ms + i * kTurnMs / kPerTurn), wheel);
    }
    now_ms += kTurnMs;
    due.clear();
    while (!wheel.advance(now_ms, kWork, due)) {
    }
    for (const WheelEntry& entry : due) set.is_due(entry.due_ms(), entry.place());
    DoneEntry done;
    for (const IndexedEntry& entry : set.claim(now_ms, kPerTurn)) {
      done.items.push_back({entry.entry, entry.place, kFirstFire, entry.due_ms, kNoInstant});
    }
    if (static_cast<std::int64_t>(done.items.size()) != kPerTurn) {
      state.SkipWithError("not all came due");
      break;
    }
    set.apply(next++, std::move(done), wheel);
    benchmark::DoNotOptimize(set.take_changes());
  }
  state.SetItemsProcessed(state.iterations() * kPerTurn);
}
BENCHMARK(add_and_fire)->ArgName("pending")->Arg(0)->Arg(100'000)->Arg(1'000'000);

}  // namespace
}  // namespace orloj::scheduler
