#include "protocol/reader.h"

#include <gtest/gtest.h>

#include <initializer_list>

#include "protocol/options.h"

namespace orloj::protocol {
namespace {

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

Fault fault_of(Reader& reader) {
  const Status status = reader.finish();
  EXPECT_FALSE(status);
  return status ? Fault::kTruncated : status.error().code;
}

TEST(Reader, Integers_AreBigEndian) {
  const Bytes bytes = bytes_of({0xfe, 0x01, 0x02, 0xff, 0xff, 0xff, 0xfd, 0x80, 0x00, 0x00, 0x01});
  Reader reader(bytes, Encoding::kClassic);
  std::int8_t small = 0;
  std::int16_t middle = 0;
  std::int32_t large = 0;
  std::uint32_t unsigned_large = 0;
  reader.read(small);
  reader.read(middle);
  reader.read(large);
  reader.read(unsigned_large);
  EXPECT_EQ(small, -2);
  EXPECT_EQ(middle, 0x0102);
  EXPECT_EQ(large, -3);
  EXPECT_EQ(unsigned_large, 0x80000001U);
  EXPECT_TRUE(reader.finish());
}

TEST(Reader, Float64_IsItsBitPattern) {
  const Bytes bytes = bytes_of({0x3f, 0xf8, 0, 0, 0, 0, 0, 0});
  Reader reader(bytes, Encoding::kClassic);
  double value = 0;
  reader.read(value);
  EXPECT_EQ(value, 1.5);
}

TEST(Reader, Varint_SpansUpToFiveBytes) {
  const Bytes bytes = bytes_of({0x00, 0x7f, 0x80, 0x01, 0xac, 0x02, 0xff, 0xff, 0xff, 0xff, 0x0f});
  Reader reader(bytes, Encoding::kFlexible);
  for (const std::uint32_t expected : {0U, 127U, 128U, 300U, 0xffffffffU}) {
    EXPECT_EQ(reader.read_uvarint(), expected);
  }
  EXPECT_TRUE(reader.finish());
}

TEST(Reader, VarintPaddedWithinItsFiveBytes_IsAccepted) {
  const Bytes bytes = bytes_of({0x81, 0x80, 0x80, 0x80, 0x00});
  Reader reader(bytes, Encoding::kFlexible);
  EXPECT_EQ(reader.read_uvarint(), 1U);
  EXPECT_TRUE(reader.finish());
}

TEST(Reader, VarintOfSixBytes_IsRefused) {
  const Bytes bytes = bytes_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x00});
  Reader reader(bytes, Encoding::kFlexible);
  reader.read_uvarint();
  EXPECT_EQ(fault_of(reader), Fault::kInvalidVarint);
}

TEST(Reader, VarintAbove32Bits_IsRefused) {
  const Bytes bytes = bytes_of({0xff, 0xff, 0xff, 0xff, 0x1f});
  Reader reader(bytes, Encoding::kFlexible);
  reader.read_uvarint();
  EXPECT_EQ(fault_of(reader), Fault::kInvalidVarint);
}

TEST(Reader, Strings_AreViewsOfTheFrame) {
  const Bytes bytes = bytes_of({0, 2, 'h', 'i'});
  Reader reader(bytes, Encoding::kClassic);
  std::string_view text;
  reader.read(text);
  EXPECT_EQ(text, "hi");
  EXPECT_EQ(static_cast<const void*>(text.data()), static_cast<const void*>(&bytes[2]));
  EXPECT_EQ(reader.claimed(), 0U);
}

TEST(Reader, FlexibleString_HasItsLengthPlusOne) {
  const Bytes bytes = bytes_of({3, 'h', 'i', 1, 0});
  Reader reader(bytes, Encoding::kFlexible);
  std::string_view text;
  std::optional<std::string_view> empty;
  std::optional<std::string_view> null = "set";
  reader.read(text);
  reader.read(empty, Nullability::kNullable);
  reader.read(null, Nullability::kNullable);
  EXPECT_EQ(text, "hi");
  EXPECT_EQ(empty, "");
  EXPECT_EQ(null, std::nullopt);
  EXPECT_TRUE(reader.finish());
}

TEST(Reader, NullWhereItIsNotAllowed_IsRefused) {
  for (const Encoding encoding : {Encoding::kClassic, Encoding::kFlexible}) {
    const Bytes bytes =
        encoding == Encoding::kClassic ? bytes_of({0xff, 0xff, 0xff, 0xff}) : bytes_of({0});
    std::string_view text;
    BytesView block;
    std::vector<std::int32_t> numbers;
    Reader strings(bytes, encoding);
    strings.read(text);
    EXPECT_EQ(fault_of(strings), Fault::kUnexpectedNull);
    Reader blocks(bytes, encoding);
    blocks.read(block);
    EXPECT_EQ(fault_of(blocks), Fault::kUnexpectedNull);
    Reader arrays(bytes, encoding);
    arrays.read_values(numbers);
    EXPECT_EQ(fault_of(arrays), Fault::kUnexpectedNull);
  }
}

TEST(Reader, LengthBelowMinusOne_IsRefusedEvenWhereNullIsAllowed) {
  const Bytes bytes = bytes_of({0xff, 0xfe});
  Reader reader(bytes, Encoding::kClassic);
  std::optional<std::string_view> text;
  reader.read(text, Nullability::kNullable);
  EXPECT_EQ(fault_of(reader), Fault::kInvalidLength);
}

