#include "broker/net/frame_reader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "log/bytes.h"

namespace orloj::broker {
namespace {

using Event = FrameReader::Event;
constexpr std::int64_t kFrameMaxBytes = 1 << 20;

std::vector<std::byte> frame_of(std::size_t size, std::uint8_t fill) {
  std::vector<std::byte> bytes(4 + size, std::byte{fill});
  log::store_big(bytes.data(), static_cast<std::int32_t>(size));
  return bytes;
}

// Feeds `stream` in pieces of at most `piece_max` bytes; returns the frames that come out.
std::vector<std::vector<std::byte>> cut(std::span<const std::byte> stream, std::size_t piece_max) {
  FrameReader reader;
  std::vector<std::vector<std::byte>> frames;
  while (true) {
    switch (reader.advance(kFrameMaxBytes)) {
      case Event::kNeedLease:
        reader.leased();
        break;
      case Event::kFrame: {
        const auto frame = reader.take();
        frames.emplace_back(frame.span().begin(), frame.span().end());
        break;
      }
      case Event::kNeedBytes: {
        if (stream.empty()) return frames;
        const auto room = reader.writable();
        EXPECT_FALSE(room.empty());
        const std::size_t count = std::min({room.size(), piece_max, stream.size()});
        std::memcpy(room.data(), stream.data(), count);
        reader.commit(count);
        stream = stream.subspan(count);
        break;
      }
      default:
        ADD_FAILURE() << "unexpected event";
        return frames;
    }
  }
}

TEST(FrameReader, AnyCutOfTheStream_YieldsTheSameFrames) {
  std::vector<std::byte> stream;
  std::vector<std::vector<std::byte>> expected;
  std::uint8_t fill = 1;
  for (const std::size_t size :
       {1UL, 0UL, 4095UL, 4096UL, 4097UL, 9UL, 65536UL, 65537UL, 300000UL}) {
    const auto frame = frame_of(size, fill++);
    stream.insert(stream.end(), frame.begin(), frame.end());
    expected.emplace_back(frame.begin() + 4, frame.end());
  }
  for (const std::size_t piece_max : {1UL, 3UL, 7UL, 4096UL, 5000UL, 1UL << 20}) {
    EXPECT_EQ(cut(stream, piece_max), expected) << "pieces of " << piece_max;
  }
}

void feed(FrameReader& reader, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ASSERT_EQ(reader.advance(1 << 30), Event::kNeedBytes);
    const auto room = reader.writable();
    const std::size_t count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    reader.commit(count);
    bytes = bytes.subspan(count);
  }
}

TEST(FrameReader, AnnouncedLengthAlone_ClaimsNoMemory) {
  for (const std::int32_t announced : {1, 4096, 4097, 1 << 29}) {
    FrameReader reader;
    std::vector<std::byte> length(4);
    log::store_big(length.data(), announced);
    feed(reader, length);
    EXPECT_EQ(reader.advance(1 << 30), Event::kNeedBytes) << announced;
    EXPECT_FALSE(reader.has_lease());
  }
}

TEST(FrameReader, LargeFrame_ClaimsLittleWhenItsFirstBytesAreHere) {
  FrameReader reader;
  auto begun = frame_of(FrameReader::kStageBytes, 1);
  log::store_big(begun.data(), std::int32_t{1} << 29);
  feed(reader, begun);
  ASSERT_EQ(reader.advance(1 << 30), Event::kNeedLease);
  EXPECT_EQ(reader.want_bytes(), FrameReader::kFirstLeaseBytes);
  EXPECT_FALSE(reader.is_here());
  reader.leased();
  ASSERT_EQ(reader.advance(1 << 30), Event::kNeedBytes);
  EXPECT_LE(reader.writable().size(), FrameReader::kFirstLeaseBytes);
}

TEST(FrameReader, SmallFrame_ClaimsMemoryOnceAllOfItIsHere) {
  FrameReader reader;
  const auto frame = frame_of(100, 1);
  feed(reader, std::span(frame).first(103));
  ASSERT_EQ(reader.advance(1 << 30), Event::kNeedBytes);
  feed(reader, std::span(frame).last(1));
  ASSERT_EQ(reader.advance(1 << 30), Event::kNeedLease);
  EXPECT_EQ(reader.want_bytes(), 100U);
  EXPECT_TRUE(reader.is_here());
}

TEST(FrameReader, LengthAboveTheLimit_IsReported) {
  FrameReader reader;
  reader.advance(10);
  const auto frame = frame_of(11, 0);
  std::memcpy(reader.writable().data(), frame.data(), 4);
  reader.commit(4);
  EXPECT_EQ(reader.advance(10), Event::kTooLarge);
  EXPECT_EQ(reader.announced_bytes(), 11);
}

TEST(FrameReader, NegativeLength_IsReported) {
  FrameReader reader;
  reader.advance(10);
  std::memset(reader.writable().data(), 0xff, 4);
  reader.commit(4);
  EXPECT_EQ(reader.advance(10), Event::kNegative);
}

}  // namespace
}  // namespace orloj::broker
