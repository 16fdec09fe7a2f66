// Layout of Kafka's record batch, version 2 (magic 2): the one place that knows byte positions in
// it. Source: Kafka's message format page, KIP-98. All integers big-endian; records use zigzag
// varints.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orloj::log::batch_format {

// Byte positions in the header.
inline constexpr std::size_t kBaseOffset = 0;    // i64, outside the CRC
inline constexpr std::size_t kLength = 8;        // i32: bytes behind this field
inline constexpr std::size_t kLeaderEpoch = 12;  // i32, outside the CRC
inline constexpr std::size_t kMagic = 16;        // i8: 2
inline constexpr std::size_t kCrc = 17;          // u32: CRC-32C of everything from kAttributes on
inline constexpr std::size_t kAttributes = 21;   // i16, see below
inline constexpr std::size_t kLastOffsetDelta = 23;  // i32
inline constexpr std::size_t kBaseTimestamp = 27;    // i64: of the first record
inline constexpr std::size_t kMaxTimestamp = 35;     // i64
inline constexpr std::size_t kProducerId = 43;       // i64: -1 without idempotence
inline constexpr std::size_t kProducerEpoch = 51;    // i16
inline constexpr std::size_t kBaseSequence = 53;     // i32
inline constexpr std::size_t kRecordCount = 57;      // i32
inline constexpr std::size_t kHeaderBytes = 61;      // records start here

inline constexpr std::size_t kLengthOverhead = 12;  // bytes up to and with kLength
inline constexpr std::int32_t kLengthMin = kHeaderBytes - kLengthOverhead;
inline constexpr std::int8_t kMagicV2 = 2;

// Bits of kAttributes.
inline constexpr std::uint16_t kCodecMask = 0x07;
inline constexpr std::uint16_t kLogAppendTimeBit = 0x08;
inline constexpr std::uint16_t kTransactionalBit = 0x10;
inline constexpr std::uint16_t kControlBit = 0x20;
inline constexpr std::uint16_t kDeleteHorizonBit = 0x40;

// A record takes at least: length, attributes, timestamp delta, offset delta, key and value length,
// header count.
inline constexpr std::size_t kRecordBytesMin = 7;
inline constexpr std::size_t kRecordHeaderBytesMin = 2;  // key length, value length

}  // namespace orloj::log::batch_format
