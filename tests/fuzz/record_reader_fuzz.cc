// Any bytes as a batch: parsing, validating and reading records stay within them, and what is valid
// reads alike twice.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "log/batch_validator.h"
#include "log/record_batch.h"
#include "log/record_reader.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/batches.h"

namespace {

using namespace orloj;
using namespace orloj::log;  // NOLINT(google-build-using-namespace)

constexpr RecordLimits kLimits{.headers_max = 100, .decompressed_max_bytes = 1U << 20};

void walk(const RecordBatchView& batch) {
  ScratchBuffer scratch;
  auto reader = RecordReader::open(batch, scratch, kLimits);
  if (!reader) {
    return;
  }
  RecordView record;
  std::int32_t records = 0;
  while (reader->next(record)) {
    std::int32_t headers = 0;
    for (const HeaderView& header : record.headers) {
      headers += static_cast<std::int32_t>(header.key.size() <= batch.size() + scratch.size());
    }
    if (headers != record.headers.size() || record.offset_delta > batch.last_offset_delta()) {
      std::abort();
    }
    ++records;
  }
  if (reader->status() && records != batch.record_count()) {
    std::abort();
  }
}

}  // namespace

std::vector<test::FuzzInput> test::fuzz_seeds() {
  std::vector<FuzzInput> seeds;
  for (const Codec codec :
       {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    seeds.push_back(make_batch(0, 3, 1'000, codec));
  }
  RecordBatchBuilder with_headers({});
  const std::array<HeaderView, 2> headers = {{{"name", to_bytes("value")}, {"null", std::nullopt}}};
  with_headers.append({1'000, to_bytes("key"), std::nullopt, headers});
  with_headers.append({1'001, std::nullopt, to_bytes("value"), headers});
  seeds.push_back(std::move(with_headers).build().value());
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input = std::as_bytes(std::span(data, size));
  if (const auto batch = RecordBatchView::parse(input, CrcCheck::kSkip)) {
    walk(*batch);
  }
  // The fuzzer cannot guess a CRC: put it right and let the client rules look.
  if (size >= batch_format::kHeaderBytes) {
    std::vector<std::byte> bytes(input.begin(), input.end());
    set_crc(bytes);
    ScratchBuffer scratch;
    const auto first = validate_batch(bytes, {.limits = kLimits}, scratch);
    const auto second = validate_batch(bytes, {.limits = kLimits}, scratch);
    if (first.has_value() != second.has_value() ||
        (first && first->max_timestamp_ms != second->max_timestamp_ms)) {
      std::abort();
    }
  }
  return 0;
}
