// Promise 8: splitting a batch claims memory in proportion to the bytes that it inflates to,
// however many records these are.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include "scheduler/batch_splitter.h"
#include "tests/scheduler/record_fixture.h"

namespace {

std::atomic<std::size_t> live_bytes{0};
std::atomic<std::size_t> peak_bytes{0};

void* counted(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  live_bytes += malloc_usable_size(memory);
  peak_bytes = std::max(peak_bytes.load(), live_bytes.load());
  return memory;
}

void uncounted(void* memory) {
  if (memory != nullptr) live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
void operator delete(void* memory) noexcept {
  uncounted(memory);
}
void operator delete[](void* memory) noexcept {
  uncounted(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  uncounted(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  uncounted(memory);
}

namespace orloj::scheduler {
namespace {

TEST(SplitCost, Promise8_ManyTinyRecords_StayWithinTheBudget) {
  constexpr int kRecords = 300'000;
  log::BatchHeaderFields fields;
  fields.codec = log::Codec::kZstd;
  log::RecordBatchBuilder builder(fields);
  for (int i = 0; i < kRecords; ++i) {
    builder.append({.timestamp_ms = 1, .key = {}, .value = {}, .headers = {}});
  }
  const test::TextHeaders in_five_seconds{{"schedule-delay", "5s"}};
  const auto delay = test::views_of(in_five_seconds);
  const log::NewRecord last{.timestamp_ms = 1, .key = {}, .value = {}, .headers = delay};
  const std::size_t inflated = builder.size_with(last);
  builder.append(last);
  const auto batch = std::move(builder).build().value();

  const std::size_t before = live_bytes;
  peak_bytes = before;
  const auto prepared = split_batch(batch, {}, {.now_ms = 1'795'255'200'000}).value();
  EXPECT_LE(peak_bytes - before, 8 * inflated);
  const auto& halves = std::get<Split>(prepared);
  EXPECT_EQ(halves.producer.sequence_count, kRecords + 1);
  const auto data = log::RecordBatchView::parse(halves.data, log::CrcCheck::kVerify).value();
  EXPECT_EQ(data.record_count(), kRecords);
}

}  // namespace
}  // namespace orloj::scheduler
