#include "log/compression.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string>

namespace orloj::log {
namespace {

constexpr std::size_t kGrowthStartBytes = 16U << 10;
constexpr int kGzipWindowBits = 15 + 16;              // zlib: largest window, gzip framing
constexpr int kGzipMemoryLevel = 8;                   // zlib's default
constexpr std::size_t kSnappyBlockBytes = 32U << 10;  // of snappy-java
// No snappy element yields more than 64 bytes from 3, so a stored size above this is a lie.
constexpr std::size_t kSnappyRatioMax = 22;
constexpr std::array<unsigned char, 8> kXerialMagic = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::size_t kXerialHeaderBytes = 16;
constexpr std::int32_t kXerialVersion = 1;

Error corrupt(Codec codec, std::string_view why) {
  return {ErrorCode::kCorrupt, std::string(name(codec)) + " data is damaged: " + std::string(why)};
}

// Output space that doubles as it fills, up to one byte past the limit (so that passing it is
// seen).
class Output {
 public:
  Output(ScratchBuffer& buffer, std::size_t max_bytes)
      : buffer_(buffer),
        max_bytes_(std::min(max_bytes, std::numeric_limits<std::size_t>::max() - 1)) {
    buffer_.clear();
  }

  MutableBytes free() { return buffer_.space().first(usable()).subspan(buffer_.size()); }
  void produced(std::size_t bytes) { buffer_.set_size(buffer_.size() + bytes); }
  bool over_limit() const { return buffer_.size() > max_bytes_; }

  // Makes room for at least one more byte; false when only bytes past the limit would fit.
  bool grow(std::size_t at_least = 1) {
    if (buffer_.size() > max_bytes_ || at_least > max_bytes_ + 1 - buffer_.size()) {
      return false;
    }
    const std::size_t wish = std::max({buffer_.size() + at_least, 2 * usable(), kGrowthStartBytes});
    buffer_.reserve(std::min(wish, max_bytes_ + 1));
    return true;
  }

  void grow_to_limit() { buffer_.reserve(max_bytes_ + 1); }

  Error too_large(Codec codec) const {
    return {ErrorCode::kTooLarge, std::string(name(codec)) + " data inflates to more than " +
                                      std::to_string(max_bytes_) +
                                      " bytes (decompressed.batch.max.bytes)"};
  }

 private:
  std::size_t usable() const { return std::min(buffer_.capacity(), max_bytes_ + 1); }