TEST(Reader, LengthBeyondTheFrame_IsRefused) {
  const Bytes bytes = bytes_of({0x7f, 0xff, 'x'});
  Reader reader(bytes, Encoding::kClassic);
  std::string_view text;
  reader.read(text);
  EXPECT_EQ(text, "");
  EXPECT_EQ(fault_of(reader), Fault::kTruncated);
}

TEST(Reader, CountThatDoesNotFit_AllocatesNothing) {
  const Bytes bytes = bytes_of({0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1});
  Reader reader(bytes, Encoding::kClassic);
  std::vector<std::int32_t> numbers;
  reader.read_values(numbers);
  EXPECT_EQ(numbers.capacity(), 0U);
  EXPECT_EQ(fault_of(reader), Fault::kInvalidLength);
}

TEST(Reader, CountThatFitsOnlyWithSmallerElements_IsRefused) {
  const Bytes bytes = bytes_of({0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0});
  Reader reader(bytes, Encoding::kClassic);
  std::vector<std::int32_t> numbers;
  reader.read_values(numbers);
  EXPECT_EQ(fault_of(reader), Fault::kInvalidLength);
}

TEST(Reader, ManyTinyElements_MeetTheBudgetNamedInTheError) {
  constexpr std::size_t kCount = 30'000;  // empty strings: one byte each, a view of 16 in memory
  Bytes bytes = bytes_of({0xb1, 0xea, 0x01});  // kCount + 1
  bytes.resize(bytes.size() + kCount, std::byte{1});
  Reader reader(bytes, Encoding::kFlexible);
  std::vector<std::string_view> texts;
  reader.read_values(texts);
  const Status status = reader.finish();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Fault::kOverBudget);
  EXPECT_NE(status.error().message.find("kDecodeBudgetBase"), std::string::npos);
  EXPECT_LE(reader.claimed(), bytes.size() * kDecodeBudgetPerFrameByte + kDecodeBudgetBase);
}

TEST(Reader, FirstFault_Sticks) {
  const Bytes bytes = bytes_of({0xff, 0xff, 0, 1});
  Reader reader(bytes, Encoding::kClassic);
  std::string_view text;
  std::int16_t number = 7;
  reader.read(text);
  reader.read(number);
  EXPECT_EQ(number, 0);
  EXPECT_EQ(fault_of(reader), Fault::kUnexpectedNull);
}

TEST(Reader, BytesLeftOver_AreRefused) {
  const Bytes bytes = bytes_of({1, 2});
  Reader reader(bytes, Encoding::kClassic);
  std::int8_t number = 0;
  reader.read(number);
  EXPECT_EQ(fault_of(reader), Fault::kTrailingBytes);
}

TEST(TaggedFields, UnknownTags_AreSkipped) {
  const Bytes bytes = bytes_of({2, 0, 1, 0xaa, 200, 1, 2, 0xbb, 0xcc, 9});
  Reader reader(bytes, Encoding::kFlexible);
  reader.skip_tagged_fields();
  std::int8_t after = 0;
  reader.read(after);
  EXPECT_EQ(after, 9);
  EXPECT_EQ(reader.claimed(), 0U);
  EXPECT_TRUE(reader.finish());
}

TEST(TaggedFields, DescendingTags_AreRefused) {
  const Bytes bytes = bytes_of({2, 1, 0, 0, 0});
  Reader reader(bytes, Encoding::kFlexible);
  reader.skip_tagged_fields();
  EXPECT_EQ(fault_of(reader), Fault::kInvalidTag);
}

TEST(TaggedFields, SameTagTwice_IsRefused) {
  const Bytes bytes = bytes_of({2, 1, 0, 1, 0});
  Reader reader(bytes, Encoding::kFlexible);
  reader.skip_tagged_fields();
  EXPECT_EQ(fault_of(reader), Fault::kInvalidTag);
}

TEST(TaggedFields, SizeBeyondTheFrame_IsRefused) {
  const Bytes bytes = bytes_of({1, 0, 5, 1, 2});
  Reader reader(bytes, Encoding::kFlexible);
  reader.skip_tagged_fields();
  EXPECT_EQ(fault_of(reader), Fault::kTruncated);
}

TEST(TaggedFields, FieldThatIsSmallerThanItsSize_IsRefused) {
  const Bytes bytes = bytes_of({1, 0, 3, 0, 1, 0xff});
  Reader reader(bytes, Encoding::kFlexible);
  TaggedFields tags(reader);
  ASSERT_TRUE(tags.next());
  std::int16_t number = 0;
  reader.read(number);
  EXPECT_EQ(number, 1);
  EXPECT_FALSE(tags.next());
  EXPECT_EQ(fault_of(reader), Fault::kInvalidTag);
}

TEST(TaggedFields, FieldThatIsLargerThanItsSize_DoesNotReadOn) {
  const Bytes bytes = bytes_of({1, 0, 1, 0, 1, 0xff});
  Reader reader(bytes, Encoding::kFlexible);
  TaggedFields tags(reader);
  ASSERT_TRUE(tags.next());
  std::int16_t number = 0;
  reader.read(number);
  EXPECT_FALSE(tags.next());
  EXPECT_EQ(fault_of(reader), Fault::kTruncated);
}

TEST(TaggedFields, HugeNumberOfTags_EndsWithTheFrame) {
  const Bytes bytes = bytes_of({0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0});
  Reader reader(bytes, Encoding::kFlexible);
  reader.skip_tagged_fields();
  EXPECT_EQ(fault_of(reader), Fault::kTruncated);
}

}  // namespace
}  // namespace orloj::protocol
