#include "protocol/reader.h"

#include <bit>
#include <cstring>

#include "protocol/options.h"

namespace orloj::protocol {

Reader::Reader(BytesView bytes, Encoding encoding)
    : begin_(bytes.data()),
      position_(bytes.data()),
      end_(bytes.data() + bytes.size()),
      encoding_(encoding),
      budget_(bytes.size() * kDecodeBudgetPerFrameByte + kDecodeBudgetBase) {
}

void Reader::fail(Fault fault, std::string message) {
  if (!error_) {
    error_ = Error{fault, message + ", at byte " + std::to_string(offset())};
  }
  position_ = end_;
}

const std::byte* Reader::take(std::size_t count) {
  if (count > remaining()) {
    fail(Fault::kTruncated, "a field of " + std::to_string(count) + " bytes does not fit the " +
                                std::to_string(remaining()) + " that remain");
    return nullptr;
  }
  const std::byte* at = position_;
  position_ += count;
  return at;
}

template <class T>
T Reader::take_integer() {
  const std::byte* at = take(sizeof(T));
  if (at == nullptr) return T{0};
  std::make_unsigned_t<T> value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<std::make_unsigned_t<T>>((std::uint64_t{value} << 8) |
                                                 std::to_integer<std::uint64_t>(at[i]));
  }
  return static_cast<T>(value);
}

void Reader::read(bool& value) {
  value = take_integer<std::int8_t>() != 0;
}
void Reader::read(std::int8_t& value) {
  value = take_integer<std::int8_t>();
}
void Reader::read(std::int16_t& value) {
  value = take_integer<std::int16_t>();
}
void Reader::read(std::uint16_t& value) {
  value = take_integer<std::uint16_t>();
}
void Reader::read(std::int32_t& value) {
  value = take_integer<std::int32_t>();
}
void Reader::read(std::uint32_t& value) {
  value = take_integer<std::uint32_t>();
}
void Reader::read(std::int64_t& value) {
  value = take_integer<std::int64_t>();
}
void Reader::read(double& value) {
  value = std::bit_cast<double>(take_integer<std::int64_t>());
}
void Reader::read(ErrorCode& value) {
  value = static_cast<ErrorCode>(take_integer<std::int16_t>());
}

void Reader::read(Uuid& value) {
  value = Uuid{};
  if (const std::byte* at = take(value.bytes.size())) {
    std::memcpy(value.bytes.data(), at, value.bytes.size());
  }
}

std::uint32_t Reader::read_uvarint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift <= 28; shift += 7) {
    const std::byte* at = take(1);
    if (at == nullptr) return 0;
    value |= std::to_integer<std::uint64_t>(*at & std::byte{0x7f}) << shift;
    if ((*at & std::byte{0x80}) == std::byte{0}) {
      if (value <= UINT32_MAX) return static_cast<std::uint32_t>(value);
      break;
    }
  }
  fail(Fault::kInvalidVarint, "a varint does not fit 32 bits");
  return 0;
}

std::optional<std::size_t> Reader::read_length(std::size_t classic_width, Nullability nullability) {
  std::int64_t length = 0;
  if (encoding_ == Encoding::kFlexible) {
    length = std::int64_t{read_uvarint()} - 1;
  } else {
    length = classic_width == 2 ? take_integer<std::int16_t>() : take_integer<std::int32_t>();
  }
  if (failed()) return std::nullopt;
  if (length == -1) {
    if (nullability == Nullability::kNotNull) fail(Fault::kUnexpectedNull, "a field is null");
    return std::nullopt;
  }
  if (length < 0) {
    fail(Fault::kInvalidLength, "a length is " + std::to_string(length));
    return std::nullopt;
  }
  return static_cast<std::size_t>(length);
}

std::optional<std::size_t> Reader::read_count(std::size_t min_item_bytes, std::size_t item_memory,
                                              Nullability nullability) {
  const auto count = read_length(4, nullability);
  if (!count) return std::nullopt;
  const std::size_t least = min_item_bytes == 0 ? 1 : min_item_bytes;
  if (*count > remaining() / least) {
    fail(Fault::kInvalidLength, "an array of " + std::to_string(*count) +
                                    " elements does not fit the " + std::to_string(remaining()) +
                                    " bytes that remain");
    return std::nullopt;
  }
  if (!claim(*count * item_memory)) return std::nullopt;
  return count;
}

