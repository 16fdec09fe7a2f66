// Any bytes as a producer state file: what decodes encodes to the same facts, and goes into Kafka's
// snapshot format.
#include <algorithm>
#include <cstdlib>

#include "log/crc32c.h"
#include "log/producer_snapshot.h"
#include "log/producer_state_file.h"
#include "tests/fuzz/fuzz_target.h"

using namespace orloj;

namespace {

constexpr std::size_t kCrcBytes = 4;

std::vector<std::byte> encoded(const log::DecodedProducerFile& file) {
  return log::encode_producer_facts(file.facts, file.generation);
}

void check(log::ByteView bytes) {
  const auto file = log::decode_producer_facts(bytes);
  if (!file) {
    if (file.error().message.empty()) std::abort();
    return;
  }
  const auto again = log::decode_producer_facts(encoded(*file));
  if (!again || encoded(*again) != encoded(*file)) std::abort();
  if (log::encode_producer_snapshot(file->facts).empty()) std::abort();
}

}  // namespace

std::vector<test::FuzzInput> test::fuzz_seeds() {
  log::ProducerFacts facts;
  facts.data_position = 100;
  facts.schedule_position = 7;
  std::vector<FuzzInput> seeds{log::encode_producer_facts(facts, 1)};
  for (log::ProducerId id = 0; id < 3; ++id) {
    log::ProducerEntry& entry = facts.entries.emplace_back();
    entry.producer_id = id;
    entry.batches.resize(static_cast<std::size_t>(id) + 1);
    for (log::ProducerBatch& batch : entry.batches) {
      batch.sequence_count = 5;
      batch.has_data_half = true;
      batch.data = {10, 4};
    }
  }
  seeds.push_back(log::encode_producer_facts(facts, 2));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const log::ByteView input = std::as_bytes(std::span(data, size));
  check(input);
  if (size < kCrcBytes) return 0;
  // The fuzzer cannot guess a CRC.
  std::vector<std::byte> bytes(input.begin(), input.end());
  log::store_big(bytes.data() + size - kCrcBytes, log::crc32c(input.first(size - kCrcBytes)));
  check(bytes);
  return 0;
}