  ScratchBuffer& buffer_;
  std::size_t max_bytes_;
};

class Inflater {
 public:
  Inflater() {
    if (::inflateInit2(&stream_, kGzipWindowBits) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { ::inflateEnd(&stream_); }

  z_stream& fresh() {
    ::inflateReset(&stream_);
    return stream_;
  }

 private:
  z_stream stream_{};
};

Status gunzip(ByteView in, Output& out) {
  static thread_local Inflater inflater;
  z_stream& stream = inflater.fresh();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  for (;;) {
    if (out.free().empty() && !out.grow()) {
      return out.too_large(Codec::kGzip);
    }
    const MutableBytes room = out.free();
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out =
        static_cast<uInt>(std::min<std::size_t>(room.size(), std::numeric_limits<uInt>::max()));
    const uInt offered = stream.avail_out;
    const int outcome = ::inflate(&stream, Z_NO_FLUSH);
    out.produced(offered - stream.avail_out);
    if (outcome == Z_STREAM_END) {
      if (stream.avail_in == 0) {
        return {};
      }
      ::inflateReset(&stream);  // gzip members may follow one another
    } else if (outcome != Z_OK && !(outcome == Z_BUF_ERROR && stream.avail_out == 0)) {
      return corrupt(Codec::kGzip, outcome == Z_BUF_ERROR ? "it is cut" : "no valid stream");
    } else if (stream.avail_in == 0 && stream.avail_out != 0) {
      return corrupt(Codec::kGzip, "it is cut");
    }
  }
}

Status unsnap_block(ByteView block, Output& out) {
  const auto* data = reinterpret_cast<const char*>(block.data());
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(data, block.size(), &size) ||
      size > block.size() * kSnappyRatioMax) {
    return corrupt(Codec::kSnappy, "its size cannot be right");
  }
  if (out.free().size() < size && !out.grow(size)) {
    return out.too_large(Codec::kSnappy);
  }
  if (size > 0 &&
      !snappy::RawUncompress(data, block.size(), reinterpret_cast<char*>(out.free().data()))) {
    return corrupt(Codec::kSnappy, "no valid block");
  }
  out.produced(size);
  return {};
}

bool starts_with_xerial_magic(ByteView in) {
  return in.size() >= kXerialHeaderBytes &&
         std::memcmp(in.data(), kXerialMagic.data(), kXerialMagic.size()) == 0;
}

Status unsnap(ByteView in, Output& out) {
  if (!starts_with_xerial_magic(in)) {
    return unsnap_block(in, out);
  }
  while (!in.empty()) {
    if (starts_with_xerial_magic(in)) {  // streams may follow one another
      in = in.subspan(kXerialHeaderBytes);
      continue;
    }
    if (in.size() < sizeof(std::int32_t)) {
      return corrupt(Codec::kSnappy, "it is cut");
    }
    const auto length = load_big<std::int32_t>(in.data());
    in = in.subspan(sizeof(std::int32_t));
    if (length <= 0 || static_cast<std::size_t>(length) > in.size()) {
      return corrupt(Codec::kSnappy, "a block's length passes its end");
    }
    const auto block_bytes = static_cast<std::size_t>(length);
    if (Status done = unsnap_block(in.first(block_bytes), out); !done) {
      return done;
    }
    in = in.subspan(block_bytes);
  }
  return {};
}

struct FreeLz4Context {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

LZ4F_dctx& lz4_context() {
  static thread_local std::unique_ptr<LZ4F_dctx, FreeLz4Context> context = [] {
    LZ4F_dctx* made = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION))) {
      throw std::bad_alloc();
    }
    return std::unique_ptr<LZ4F_dctx, FreeLz4Context>(made);
  }();
  LZ4F_resetDecompressionContext(context.get());
  return *context;
}

Status unlz4(ByteView in, Output& out) {
  LZ4F_dctx& context = lz4_context();
  bool frame_open = true;
  for (;;) {
    if (out.free().empty() && !out.grow()) {
      return out.too_large(Codec::kLz4);
    }
    const MutableBytes room = out.free();
    std::size_t produced = room.size();
    std::size_t consumed = in.size();
    const std::size_t hint =
        LZ4F_decompress(&context, room.data(), &produced, in.data(), &consumed, nullptr);
    if (LZ4F_isError(hint)) {
      return corrupt(Codec::kLz4, LZ4F_getErrorName(hint));
    }
    out.produced(produced);
    in = in.subspan(consumed);
    frame_open = hint != 0;
    if (in.empty() && !frame_open) {
      return {};
    }
    if (consumed == 0 && produced == 0) {
      return corrupt(Codec::kLz4, "it is cut");
    }
  }
}

struct FreeZstdContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

// In one call into the whole output, and again with more room: a streaming decoder would allocate
// the window that the frame asks for, up to 128 MiB for a few bytes of input.
Status unzstd(ByteView in, Output& out) {
  static thread_local std::unique_ptr<ZSTD_DCtx, FreeZstdContext> context(ZSTD_createDCtx());
  if (!context) {
    throw std::bad_alloc();
  }
  std::size_t room_wanted = std::max(4 * in.size(), kGrowthStartBytes);
  bool all_room_offered = false;
  while (!all_room_offered) {
    if (!out.grow(room_wanted)) {
      all_room_offered = true;
      out.grow_to_limit();
    }
    const MutableBytes room = out.free();
    const std::size_t outcome =
        ZSTD_decompressDCtx(context.get(), room.data(), room.size(), in.data(), in.size());
    if (!ZSTD_isError(outcome)) {
      out.produced(outcome);
      return {};
    }
    if (ZSTD_getErrorCode(outcome) != ZSTD_error_dstSize_tooSmall) {
      return corrupt(Codec::kZstd, ZSTD_getErrorName(outcome));
    }
    room_wanted = 4 * room.size();
  }
  return out.too_large(Codec::kZstd);
}

Status inflate_with(Codec codec, ByteView in, Output& out) {
  switch (codec) {
    case Codec::kNone:
      break;
    case Codec::kGzip:
      return gunzip(in, out);
    case Codec::kSnappy:
      return unsnap(in, out);
    case Codec::kLz4:
      return unlz4(in, out);
    case Codec::kZstd:
      return unzstd(in, out);
  }
  if (in.size() > out.free().size() && !out.grow(in.size())) {
    return out.too_large(codec);
  }
  if (!in.empty()) {
    std::memcpy(out.free().data(), in.data(), in.size());
    out.produced(in.size());
  }
  return {};
}

Error cannot_compress(Codec codec, std::string_view why) {
  return {ErrorCode::kIo, "cannot compress with " + std::string(name(codec)) + ": " +
                              std::string(why) + "; check compression.type's level and the memory"};
}

Status gzip(ByteView in, ScratchBuffer& out, int level) {
  z_stream stream{};
  const int chosen = level == kDefaultCompressionLevel ? Z_DEFAULT_COMPRESSION : level;
  if (::deflateInit2(&stream, chosen, Z_DEFLATED, kGzipWindowBits, kGzipMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
    return cannot_compress(Codec::kGzip, "deflateInit2 failed");
  }
  out.reserve(::deflateBound(&stream, in.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.space().data());
  stream.avail_out = static_cast<uInt>(out.capacity());
  const int outcome = ::deflate(&stream, Z_FINISH);
  out.set_size(stream.total_out);
  ::deflateEnd(&stream);
  return outcome == Z_STREAM_END ? Status{} : cannot_compress(Codec::kGzip, "deflate failed");
}

Status snap(ByteView in, ScratchBuffer& out) {
  const std::size_t blocks = (in.size() + kSnappyBlockBytes - 1) / kSnappyBlockBytes;
  out.reserve(kXerialHeaderBytes +
              blocks * (sizeof(std::int32_t) + snappy::MaxCompressedLength(kSnappyBlockBytes)));
  std::byte* at = out.space().data();
  std::memcpy(at, kXerialMagic.data(), kXerialMagic.size());
  store_big<std::int32_t>(at + 8, kXerialVersion);
  store_big<std::int32_t>(at + 12, kXerialVersion);
  at += kXerialHeaderBytes;
  while (!in.empty()) {
    const ByteView block = in.first(std::min(in.size(), kSnappyBlockBytes));
    std::size_t packed = 0;
    snappy::RawCompress(reinterpret_cast<const char*>(block.data()), block.size(),
                        reinterpret_cast<char*>(at + sizeof(std::int32_t)), &packed);
    store_big<std::int32_t>(at, static_cast<std::int32_t>(packed));
    at += sizeof(std::int32_t) + packed;
    in = in.subspan(block.size());
  }
  out.set_size(static_cast<std::size_t>(at - out.space().data()));
  return {};
}

Status lz4(ByteView in, ScratchBuffer& out, int level) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;  // Kafka's Java reader knows no other
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.compressionLevel = level == kDefaultCompressionLevel ? 0 : level;
  out.reserve(LZ4F_compressFrameBound(in.size(), &preferences));
  const std::size_t packed =
      LZ4F_compressFrame(out.space().data(), out.capacity(), in.data(), in.size(), &preferences);
  if (LZ4F_isError(packed)) {
    return cannot_compress(Codec::kLz4, LZ4F_getErrorName(packed));
  }
  out.set_size(packed);
  return {};
}

Status zstd(ByteView in, ScratchBuffer& out, int level) {
  static thread_local std::unique_ptr<ZSTD_CCtx, FreeZstdContext> context(ZSTD_createCCtx());
  if (!context) {
    throw std::bad_alloc();
  }
  out.reserve(ZSTD_compressBound(in.size()));
  const int chosen = level == kDefaultCompressionLevel ? ZSTD_CLEVEL_DEFAULT : level;
  const std::size_t packed = ZSTD_compressCCtx(context.get(), out.space().data(), out.capacity(),
                                               in.data(), in.size(), chosen);
  if (ZSTD_isError(packed)) {
    return cannot_compress(Codec::kZstd, ZSTD_getErrorName(packed));
  }
  out.set_size(packed);
  return {};
}

}  // namespace

std::string_view name(Codec codec) {
  switch (codec) {
    case Codec::kNone:
      return "none";
    case Codec::kGzip:
      return "gzip";
    case Codec::kSnappy:
      return "snappy";
    case Codec::kLz4:
      return "lz4";
    case Codec::kZstd:
      return "zstd";
  }
  return "unknown";
}

std::optional<Codec> codec_from_attributes(std::uint16_t attributes) {
  const unsigned value = attributes & 0x07U;
  if (value > static_cast<unsigned>(Codec::kZstd)) {
    return std::nullopt;
  }
  return static_cast<Codec>(value);
}

Status decompress(Codec codec, ByteView in, ScratchBuffer& out, std::size_t max_bytes) {
  Output output(out, max_bytes);
  if (Status done = inflate_with(codec, in, output); !done) {
    out.clear();
    return done;
  }
  if (output.over_limit()) {
    out.clear();
    return output.too_large(codec);
  }
  return {};
}

Status compress(Codec codec, ByteView in, ScratchBuffer& out, int level) {
  out.clear();
  switch (codec) {
    case Codec::kNone:
      break;
    case Codec::kGzip:
      return gzip(in, out, level);
    case Codec::kSnappy:
      return snap(in, out);
    case Codec::kLz4:
      return lz4(in, out, level);
    case Codec::kZstd:
      return zstd(in, out, level);
  }
  out.reserve(in.size());
  std::copy(in.begin(), in.end(), out.space().begin());
  out.set_size(in.size());
  return {};
}

}  // namespace orloj::log