bool Reader::claim(std::size_t bytes) {
  if (bytes > budget_ - claimed_) {
    fail(Fault::kOverBudget, "decoding needs more than the " + std::to_string(budget_) +
                                 " bytes that kDecodeBudgetPerFrameByte and kDecodeBudgetBase "
                                 "allow for a message of this size");
    return false;
  }
  claimed_ += bytes;
  return true;
}

void Reader::read(std::optional<std::string_view>& value, Nullability nullability) {
  value.reset();
  if (const auto length = read_length(2, nullability)) {
    if (const std::byte* at = take(*length)) value = BytesView(at, *length).text();
  }
}

void Reader::read_classic_string(std::optional<std::string_view>& value) {
  const Encoding encoding = encoding_;
  encoding_ = Encoding::kClassic;
  read(value, Nullability::kNullable);
  encoding_ = encoding;
}

void Reader::read(std::optional<BytesView>& value, Nullability nullability) {
  value.reset();
  if (const auto length = read_length(4, nullability)) {
    if (const std::byte* at = take(*length)) value = BytesView(at, *length);
  }
}

void Reader::read(std::optional<std::string>& value, Nullability nullability) {
  std::optional<std::string_view> view;
  read(view, nullability);
  value.reset();
  if (view && claim(view->size())) value.emplace(*view);
}

void Reader::read(std::optional<Bytes>& value, Nullability nullability) {
  std::optional<BytesView> view;
  read(view, nullability);
  value.reset();
  if (view && claim(view->size())) value.emplace(view->begin(), view->end());
}

void Reader::read(std::string_view& value) {
  std::optional<std::string_view> view;
  read(view, Nullability::kNotNull);
  value = view.value_or(std::string_view{});
}

void Reader::read(BytesView& value) {
  std::optional<BytesView> view;
  read(view, Nullability::kNotNull);
  value = view.value_or(BytesView{});
}

void Reader::read(std::string& value) {
  std::string_view view;
  read(view);
  if (claim(view.size())) value = view;
}

void Reader::read(Bytes& value) {
  BytesView view;
  read(view);
  if (claim(view.size())) value.assign(view.begin(), view.end());
}

void Reader::read(RecordsField& value, Nullability nullability) {
  std::optional<BytesView> view;
  read(view, nullability);
  value = view ? RecordsField(*view) : RecordsField();
}

void Reader::skip_tagged_fields() {
  TaggedFields fields(*this);
  while (fields.next()) fields.skip();
}

Status Reader::status() const {
  if (error_) return *error_;
  return {};
}

Status Reader::finish() {
  if (!error_ && remaining() > 0) {
    fail(Fault::kTrailingBytes, std::to_string(remaining()) + " bytes follow the last field");
  }
  if (error_) return *error_;
  return {};
}

TaggedFields::TaggedFields(Reader& reader)
    : reader_(reader), left_(reader.read_uvarint()), section_end_(reader.end_) {
}

bool TaggedFields::close_field() {
  if (reader_.failed()) return false;
  if (any_ && reader_.remaining() > 0) {
    reader_.fail(Fault::kInvalidTag,
                 "tagged field " + std::to_string(tag_) + " is larger than its content");
    return false;
  }
  return true;
}

bool TaggedFields::next() {
  const bool intact = close_field();
  reader_.end_ = section_end_;
  if (!intact) {
    reader_.position_ = reader_.end_;
    return false;
  }
  if (left_ == 0) return false;
  --left_;
  const std::uint32_t tag = reader_.read_uvarint();
  const std::uint32_t size = reader_.read_uvarint();
  if (reader_.failed()) return false;
  if (any_ && tag <= tag_) {
    reader_.fail(Fault::kInvalidTag, "tag " + std::to_string(tag) + " follows tag " +
                                         std::to_string(tag_) + "; tags must ascend");
    return false;
  }
  if (size > reader_.remaining()) {
    reader_.fail(Fault::kTruncated, "tagged field " + std::to_string(tag) + " of " +
                                        std::to_string(size) + " bytes does not fit the " +
                                        std::to_string(reader_.remaining()) + " that remain");
    return false;
  }
  any_ = true;
  tag_ = tag;
  reader_.end_ = reader_.position_ + size;
  return true;
}

void TaggedFields::skip() {
  reader_.position_ = reader_.end_;
}

}  // namespace orloj::protocol
