// Writes the primitives of the Kafka protocol.
//
// Duty: collect the bytes of one message, and the places where bytes that the caller sends itself
// belong. Errors: the first fault sticks (a string that is too long, null where it is not allowed);
// finish() reports it. Nothing is written to a socket here. Ownership: everything written is
// copied, except external records, which are only announced. Thread: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/error.h"
#include "protocol/error_code.h"
#include "protocol/reader.h"
#include "protocol/types.h"

namespace orloj::protocol {

// `length` foreign bytes, known to the caller as `handle`, belong before bytes[position].
struct Splice {
  std::size_t position = 0;
  std::uint64_t length = 0;
  std::uint32_t handle = 0;
  bool operator==(const Splice&) const = default;
};

// An encoded message: own bytes, and splices in ascending order of position.
struct Encoded {
  Bytes bytes;
  std::vector<Splice> splices;
  // Own and foreign bytes together.
  std::uint64_t size() const;
};

class Writer {
 public:
  explicit Writer(Encoding encoding);

  void write(bool value);
  void write(std::int8_t value);
  void write(std::int16_t value);
  void write(std::uint16_t value);
  void write(std::int32_t value);
  void write(std::uint32_t value);
  void write(std::int64_t value);
  void write(double value);
  void write(const Uuid& value);
  void write(ErrorCode value);
  void write(std::string_view value);
  void write(BytesView value);
  void write(const Bytes& value) { write(BytesView(value)); }
  void write(const RecordsField& value, Nullability nullability);
  template <class T>
  void write(const std::optional<T>& value, Nullability nullability);

  template <class T>
  void write_values(const std::vector<T>& values);
  template <class T>
  void write_values(const std::optional<std::vector<T>>& values, Nullability nullability);
  template <class Struct>
  void write_structs(const std::vector<Struct>& items, std::int16_t version);
  template <class Struct>
  void write_structs(const std::optional<std::vector<Struct>>& items, std::int16_t version,
                     Nullability nullability);
  template <class Struct>
  void write_struct(const std::optional<Struct>& item, std::int16_t version,
                    Nullability nullability);

  void write_uvarint(std::uint32_t value);
  void write_classic_string(const std::optional<std::string_view>& value);
  // Encloses one tagged field; tags ascend, and their number was written before. Not nested, except
  // through structs, and never around external records.
  std::size_t begin_tag(std::uint32_t tag);
  void end_tag(std::size_t begin);

  // Opens a frame: room for its size, which finish_frame() fills in.
  void begin_frame();
  void set_encoding(Encoding encoding) { encoding_ = encoding; }
  void fail(Fault fault, std::string message);

  Result<Encoded> finish();
  Result<Encoded> finish_frame();

 private:
  template <class T>
  void put_integer(T value);
  void put(BytesView bytes);
  void write_length(std::size_t length, std::size_t classic_width);
  void write_null(std::size_t classic_width, Nullability nullability);
  static constexpr std::size_t kStringWidth = 2;
  static constexpr std::size_t kWidth = 4;

  Encoded encoded_;
  Encoding encoding_;
  std::optional<Error> error_;
};

template <class T>
void Writer::write(const std::optional<T>& value, Nullability nullability) {
  constexpr bool is_string = requires(T text) { std::string_view(text); };
  if (value) {
    write(*value);
  } else {
    write_null(is_string ? kStringWidth : kWidth, nullability);
  }
}

template <class T>
void Writer::write_values(const std::vector<T>& values) {
  write_length(values.size(), kWidth);
  for (const T& value : values) write(value);
}

template <class T>
void Writer::write_values(const std::optional<std::vector<T>>& values, Nullability nullability) {
  if (values) {
    write_values(*values);
  } else {
    write_null(kWidth, nullability);
  }
}

template <class Struct>
void Writer::write_structs(const std::vector<Struct>& items, std::int16_t version) {
  write_length(items.size(), kWidth);
  for (const Struct& item : items) item.write(*this, version);
}

template <class Struct>
void Writer::write_structs(const std::optional<std::vector<Struct>>& items, std::int16_t version,
                           Nullability nullability) {
  if (items) {
    write_structs(*items, version);
  } else {
    write_null(kWidth, nullability);
  }
}

template <class Struct>
void Writer::write_struct(const std::optional<Struct>& item, std::int16_t version,
                          Nullability nullability) {
  if (!item && nullability == Nullability::kNotNull) {
    fail(Fault::kUnexpectedNull, "a struct is null");
  }
  write(static_cast<std::int8_t>(item ? 1 : -1));
  if (item) item->write(*this, version);
}

}  // namespace orloj::protocol
