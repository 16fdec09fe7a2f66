// Any bytes as the files of a log: recovery never leaves them, what it accepts can be read,
// appended to and opened again.
//
// The input: one byte of switches, then the data file, the offset index, the time index, the leader
// epochs and a second data file, each but the last behind a length of two bytes.
#include <cstdlib>

#include "log/batch_format.h"
#include "log/env/whole_file.h"
#include "log/format.h"
#include "log/record_batch.h"
#include "log/recovery.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/batches.h"
#include "tests/support/sim_env.h"

using namespace orloj;

namespace {

constexpr unsigned kMendBatches = 1;  // the fuzzer cannot guess a CRC
constexpr unsigned kCleanStop = 2;
constexpr unsigned kSomeIsDurable = 4;
constexpr unsigned kSomeIsSynced = 8;
constexpr unsigned kStartsLater = 16;
constexpr log::Offset kSecondSegment = 6;
constexpr log::Offset kMiddle = 4;

log::ByteView take(log::ByteView& input) {
  if (input.size() < 2) return std::exchange(input, {});
  const std::size_t size = log::load_big<std::uint16_t>(input.data());
  const log::ByteView part = input.subspan(2, std::min(size, input.size() - 2));
  input = input.subspan(2 + part.size());
  return part;
}

void mend(std::span<std::byte> bytes) {
  while (bytes.size() >= log::batch_format::kHeaderBytes) {
    const auto size = log::batch_size(bytes);
    if (!size || *size > bytes.size() || *size < log::batch_format::kHeaderBytes) return;
    log::set_crc(bytes.first(*size));
    bytes = bytes.subspan(*size);
  }
}

void put(test::SimEnv& sim, const std::string& name, log::ByteView content) {
  if (!log::replace_file(sim.disk, "/log/" + name, content)) std::abort();
}

void read_all(const log::SegmentedLog& log) {
  log::Offset at = log.start_offset();
  while (at < log.end_offset()) {
    const auto slices = log.read(at, log.end_offset(), 1'000);
    if (!slices) {
      if (slices.error().message.empty()) std::abort();
      return;  // damaged below the durable end: told so
    }
    std::vector<std::byte> bytes;
    for (const log::FileSlice& slice : *slices) {
      const std::size_t before = bytes.size();
      bytes.resize(before + static_cast<std::size_t>(slice.length));
      const auto got = slice.file->pread(std::span(bytes).subspan(before),
                                         static_cast<std::uint64_t>(slice.position));
      if (!got || *got != static_cast<std::size_t>(slice.length)) std::abort();
    }
    log::BatchCursor cursor(bytes, log::CrcCheck::kSkip);
    log::Offset next = at;
    for (auto batch = cursor.next(); batch && batch->has_value(); batch = cursor.next()) {
      next = std::max(next, (*batch)->last_offset() + 1);
    }
    if (next <= at) return;
    at = next;
  }
}

void look_up(const log::SegmentedLog& log) {
  for (const log::TimestampMs instant : {INT64_MIN, std::int64_t{1'001}, INT64_MAX}) {
    const auto found = log.find_by_timestamp(instant, log.end_offset());
    if (found && *found && ((*found)->offset < 0 || (*found)->offset >= log.end_offset())) {
      std::abort();
    }
  }
  if (!log.find_max_timestamp(log.end_offset())) return;
}

// An accepted log goes on, and is the same after a clean stop.
void go_on(log::Env& env, log::LogRecovery recovery, log::SegmentedLog& log) {
  const log::Offset end = log.end_offset();
  const log::LeaderEpoch epoch = std::max(log.leader_epochs().latest(), 0);
  const auto batch = test::make_batch(end, 2, 5'000, log::Codec::kNone, epoch);
  if (end > INT64_MAX / 2 || !log.append(batch, 5'000) || !log.close()) return;
  const log::Offset start = log.start_offset();
  recovery.last_stop = log::LastStop::kClean;
  recovery.durable_end = end + 2;
  recovery.synced_end = end + 2;
  recovery.log_start = start;
  const auto again = log::recover_log(env, recovery);
  if (!again || again->log->end_offset() != end + 2 || again->log->start_offset() != start) {
    std::abort();
  }
}

log::LogRecovery recovery_of(unsigned switches) {
  log::LogRecovery recovery;
  recovery.spec.directory = "/log";
  recovery.spec.config.index_interval_bytes = 100;
  if ((switches & kCleanStop) != 0) recovery.last_stop = log::LastStop::kClean;
  if ((switches & kSomeIsDurable) != 0) recovery.durable_end = kMiddle;
  if ((switches & kSomeIsSynced) != 0) {
    recovery.durable_end = recovery.synced_end = kSecondSegment;
  }
  if ((switches & kStartsLater) != 0) recovery.log_start = 2;
  return recovery;
}

void add_part(test::FuzzInput& input, log::ByteView part) {
  input.resize(input.size() + 2);
  log::store_big(input.data() + input.size() - 2, static_cast<std::uint16_t>(part.size()));
  input.insert(input.end(), part.begin(), part.end());
}

}  // namespace

std::vector<test::FuzzInput> test::fuzz_seeds() {
  FuzzInput first;
  FuzzInput second;
  for (log::Offset base = 0; base < 10; base += 2) {
    const auto codec = base == 2 ? log::Codec::kLz4 : log::Codec::kNone;
    const auto batch = make_batch(base, 2, 1'000 + base, codec);
    FuzzInput& file = base < kSecondSegment ? first : second;
    file.insert(file.end(), batch.begin(), batch.end());
  }
  FuzzInput offsets(log::format::kOffsetIndexEntryBytes);
  log::store_big(offsets.data(), std::int32_t{3});
  FuzzInput times(log::format::kTimeIndexEntryBytes);
  log::store_big(times.data(), std::int64_t{1'003});
  log::store_big(times.data() + 8, std::int32_t{3});
  std::vector<FuzzInput> seeds;
  for (unsigned switches = 0; switches < 32; ++switches) {
    FuzzInput seed{static_cast<std::byte>(switches)};
    for (const log::ByteView part : {log::ByteView(first), log::ByteView(offsets),
                                     log::ByteView(times), log::to_bytes("0\n1\n0 0\n")}) {
      add_part(seed, part);
    }
    if (switches % 3 != 0) seed.insert(seed.end(), second.begin(), second.end());
    seeds.push_back(std::move(seed));
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned switches = data[0];
  log::ByteView input = std::as_bytes(std::span(data, size)).subspan(1);
  test::SimEnv sim(1);
  if (!sim.disk.create_directories("/log")) std::abort();
  const log::ByteView first_part = take(input);
  std::vector<std::byte> first(first_part.begin(), first_part.end());
  const log::ByteView offsets = take(input);
  const log::ByteView times = take(input);
  const log::ByteView epochs = take(input);
  std::vector<std::byte> second(input.begin(), input.end());
  if ((switches & kMendBatches) != 0) {
    mend(first);
    mend(second);
  }
  put(sim, log::format::segment_file_name(0, log::format::kDataSuffix), first);
  put(sim, log::format::segment_file_name(0, log::format::kOffsetIndexSuffix), offsets);
  put(sim, log::format::segment_file_name(0, log::format::kTimeIndexSuffix), times);
  put(sim, std::string(log::format::kLeaderEpochCheckpoint), epochs);
  if (!second.empty()) {
    put(sim, log::format::segment_file_name(kSecondSegment, log::format::kDataSuffix), second);
  }
  const log::LogRecovery recovery = recovery_of(switches);
  const auto recovered = log::recover_log(sim.env(), recovery);
  if (!recovered) {
    if (recovered.error().message.empty()) std::abort();
    return 0;
  }
  read_all(*recovered->log);
  look_up(*recovered->log);
  go_on(sim.env(), recovery, *recovered->log);
  return 0;
}
