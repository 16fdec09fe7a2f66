#include "protocol/writer.h"

#include <array>
#include <bit>

#include "protocol/options.h"

namespace orloj::protocol {

namespace {

constexpr std::size_t kInitialCapacity = 256;

struct Varint {
  std::array<std::byte, 5> bytes;
  std::size_t size = 0;
};

Varint to_varint(std::uint32_t value) {
  Varint varint;
  while (value >= 0x80) {
    varint.bytes[varint.size++] = static_cast<std::byte>(value | 0x80);
    value >>= 7;
  }
  varint.bytes[varint.size++] = static_cast<std::byte>(value);
  return varint;
}

}  // namespace

std::uint64_t Encoded::size() const {
  std::uint64_t total = bytes.size();
  for (const Splice& splice : splices) total += splice.length;
  return total;
}

Writer::Writer(Encoding encoding) : encoding_(encoding) {
  encoded_.bytes.reserve(kInitialCapacity);
}

void Writer::fail(Fault fault, std::string message) {
  if (!error_) error_ = Error{fault, std::move(message)};
}

void Writer::put(BytesView bytes) {
  encoded_.bytes.insert(encoded_.bytes.end(), bytes.begin(), bytes.end());
}

template <class T>
void Writer::put_integer(T value) {
  std::array<std::byte, sizeof(T)> bytes;
  auto rest = static_cast<std::uint64_t>(value);
  for (std::size_t i = sizeof(T); i-- > 0; rest >>= 8) bytes[i] = static_cast<std::byte>(rest);
  put(bytes);
}

void Writer::write(bool value) {
  put_integer<std::int8_t>(value ? 1 : 0);
}
void Writer::write(std::int8_t value) {
  put_integer(value);
}
void Writer::write(std::int16_t value) {
  put_integer(value);
}
void Writer::write(std::uint16_t value) {
  put_integer(value);
}
void Writer::write(std::int32_t value) {
  put_integer(value);
}
void Writer::write(std::uint32_t value) {
  put_integer(value);
}
void Writer::write(std::int64_t value) {
  put_integer(value);
}
void Writer::write(double value) {
  put_integer(std::bit_cast<std::int64_t>(value));
}
void Writer::write(ErrorCode value) {
  put_integer(static_cast<std::int16_t>(value));
}
void Writer::write(const Uuid& value) {
  put(std::as_bytes(std::span(value.bytes)));
}

void Writer::write_uvarint(std::uint32_t value) {
  const Varint varint = to_varint(value);
  put(BytesView(varint.bytes.data(), varint.size));
}

void Writer::write_length(std::size_t length, std::size_t classic_width) {
  const bool short_length = encoding_ == Encoding::kClassic && classic_width == kStringWidth;
  const std::size_t limit = short_length ? kMaxClassicStringBytes : kMaxLength;
  if (length > limit) {
    fail(Fault::kTooLong, "a field of " + std::to_string(length) + " exceeds the " +
                              std::to_string(limit) + " that the wire format can carry");
    return;
  }
  if (encoding_ == Encoding::kFlexible) {
    write_uvarint(static_cast<std::uint32_t>(length + 1));
  } else if (short_length) {
    put_integer(static_cast<std::int16_t>(length));
  } else {
    put_integer(static_cast<std::int32_t>(length));
  }
}

void Writer::write_null(std::size_t classic_width, Nullability nullability) {
  if (nullability == Nullability::kNotNull) {
    fail(Fault::kUnexpectedNull, "a field is null, which this version cannot express");
  }
  if (encoding_ == Encoding::kFlexible) {
    write_uvarint(0);
  } else if (classic_width == kStringWidth) {
    put_integer<std::int16_t>(-1);
  } else {
    put_integer<std::int32_t>(-1);
  }
}

void Writer::write(std::string_view value) {
  write_length(value.size(), kStringWidth);
  put(BytesView(value));
}

void Writer::write(BytesView value) {
  write_length(value.size(), kWidth);
  put(value);
}

void Writer::write_classic_string(const std::optional<std::string_view>& value) {
  const Encoding encoding = encoding_;
  encoding_ = Encoding::kClassic;
  write(value, Nullability::kNullable);
  encoding_ = encoding;
}

void Writer::write(const RecordsField& value, Nullability nullability) {
  if (value.is_null()) {
    write_null(kWidth, nullability);
  } else if (value.is_external()) {
    write_length(value.length(), kWidth);
    if (value.length() > 0) {
      encoded_.splices.push_back({encoded_.bytes.size(), value.length(), value.handle()});
    }
  } else {
    write(value.view());
  }
}

std::size_t Writer::begin_tag(std::uint32_t tag) {
  write_uvarint(tag);
  return encoded_.bytes.size();
}

void Writer::end_tag(std::size_t begin) {
  const Varint size = to_varint(static_cast<std::uint32_t>(encoded_.bytes.size() - begin));
  encoded_.bytes.insert(encoded_.bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                        size.bytes.begin(),
                        size.bytes.begin() + static_cast<std::ptrdiff_t>(size.size));
}

void Writer::begin_frame() {
  put_integer<std::int32_t>(0);
}

Result<Encoded> Writer::finish() {
  if (error_) return *error_;
  return std::move(encoded_);
}

Result<Encoded> Writer::finish_frame() {
  const std::uint64_t size = encoded_.size() - sizeof(std::int32_t);
  if (size > kMaxFrameBytes) {
    fail(Fault::kTooLong, "a frame of " + std::to_string(size) + " bytes exceeds kMaxFrameBytes (" +
                              std::to_string(kMaxFrameBytes) + ")");
  }
  if (error_) return *error_;
  for (std::size_t i = 0; i < sizeof(std::int32_t); ++i) {
    encoded_.bytes[i] = static_cast<std::byte>(size >> (24 - 8 * i));
  }
  return std::move(encoded_);
}

}  // namespace orloj::protocol
