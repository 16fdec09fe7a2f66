#include "log/journal_format.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "log/crc32c.h"

namespace orloj::log {
namespace {

constexpr std::uint32_t kFileMagic = 0x4f524a4cU;   // "ORJL"
constexpr std::uint32_t kFrameMagic = 0x4f524a46U;  // "ORJF"

// File header.
constexpr std::size_t kFileFormatAt = 4;
constexpr std::size_t kFileLapAt = 8;
constexpr std::size_t kFileSaltAt = 16;
constexpr std::size_t kFilePreviousEndAt = 24;
constexpr std::size_t kFileCrcAt = 32;

// Frame header.
constexpr std::size_t kFormatAt = 4;
constexpr std::size_t kTypeAt = 5;
constexpr std::size_t kKindAt = 6;
constexpr std::size_t kLapAt = 8;
constexpr std::size_t kGroupAt = 16;
constexpr std::size_t kTopicAt = 24;
constexpr std::size_t kPartitionAt = 40;
constexpr std::size_t kEpochAt = 44;
constexpr std::size_t kBaseAt = 48;
constexpr std::size_t kEndAt = 56;
constexpr std::size_t kSegmentAt = 64;
constexpr std::size_t kPositionAt = 72;
constexpr std::size_t kPayloadBytesAt = 80;
constexpr std::size_t kPayloadCrcAt = 84;
constexpr std::size_t kHeaderCrcAt = 92;

constexpr std::size_t kJournalNameDigits = 20;
constexpr std::string_view kJournalSuffix = ".journal";

std::uint32_t header_crc(const std::byte* frame, std::uint64_t salt) {
  std::byte seed[sizeof salt];
  store_big(seed, salt);
  return crc32c_extend(crc32c(seed), {frame, kHeaderCrcAt});
}

FrameHeader load_header(const std::byte* frame) {
  FrameHeader header;
  header.type = static_cast<FrameType>(frame[kTypeAt]);
  header.log.kind = static_cast<LogKind>(frame[kKindAt]);
  std::memcpy(header.log.topic_id.bytes.data(), frame + kTopicAt, 16);
  header.log.partition = load_big<std::int32_t>(frame + kPartitionAt);
  header.leader_epoch = load_big<LeaderEpoch>(frame + kEpochAt);
  header.base_offset = load_big<Offset>(frame + kBaseAt);
  header.end_offset = load_big<Offset>(frame + kEndAt);
  header.segment_base_offset = load_big<Offset>(frame + kSegmentAt);
  header.position = load_big<std::int64_t>(frame + kPositionAt);
  header.payload_bytes = load_big<std::uint32_t>(frame + kPayloadBytesAt);
  header.payload_crc = load_big<std::uint32_t>(frame + kPayloadCrcAt);
  header.lap = load_big<std::uint64_t>(frame + kLapAt);
  header.group_position = load_big<std::uint64_t>(frame + kGroupAt);
  return header;
}

}  // namespace

std::vector<std::byte> encode_file_header(const JournalFileHeader& header) {
  std::vector<std::byte> block(kJournalBlockBytes);
  store_big(block.data(), kFileMagic);
  block[kFileFormatAt] = std::byte{kJournalFormat};
  store_big(block.data() + kFileLapAt, header.lap);
  store_big(block.data() + kFileSaltAt, header.salt);
  store_big(block.data() + kFilePreviousEndAt, header.previous_end);
  store_big(block.data() + kFileCrcAt, crc32c({block.data(), kFileCrcAt}));
  return block;
}

Result<JournalFileHeader> decode_file_header(ByteView block) {
  if (block.size() < kJournalBlockBytes || load_big<std::uint32_t>(block.data()) != kFileMagic ||
      load_big<std::uint32_t>(block.data() + kFileCrcAt) != crc32c(block.first(kFileCrcAt))) {
    return Error{ErrorCode::kCorrupt, "no journal file header"};
  }
  const auto format = std::to_integer<int>(block[kFileFormatAt]);
  if (format != kJournalFormat) {
    return Error{ErrorCode::kUnsupportedFormat,
                 "journal format " + std::to_string(format) + " is newer than " +
                     std::to_string(kJournalFormat) + "; start the version that wrote it"};
  }
  return JournalFileHeader{load_big<std::uint64_t>(block.data() + kFileLapAt),
                           load_big<std::uint64_t>(block.data() + kFileSaltAt),
                           load_big<std::uint64_t>(block.data() + kFilePreviousEndAt)};
}

void encode_frame_header(const FrameHeader& header, std::byte* out) {
  std::memset(out, 0, kFrameHeaderBytes);
  store_big(out, kFrameMagic);
  out[kFormatAt] = std::byte{kJournalFormat};
  out[kTypeAt] = static_cast<std::byte>(header.type);
  out[kKindAt] = static_cast<std::byte>(header.log.kind);
  std::memcpy(out + kTopicAt, header.log.topic_id.bytes.data(), 16);
  store_big(out + kPartitionAt, header.log.partition);
  store_big(out + kEpochAt, header.leader_epoch);
  store_big(out + kBaseAt, header.base_offset);
  store_big(out + kEndAt, header.end_offset);
  store_big(out + kSegmentAt, header.segment_base_offset);
  store_big(out + kPositionAt, header.position);
  store_big(out + kPayloadBytesAt, header.payload_bytes);
  store_big(out + kPayloadCrcAt, header.payload_crc);
}

void seal_frame_header(std::byte* frame, std::uint64_t lap, std::uint64_t group_position,
                       std::uint64_t salt) {
  store_big(frame + kLapAt, lap);
  store_big(frame + kGroupAt, group_position);
  store_big(frame + kHeaderCrcAt, header_crc(frame, salt));
}

std::size_t encoded_frame_bytes(const std::byte* frame) {
  return frame_bytes(load_big<std::uint32_t>(frame + kPayloadBytesAt));
}

Result<std::optional<DecodedFrame>> decode_frame(ByteView file, std::uint64_t position,
                                                 const JournalFileHeader& file_header) {
  if (position + kFrameHeaderBytes > file.size()) {
    return std::nullopt;
  }
  const std::byte* frame = file.data() + position;
  if (load_big<std::uint32_t>(frame) != kFrameMagic ||
      load_big<std::uint32_t>(frame + kHeaderCrcAt) != header_crc(frame, file_header.salt)) {
    return std::nullopt;
  }
  const auto format = std::to_integer<int>(frame[kFormatAt]);
  const auto type = std::to_integer<int>(frame[kTypeAt]);
  if (format != kJournalFormat || type < static_cast<int>(FrameType::kAppend) ||
      type > static_cast<int>(FrameType::kCheckpoint)) {
    return Error{ErrorCode::kUnsupportedFormat,
                 "journal frame of format " + std::to_string(format) + ", type " +
                     std::to_string(type) + "; start the version that wrote it"};
  }
  const FrameHeader header = load_header(frame);
  const std::uint64_t payload_at = position + kFrameHeaderBytes;
  if (header.lap != file_header.lap || header.payload_bytes > file.size() - payload_at) {
    return std::nullopt;
  }
  const ByteView payload = file.subspan(payload_at, header.payload_bytes);
  if (crc32c(payload) != header.payload_crc) {
    return std::nullopt;
  }
  return DecodedFrame{header, payload};
}

std::vector<std::byte> encode_checkpoint(const CheckpointPayload& checkpoint) {
  std::vector<std::byte> payload(kCheckpointFixedBytes +
                                 checkpoint.logs.size() * kCheckpointLogBytes);
  std::byte* at = payload.data();
  store_big(at, checkpoint.replay_lap);
  store_big(at + 8, checkpoint.replay_position);
  store_big(at + 16, static_cast<std::uint32_t>(checkpoint.logs.size()));
  at += kCheckpointFixedBytes;
  for (const LogFacts& facts : checkpoint.logs) {
    std::memcpy(at, facts.log.topic_id.bytes.data(), 16);
    store_big(at + 16, facts.log.partition);
    at[20] = static_cast<std::byte>(facts.log.kind);
    store_big(at + 21, facts.log_start);
    store_big(at + 29, facts.synced_end);
    at += kCheckpointLogBytes;
  }
  return payload;
}

std::optional<CheckpointPayload> decode_checkpoint(ByteView payload) {
  if (payload.size() < kCheckpointFixedBytes) {
    return std::nullopt;
  }
  const std::byte* at = payload.data();
  CheckpointPayload checkpoint{load_big<std::uint64_t>(at), load_big<std::uint64_t>(at + 8), {}};
  const std::size_t count = load_big<std::uint32_t>(at + 16);
  if (payload.size() - kCheckpointFixedBytes != count * kCheckpointLogBytes) {
    return std::nullopt;
  }
  checkpoint.logs.resize(count);
  at += kCheckpointFixedBytes;
  for (LogFacts& facts : checkpoint.logs) {
    std::memcpy(facts.log.topic_id.bytes.data(), at, 16);
    facts.log.partition = load_big<std::int32_t>(at + 16);
    facts.log.kind = static_cast<LogKind>(at[20]);
    facts.log_start = load_big<Offset>(at + 21);
    facts.synced_end = load_big<Offset>(at + 29);
    at += kCheckpointLogBytes;
  }
  return checkpoint;
}

std::string journal_file_name(std::uint64_t lap) {
  std::string digits = std::to_string(lap);
  return std::string(kJournalNameDigits - digits.size(), '0') + digits +
         std::string(kJournalSuffix);
}

std::optional<std::uint64_t> parse_journal_file_name(std::string_view name) {
  if (name.size() != kJournalNameDigits + kJournalSuffix.size() ||
      !name.ends_with(kJournalSuffix)) {
    return std::nullopt;
  }
  std::uint64_t lap = 0;
  const char* last = name.data() + kJournalNameDigits;
  const auto parsed = std::from_chars(name.data(), last, lap);
  if (parsed.ec != std::errc{} || parsed.ptr != last) {
    return std::nullopt;
  }
  return lap;
}

}  // namespace orloj::log
