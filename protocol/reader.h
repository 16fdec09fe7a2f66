// Reads the primitives of the Kafka protocol from bytes that nobody has checked.
//
// Duty: bounds. No length or count is believed before it is compared with what remains, and memory
// for decoded arrays and strings is charged against a budget (protocol/options.h) before it is
// allocated. Errors: the first fault sticks; later reads yield zero values and arrays stay empty,
// so that callers may read a whole message and ask finish() once. Padded varints within the five
// bytes of their type are accepted, as Kafka does; invalid UTF-8 too. Lifetime: views that are read
// point into the bytes given to the constructor. Thread: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "protocol/error.h"
#include "protocol/error_code.h"
#include "protocol/types.h"

namespace orloj::protocol {

// Classic: int16 and int32 lengths. Flexible (KIP-482): varint lengths plus one, and tagged fields.
enum class Encoding : std::uint8_t { kClassic, kFlexible };
enum class Nullability : std::uint8_t { kNotNull, kNullable };

inline Nullability nullable_if(bool condition) {
  return condition ? Nullability::kNullable : Nullability::kNotNull;
}

class Reader {
 public:
  Reader(BytesView bytes, Encoding encoding);

  void read(bool& value);
  void read(std::int8_t& value);
  void read(std::int16_t& value);
  void read(std::uint16_t& value);
  void read(std::int32_t& value);
  void read(std::uint32_t& value);
  void read(std::int64_t& value);
  void read(double& value);
  void read(Uuid& value);
  void read(ErrorCode& value);
  void read(std::string_view& value);
  void read(std::string& value);
  void read(BytesView& value);
  void read(Bytes& value);
  void read(std::optional<std::string_view>& value, Nullability nullability);
  void read(std::optional<std::string>& value, Nullability nullability);
  void read(std::optional<BytesView>& value, Nullability nullability);
  void read(std::optional<Bytes>& value, Nullability nullability);
  void read(RecordsField& value, Nullability nullability);

  // Arrays of the types above.
  template <class T>
  void read_values(std::vector<T>& values);
  template <class T>
  void read_values(std::optional<std::vector<T>>& values, Nullability nullability);

  // Generated structs: `Struct::min_size(version)` is the least number of bytes one takes.
  template <class Struct>
  void read_structs(std::vector<Struct>& items, std::int16_t version);
  template <class Struct>
  void read_structs(std::optional<std::vector<Struct>>& items, std::int16_t version,
                    Nullability nullability);
  template <class Struct>
  void read_struct(std::optional<Struct>& item, std::int16_t version, Nullability nullability);

  // Skips a section of tagged fields of which none is known.
  void skip_tagged_fields();

  std::uint32_t read_uvarint();
  // A string with an int16 length in either encoding (the client id of a request header).
  void read_classic_string(std::optional<std::string_view>& value);

  bool failed() const { return error_.has_value(); }
  void fail(Fault fault, std::string message);
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - position_); }
  BytesView rest() const { return {position_, remaining()}; }
  void set_encoding(Encoding encoding) { encoding_ = encoding; }
  // Bytes of memory that decoding has claimed so far.
  std::size_t claimed() const { return claimed_; }
  // The first fault, else a fault if bytes are left over.
  Status finish();
  // The first fault alone: what follows the last field is not looked at.
  Status status() const;

 private:
  friend class TaggedFields;

  const std::byte* take(std::size_t count);
  template <class T>
  T take_integer();
  // The length of a string or byte field; nothing when it is null or the reader has failed.
  std::optional<std::size_t> read_length(std::size_t classic_width, Nullability nullability);
  std::optional<std::size_t> read_count(std::size_t min_item_bytes, std::size_t item_memory,
                                        Nullability nullability);
  bool claim(std::size_t bytes);
  template <class T>
  std::size_t min_value_size() const;
  std::size_t offset() const { return static_cast<std::size_t>(position_ - begin_); }

  const std::byte* begin_;
  const std::byte* position_;
  const std::byte* end_;
  Encoding encoding_;
  std::size_t budget_;
  std::size_t claimed_ = 0;
  std::optional<Error> error_;
};

// Walks a section of tagged fields: next() until false; for each, read the field or skip() it.
// Checks that tags ascend strictly and that a field fills its announced size exactly.
class TaggedFields {
 public:
  explicit TaggedFields(Reader& reader);
  bool next();
  std::uint32_t tag() const { return tag_; }
  void skip();

 private:
  bool close_field();

  Reader& reader_;
  std::uint32_t left_;
  std::uint32_t tag_ = 0;
  bool any_ = false;
  const std::byte* section_end_;
};

template <class T>
std::size_t Reader::min_value_size() const {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, Uuid>) {
    return sizeof(T);
  } else {
    return encoding_ == Encoding::kFlexible ? 1 : 2;
  }
}

template <class T>
void Reader::read_values(std::vector<T>& values) {
  const auto count = read_count(min_value_size<T>(), sizeof(T), Nullability::kNotNull);
  values.resize(count.value_or(0));
  for (std::size_t i = 0; i < values.size() && !failed(); ++i) read(values[i]);
}

template <class T>
void Reader::read_values(std::optional<std::vector<T>>& values, Nullability nullability) {
  values.reset();
  const auto count = read_count(min_value_size<T>(), sizeof(T), nullability);
  if (!count) return;
  values.emplace(*count);
  for (std::size_t i = 0; i < values->size() && !failed(); ++i) read((*values)[i]);
}

template <class Struct>
void Reader::read_structs(std::vector<Struct>& items, std::int16_t version) {
  const auto count = read_count(Struct::min_size(version), sizeof(Struct), Nullability::kNotNull);
  items.resize(count.value_or(0));
  for (std::size_t i = 0; i < items.size() && !failed(); ++i) items[i].read(*this, version);
}

template <class Struct>
void Reader::read_structs(std::optional<std::vector<Struct>>& items, std::int16_t version,
                          Nullability nullability) {
  items.reset();
  const auto count = read_count(Struct::min_size(version), sizeof(Struct), nullability);
  if (!count) return;
  items.emplace(*count);
  for (std::size_t i = 0; i < items->size() && !failed(); ++i) (*items)[i].read(*this, version);
}

template <class Struct>
void Reader::read_struct(std::optional<Struct>& item, std::int16_t version,
                         Nullability nullability) {
  item.reset();
  std::int8_t presence = 0;
  read(presence);
  if (failed()) return;
  if (presence < 0) {
    if (nullability == Nullability::kNotNull) fail(Fault::kUnexpectedNull, "a struct is null");
    return;
  }
  item.emplace().read(*this, version);
}

}  // namespace orloj::protocol
