// The bytes of format 1, for ever: a change here needs a new format number.
#include "log/journal_format.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace orloj::log {
namespace {

std::string hex(ByteView bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

FrameHeader sample_header() {
  FrameHeader header;
  header.type = FrameType::kAppend;
  header.log.topic_id.bytes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  header.log.partition = 7;
  header.log.kind = LogKind::kSchedule;
  header.leader_epoch = 3;
  header.base_offset = 100;
  header.end_offset = 105;
  header.segment_base_offset = 90;
  header.position = 4096;
  return header;
}

std::vector<std::byte> sample_frame() {
  FrameHeader header = sample_header();
  const std::string_view payload = "batch";
  header.payload_bytes = 5;
  header.payload_crc = 0x11223344;
  std::vector<std::byte> frame(frame_bytes(payload.size()));
  encode_frame_header(header, frame.data());
  std::ranges::copy(to_bytes(payload), frame.begin() + kFrameHeaderBytes);
  seal_frame_header(frame.data(), 9, 8192, 0xa1b2c3d4e5f60718U);
  return frame;
}

TEST(JournalFormat, FileHeader_HasTheBytesOfFormat1) {
  const auto block = encode_file_header({5, 0x0102030405060708U, 12345});
  ASSERT_EQ(block.size(), kJournalBlockBytes);
  EXPECT_EQ(hex(ByteView(block).first(32)),
            "4f524a4c01000000"
            "0000000000000005"
            "0102030405060708"
            "0000000000003039");
  EXPECT_TRUE(std::all_of(block.begin() + 36, block.end(),
                          [](std::byte byte) { return byte == std::byte{0}; }));
  const auto decoded = decode_file_header(block);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->lap, 5U);
  EXPECT_EQ(decoded->salt, 0x0102030405060708U);
  EXPECT_EQ(decoded->previous_end, 12345U);
}

TEST(JournalFormat, FrameHeader_HasTheBytesOfFormat1) {
  const auto frame = sample_frame();
  EXPECT_EQ(frame.size(), 128U);
  EXPECT_EQ(hex(ByteView(frame).first(92)),
            "4f524a4601010100"
            "0000000000000009"
            "0000000000002000"
            "000102030405060708090a0b0c0d0e0f"
            "00000007"
            "00000003"
            "0000000000000064"
            "0000000000000069"
            "000000000000005a"
            "0000000000001000"
            "00000005"
            "11223344"
            "00000000");
}

TEST(JournalFormat, Checkpoint_HasTheBytesOfFormat1) {
  LogFacts facts;
  facts.log = sample_header().log;
  facts.log_start = 2;
  facts.synced_end = 258;
  const auto payload = encode_checkpoint({6, 8192, {facts}});
  EXPECT_EQ(hex(payload),
            "0000000000000006"
            "0000000000002000"
            "00000001"
            "000102030405060708090a0b0c0d0e0f"
            "00000007"
            "01"
            "0000000000000002"
            "0000000000000102");
  const auto decoded = decode_checkpoint(payload);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->logs[0].log, facts.log);
  EXPECT_FALSE(decode_checkpoint(ByteView(payload).first(payload.size() - 1)).has_value());
}

TEST(JournalFormat, AFrameOfAnotherUseOfTheFile_IsNone) {
  auto file = std::vector<std::byte>(kJournalBlockBytes);
  auto frame = sample_frame();
  FrameHeader header = sample_header();
  header.payload_bytes = 0;
  header.payload_crc = 0;
  encode_frame_header(header, frame.data());
  seal_frame_header(frame.data(), 9, 4096, 77);
  file.insert(file.end(), frame.begin(), frame.end());
  EXPECT_TRUE(decode_frame(file, 4096, {9, 77, 0})->has_value());
  EXPECT_FALSE(decode_frame(file, 4096, {9, 78, 0})->has_value());
  EXPECT_FALSE(decode_frame(file, 4096, {10, 77, 0})->has_value());
  EXPECT_FALSE(decode_frame(file, 4128, {9, 77, 0})->has_value());
}

TEST(JournalFormat, FileNames_ParseBack) {
  EXPECT_EQ(journal_file_name(42), "00000000000000000042.journal");
  EXPECT_EQ(parse_journal_file_name("00000000000000000042.journal"), 42U);
  for (const std::string_view other :
       {"spare.journal", "42.journal", "0000000000000000004x.journal", ".journal", ""}) {
    EXPECT_FALSE(parse_journal_file_name(other).has_value()) << other;
  }
}

}  // namespace
}  // namespace orloj::log
