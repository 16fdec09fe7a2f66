// Entries and payloads of the schedule log: what decodes must encode and decode again.
#include <cstdlib>

#include "scheduler/entry_format.h"
#include "tests/fuzz/fuzz_target.h"

using namespace orloj;

std::vector<test::FuzzInput> test::fuzz_seeds() {
  using namespace scheduler;  // NOLINT(google-build-using-namespace)
  const std::vector<log::HeaderView> headers = {{"name", log::to_bytes("value")}};
  const auto payload = encode_payload(log::to_bytes("key"), log::to_bytes("value"), headers);
  AddEntry add;
  add.due_ms = 1'000;
  add.fields = {{FieldTag::kId, log::to_bytes("id")}, {FieldTag::kCron, log::to_bytes("@daily")}};
  add.payload.bytes = payload;
  const std::vector<DoneItem> items = {{1, 1, 1, 1'000, kNoInstant}, {2, 9, 3, 1'000, 2'000}};
  const std::vector<Entry> entries = {
      add,
      CopyEntry{12, 12, 5, true, 3, 1'700'000'000'000, add},
      CommandEntry{CommandAction::kTrigger, add},
      IntentEntry{{}, 3, log::LogKind::kData, 9, 10, 11, 4, 7, items},
      DoneEntry{DoneReason::kFired, 6, 500, 502, items},
      PauseEntry{5, 6},
      ResumeEntry{7, 8},
      TxnEntry{1'000, 3, 4, TxnOutcome::kCommitted}};
  std::vector<FuzzInput> seeds{payload};
  for (const Entry& entry : entries) seeds.push_back(encode_entry(entry));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const log::ByteView bytes = std::as_bytes(std::span(data, size));
  if (const auto entry = scheduler::decode_entry(bytes)) {
    const auto encoded = scheduler::encode_entry(*entry);
    const auto again = scheduler::decode_entry(encoded);
    if (!again || scheduler::encode_entry(*again) != encoded) {
      std::abort();
    }
  }
  if (const auto payload = scheduler::decode_payload(bytes)) {
    std::int32_t headers = 0;
    for (const auto& header : payload->headers) {
      headers += header.key.data() != nullptr ? 1 : 0;
    }
    if (headers != payload->headers.size()) {
      std::abort();
    }
  }
  return 0;
}
