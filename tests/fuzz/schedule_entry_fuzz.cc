// Entries and payloads of the schedule log: what decodes must encode and decode again.
#include <cstdlib>

#include "scheduler/entry_format.h"

using namespace orloj;

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
