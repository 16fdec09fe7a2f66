// Any bytes as journal files: opening and replaying them never leaves them, and what was replayed
// once is replayed again.
//
// The input: one byte of switches, then the files, one behind the other in pieces of kFileBytes.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "log/crc32c.h"
#include "log/env/whole_file.h"
#include "log/journal_format.h"
#include "log/journal_reader.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/batches.h"
#include "tests/support/sim_env.h"

using namespace orloj;

namespace {

constexpr std::size_t kFileBytes = 5 * log::kJournalBlockBytes;
constexpr std::size_t kFilesMax = 3;
constexpr unsigned kMendFiles = 1;   // put the CRC of file headers right,
constexpr unsigned kMendFrames = 2;  // of frame headers,
constexpr unsigned kMendData = 4;    // and of payloads: the fuzzer cannot guess them
// Places in a header (docs/on-disk-formats.md).
constexpr std::size_t kFileLapAt = 8;
constexpr std::size_t kFileSaltAt = 16;
constexpr std::size_t kFilePreviousEndAt = 24;
constexpr std::size_t kPayloadBytesAt = 80;
constexpr std::size_t kPayloadCrcAt = 84;
constexpr std::size_t kGroupAt = 16;

void mend_file_header(std::span<std::byte> file) {
  log::JournalFileHeader header;
  header.lap = log::load_big<std::uint64_t>(file.data() + kFileLapAt);
  header.salt = log::load_big<std::uint64_t>(file.data() + kFileSaltAt);
  header.previous_end = log::load_big<std::uint64_t>(file.data() + kFilePreviousEndAt);
  const auto block = log::encode_file_header(header);
  std::copy(block.begin(), block.end(), file.begin());
}

void mend_frames(std::span<std::byte> file, unsigned switches) {
  const auto lap = log::load_big<std::uint64_t>(file.data() + kFileLapAt);
  const auto salt = log::load_big<std::uint64_t>(file.data() + kFileSaltAt);
  std::size_t at = log::kJournalBlockBytes;
  while (at + log::kFrameHeaderBytes <= file.size()) {
    std::byte* const frame = file.data() + at;
    const auto payload = log::load_big<std::uint32_t>(frame + kPayloadBytesAt);
    const std::size_t size = log::frame_bytes(payload);
    if (size <= file.size() - at && (switches & kMendData) != 0) {
      const log::ByteView bytes(frame + log::kFrameHeaderBytes, payload);
      log::store_big(frame + kPayloadCrcAt, log::crc32c(bytes));
    }
    log::seal_frame_header(frame, lap, log::load_big<std::uint64_t>(frame + kGroupAt), salt);
    if (size > file.size() - at) return;
    at += size;
    // A group is followed by zeros up to the next block.
    while (at + log::kFrameHeaderBytes <= file.size() && file[at] == std::byte{0}) {
      at = log::round_up_to_block(at + 1);
    }
  }
}

// Every frame that a replay visits, as bytes; nothing when the journal is refused.
std::vector<std::byte> replayed(const log::Env& env) {
  std::vector<std::byte> seen;
  const auto reader = log::JournalReader::open(env, "/journal");
  if (!reader) {
    if (reader.error().message.empty()) std::abort();
    return seen;
  }
  const log::Status done = reader->replay([&](const log::DecodedFrame& frame) -> log::Status {
    if (frame.payload.size() != frame.header.payload_bytes) std::abort();
    seen.push_back(static_cast<std::byte>(frame.header.type));
    seen.insert(seen.end(), frame.payload.begin(), frame.payload.end());
    return {};
  });
  if (!done && done.error().message.empty()) std::abort();
  return seen;
}

struct Frame {
  log::FrameType type = log::FrameType::kAppend;
  std::vector<std::byte> payload;
};

// A journal file with one group for each frame.
std::vector<std::byte> sound_file(std::uint64_t lap, std::uint64_t previous_end,
                                  const std::vector<Frame>& frames) {
  constexpr std::uint64_t kSalt = 77;
  auto file = log::encode_file_header({lap, kSalt, previous_end});
  for (const Frame& frame : frames) {
    const std::size_t at = file.size();
    file.resize(at + log::round_up_to_block(log::frame_bytes(frame.payload.size())));
    log::FrameHeader header;
    header.type = frame.type;
    header.base_offset = static_cast<log::Offset>(at);
    header.end_offset = header.base_offset + 2;
    header.segment_base_offset = 0;
    header.leader_epoch = 0;
    header.payload_bytes = static_cast<std::uint32_t>(frame.payload.size());
    header.payload_crc = log::crc32c(frame.payload);
    log::encode_frame_header(header, file.data() + at);
    log::seal_frame_header(file.data() + at, lap, at, kSalt);
    std::ranges::copy(frame.payload, file.data() + at + log::kFrameHeaderBytes);
  }
  file.resize(kFileBytes);
  return file;
}

}  // namespace

std::vector<test::FuzzInput> test::fuzz_seeds() {
  const Frame append{log::FrameType::kAppend, test::make_batch(4'096, 2)};
  log::CheckpointPayload payload{1, log::kJournalBlockBytes, {{}}};
  const Frame checkpoint{log::FrameType::kCheckpoint, log::encode_checkpoint(payload)};
  const auto first = sound_file(1, 0, {checkpoint, append, append});
  const auto second = sound_file(
      2, 3 * log::kJournalBlockBytes + log::frame_bytes(append.payload.size()), {append});
  std::vector<FuzzInput> seeds;
  for (unsigned switches = 0; switches < 8; ++switches) {
    FuzzInput seed{static_cast<std::byte>(switches)};
    seed.insert(seed.end(), first.begin(), first.end());
    seeds.push_back(seed);
    seed.insert(seed.end(), second.begin(), second.end());
    seeds.push_back(seed);
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned switches = data[0];
  const log::ByteView input = std::as_bytes(std::span(data, size)).subspan(1);
  test::SimEnv sim(1);
  if (!sim.disk.create_directories("/journal")) std::abort();
  for (std::size_t i = 0; i < kFilesMax && i * kFileBytes < input.size(); ++i) {
    const auto piece = input.subspan(i * kFileBytes);
    std::vector<std::byte> file(piece.begin(), piece.begin() + std::min(piece.size(), kFileBytes));
    if (file.size() >= log::kJournalBlockBytes) {
      if ((switches & kMendFiles) != 0) mend_file_header(file);
      if ((switches & kMendFrames) != 0) mend_frames(file, switches);
    }
    const auto path = "/journal/" + log::journal_file_name(i + 1);
    if (!log::replace_file(sim.disk, path, file)) std::abort();
  }
  if (replayed(sim.env()) != replayed(sim.env())) std::abort();
  return 0;
}
