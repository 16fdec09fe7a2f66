// The header grammar: the bytes are pairs of header name and value; every accepted due instant must
// be one that can be shown and read back.
#include <cstdlib>
#include <string>
#include <vector>

#include "log/record_batch_builder.h"
#include "scheduler/schedule_headers.h"
#include "scheduler/time_values.h"
#include "tests/fuzz/fuzz_target.h"

using namespace orloj;

namespace {

constexpr std::int64_t kNow = 1'795'255'200'000;

// Names and values, each with a length byte in front; a name of one byte picks a known header.
std::vector<log::HeaderView> split(log::ByteView bytes) {
  std::vector<log::HeaderView> headers;
  const auto take = [&bytes] {
    const std::size_t size =
        bytes.empty()
            ? 0
            : std::min<std::size_t>(std::to_integer<unsigned>(bytes[0]), bytes.size() - 1);
    const log::ByteView part = bytes.empty() ? bytes : bytes.subspan(1, size);
    bytes = bytes.empty() ? bytes : bytes.subspan(1 + size);
    return part;
  };
  while (!bytes.empty()) {
    const log::ByteView name = take();
    const std::string_view known =
        name.size() != 1 ? log::to_text(name)
                         : (name[0] == std::byte{'a'} ? "schedule-at" : "schedule-delay");
    headers.push_back({known, take()});
  }
  return headers;
}

}  // namespace

std::vector<test::FuzzInput> test::fuzz_seeds() {
  std::vector<FuzzInput> seeds;
  for (const std::string_view value : {"2026-11-21T09:30:00Z", "2026-11-21T09:30:00.123+05:30",
                                       "1795255200000", "10s", "PT1H30M", "7d", "P2DT3H4M5.5S"}) {
    for (const char name : {'a', 'd'}) {
      FuzzInput seed{std::byte{1}, static_cast<std::byte>(name),
                     static_cast<std::byte>(value.size())};
      const auto bytes = log::to_bytes(value);
      seed.insert(seed.end(), bytes.begin(), bytes.end());
      seeds.push_back(std::move(seed));
    }
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto headers = split(std::as_bytes(std::span(data, size)));
  log::RecordBatchBuilder builder({});
  builder.append({kNow, std::nullopt, std::nullopt, headers});
  const auto batch = std::move(builder).build().value();
  const auto view = log::RecordBatchView::parse(batch, log::CrcCheck::kSkip).value();
  log::ScratchBuffer scratch;
  auto reader = log::RecordReader::open(view, scratch).value();
  log::RecordView record;
  if (!reader.next(record)) {
    return 0;
  }
  const auto parsed = scheduler::parse_schedule_headers(record.headers, {.now_ms = kNow});
  if (!parsed) {
    if (parsed.error().message.empty()) {
      std::abort();
    }
    return 0;
  }
  if (*parsed) {
    const std::int64_t due = (*parsed)->due_ms;
    const std::string shown = scheduler::format_instant(due);
    if (due < 0 || scheduler::parse_instant(log::to_bytes(shown)).value() != due) {
      std::abort();
    }
  }
  return 0;
}
