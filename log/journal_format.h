// The bytes of a journal file, shared by its writer and its reader (docs/on-disk-formats.md,
// "Journal").
//
// A file is one header block of kJournalBlockBytes, then groups. A group is what one write made
// durable: it starts on a block boundary, holds frames aligned to kFrameAlignment, and is
// zero-filled to the next block. Integers are big-endian. The CRC of a frame header is seeded with
// the salt of its file, so that neither a frame of an earlier use of the file nor bytes that a
// client put into a record can pass for a frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/bytes.h"
#include "log/error.h"
#include "log/types.h"

namespace orloj::log {

inline constexpr std::uint8_t kJournalFormat = 1;
inline constexpr std::size_t kJournalBlockBytes = 4096;
inline constexpr std::size_t kFrameAlignment = 32;
inline constexpr std::size_t kFrameHeaderBytes = 96;

// The first block of a file: magic u32, format u8, 3 zero bytes, lap u64, salt u64, previous end
// u64, crc u32.
struct JournalFileHeader {
  std::uint64_t lap = 0;   // number of this use, equal to the number in the file name
  std::uint64_t salt = 0;  // random for each use
  std::uint64_t previous_end =
      0;  // where the last frame of file lap - 1 ends; 0 in the first file of a sequence
};

std::vector<std::byte> encode_file_header(const JournalFileHeader& header);
// kCorrupt when the block is no header, kUnsupportedFormat when it is of a newer format.
Result<JournalFileHeader> decode_file_header(ByteView block);

enum class FrameType : std::uint8_t {
  kAppend = 1,      // payload: one batch, with its base offset and leader epoch
  kTruncate = 2,    // everything at and above end_offset is gone
  kLogStart = 3,    // base_offset is the first offset that exists
  kNote = 4,        // the segment files hold everything below end_offset, synced
  kCheckpoint = 5,  // payload: see CheckpointPayload
};

struct FrameHeader {
  FrameType type = FrameType::kAppend;
  LogId log;
  LeaderEpoch leader_epoch = -1;
  Offset base_offset = kNoOffset;
  Offset end_offset = kNoOffset;
  Offset segment_base_offset = kNoOffset;
  std::int64_t position = 0;
  std::uint32_t payload_bytes = 0;
  std::uint32_t payload_crc = 0;
  std::uint64_t lap = 0;
  std::uint64_t group_position = 0;  // where in the file the group of this frame starts
};

// Bytes that a frame takes in a file, padding included.
constexpr std::size_t frame_bytes(std::size_t payload_bytes) {
  return (kFrameHeaderBytes + payload_bytes + kFrameAlignment - 1) / kFrameAlignment *
         kFrameAlignment;
}

constexpr std::uint64_t round_up_to_block(std::uint64_t bytes) {
  return (bytes + kJournalBlockBytes - 1) / kJournalBlockBytes * kJournalBlockBytes;
}

// Writes everything but lap, group position and CRC, which are known only when the group is
// written.
void encode_frame_header(const FrameHeader& header, std::byte* out);
void seal_frame_header(std::byte* frame, std::uint64_t lap, std::uint64_t group_position,
                       std::uint64_t salt);
// How many bytes the frame at `frame` takes, read from an encoded header.
std::size_t encoded_frame_bytes(const std::byte* frame);

struct DecodedFrame {
  FrameHeader header;
  ByteView payload;
};

// The frame at `position` of a whole file; nullopt when there is no valid one. kUnsupportedFormat
// when it was written by a newer version.
Result<std::optional<DecodedFrame>> decode_frame(ByteView file, std::uint64_t position,
                                                 const JournalFileHeader& file_header);

// What the journal knows of one log, kept across starts by the CHECKPOINT.
struct LogFacts {
  LogId log;
  Offset log_start = 0;   // first offset that exists
  Offset synced_end = 0;  // replay floor: the segment files hold everything below, synced
};

// Payload of a CHECKPOINT: replay lap u64, replay position u64, count u32, then for each log: topic
// id, partition i32, kind u8, log start i64, synced end i64.
struct CheckpointPayload {
  std::uint64_t replay_lap = 0;
  std::uint64_t replay_position = 0;  // frames before (lap, position) need no replay
  std::vector<LogFacts> logs;
};

inline constexpr std::size_t kCheckpointFixedBytes = 20;
inline constexpr std::size_t kCheckpointLogBytes = 37;

std::vector<std::byte> encode_checkpoint(const CheckpointPayload& checkpoint);
std::optional<CheckpointPayload> decode_checkpoint(ByteView payload);

// "00000000000000000001.journal" and back.
std::string journal_file_name(std::uint64_t lap);
std::optional<std::uint64_t> parse_journal_file_name(std::string_view name);

}  // namespace orloj::log
