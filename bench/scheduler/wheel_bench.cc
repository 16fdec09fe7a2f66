// The timing wheel alone: what going in and coming out costs, by how many are in it.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "scheduler/timing_wheel.h"

namespace orloj::scheduler {
namespace {

constexpr std::int64_t kNow = 1'795'255'200'000;
constexpr std::int64_t kHorizonMs = 600'000;
constexpr std::size_t kWork = 65'536;

std::vector<WheelEntry> entries(std::int64_t count) {
  std::mt19937_64 random(1);
  std::vector<WheelEntry> made;
  for (std::int64_t place = 0; place < count; ++place) {
    const auto due_ms = kNow + static_cast<std::int64_t>(random() % kHorizonMs);
    made.emplace_back(due_ms, 1, place);
  }
  return made;
}

void wheel_insert(benchmark::State& state) {
  const auto all = entries(state.range(0));
  for (auto _ : state) {
    TimingWheel wheel(kNow);
    for (const WheelEntry& entry : all) wheel.insert(entry);
    benchmark::DoNotOptimize(wheel.size());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(wheel_insert)->ArgName("pending")->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

// From the first to the last, each millisecond that has any, as the delivery thread does.
void wheel_due(benchmark::State& state) {
  const auto all = entries(state.range(0));
  std::vector<WheelEntry> due;
  for (auto _ : state) {
    state.PauseTiming();
    TimingWheel wheel(kNow);
    for (const WheelEntry& entry : all) wheel.insert(entry);
    state.ResumeTiming();
    while (const auto next_ms = wheel.next_due_ms()) {
      due.clear();
      while (!wheel.advance(*next_ms, kWork, due)) {
      }
      benchmark::DoNotOptimize(due.data());
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(wheel_due)->ArgName("pending")->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

}  // namespace
}  // namespace orloj::scheduler
