// The codecs of record batches, as Kafka frames them: gzip (RFC 1952), snappy (raw block, or the
// blocked stream of snappy-java; written as the latter), lz4 (frame format), zstd.
//
// Sizes stored in the input are never trusted: output grows as it is produced and stops at
// `max_bytes`. Thread-safe: contexts are kept per thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "log/bytes.h"
#include "log/error.h"
#include "log/scratch_buffer.h"

namespace orloj::log {

enum class Codec : std::uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };

std::string_view name(Codec codec);  // as in compression.type: none, gzip, snappy, lz4, zstd

// The codec of a batch's attributes; nullopt for 5 to 7.
std::optional<Codec> codec_from_attributes(std::uint16_t attributes);

inline constexpr int kDefaultCompressionLevel = -1'000'000;  // the codec's own default

// Replaces the content of `out`. kTooLarge when the result would pass `max_bytes`, kCorrupt when
// the input is not what the codec writes.
Status decompress(Codec codec, ByteView in, ScratchBuffer& out, std::size_t max_bytes);

// Replaces the content of `out`. `level` acts for gzip, lz4 and zstd.
Status compress(Codec codec, ByteView in, ScratchBuffer& out, int level = kDefaultCompressionLevel);

}  // namespace orloj::log
