#include "protocol/writer.h"

#include <gtest/gtest.h>

#include "protocol/message.h"
#include "protocol/messages/fetch.h"
#include "protocol/options.h"

namespace orloj::protocol {
namespace {

std::string hex(const Bytes& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte) >> 4];
    text += kDigits[std::to_integer<std::size_t>(byte) & 15];
  }
  return text;
}

TEST(Writer, ClassicEncoding_HasFixedLengths) {
  Writer writer(Encoding::kClassic);
  writer.write(std::string_view("hi"));
  writer.write(BytesView(std::string_view("x")));
  writer.write(std::optional<std::string>(), Nullability::kNullable);
  writer.write(std::optional<Bytes>(), Nullability::kNullable);
  writer.write_values(std::vector<std::int16_t>{1, -1});
  EXPECT_EQ(hex(writer.finish()->bytes),
            "00026869"
            "0000000178"
            "ffff"
            "ffffffff"
            "000000020001ffff");
}

TEST(Writer, FlexibleEncoding_HasVarintLengthsPlusOne) {
  Writer writer(Encoding::kFlexible);
  writer.write(std::string_view("hi"));
  writer.write(BytesView(std::string_view("x")));
  writer.write(std::optional<std::string>(), Nullability::kNullable);
  writer.write_values(std::vector<std::int16_t>{1, -1});
  writer.write_uvarint(300);
  EXPECT_EQ(hex(writer.finish()->bytes),
            "036869"
            "0278"
            "00"
            "030001ffff"
            "ac02");
}

TEST(Writer, TaggedField_IsPrefixedWithItsSize) {
  Writer writer(Encoding::kFlexible);
  const std::size_t begin = writer.begin_tag(5);
  writer.write(std::string(200, 'a'));
  writer.end_tag(begin);
  const Bytes bytes = writer.finish()->bytes;
  EXPECT_EQ(hex(bytes).substr(0, 12),
            "05ca01c90161");  // 202 bytes: two for the length, 200 letters
  EXPECT_EQ(bytes.size(), 3U + 202U);
}

TEST(Writer, StringTooLongForClassic_IsRefused) {
  const std::string text(kMaxClassicStringBytes + 1, 'a');
  Writer classic(Encoding::kClassic);
  classic.write(text);
  const auto refused = classic.finish();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Fault::kTooLong);
  Writer flexible(Encoding::kFlexible);
  flexible.write(text);
  EXPECT_TRUE(flexible.finish());
}

TEST(Writer, NullWhereItIsNotAllowed_IsRefused) {
  Writer writer(Encoding::kFlexible);
  writer.write(std::optional<std::string>(), Nullability::kNotNull);
  const auto refused = writer.finish();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Fault::kUnexpectedNull);
}

FetchResponse response_with(std::vector<RecordsField> fields) {
  FetchResponse response;
  FetchResponse::Topic& topic = response.topics.emplace_back();
  for (RecordsField& field : fields) topic.partitions.emplace_back().records = field;
  return response;
}

// What a client receives: own bytes with `fill` in place of each splice.
Bytes spliced(const Encoded& encoded, std::byte fill) {
  Bytes bytes;
  std::size_t from = 0;
  for (const Splice& splice : encoded.splices) {
    const auto begin = encoded.bytes.begin();
    bytes.insert(bytes.end(), begin + static_cast<std::ptrdiff_t>(from),
                 begin + static_cast<std::ptrdiff_t>(splice.position));
    bytes.resize(bytes.size() + splice.length, fill);
    from = splice.position;
  }
  bytes.insert(bytes.end(), encoded.bytes.begin() + static_cast<std::ptrdiff_t>(from),
               encoded.bytes.end());
  return bytes;
}

class ExternalRecords : public testing::TestWithParam<int> {};

TEST_P(ExternalRecords, AreASpliceThatTheFrameSizeCounts) {
  const auto version = static_cast<std::int16_t>(GetParam());
  const Bytes inside(3, std::byte{7});
  const FetchResponse response =
      response_with({RecordsField::external(1000, 42), RecordsField(BytesView(inside)),
                     RecordsField(), RecordsField::external(0, 5), RecordsField::external(20, 43)});
  const auto encoded = encode_response_frame(response, 9, version);
  ASSERT_TRUE(encoded);
  ASSERT_EQ(encoded->splices.size(), 2U);
  EXPECT_EQ(encoded->splices[0].handle, 42U);
  EXPECT_EQ(encoded->splices[1].handle, 43U);
  EXPECT_EQ(encoded->size(), encoded->bytes.size() + 1020);

  const Bytes frame = spliced(*encoded, std::byte{8});
  Reader reader(frame, Encoding::kClassic);
  std::int32_t size = 0;
  reader.read(size);
  EXPECT_EQ(static_cast<std::size_t>(size), frame.size() - 4);
  const auto split = split_response(reader.rest(), ApiKey::kFetch, version);
  ASSERT_TRUE(split);
  EXPECT_EQ(split->correlation_id, 9);
  const auto decoded = FetchResponse::decode(split->body, version);
  ASSERT_TRUE(decoded) << decoded.error().message;
  const Bytes thousand(1000, std::byte{8});
  const Bytes twenty(20, std::byte{8});
  EXPECT_EQ(*decoded, response_with({RecordsField(BytesView(thousand)),
                                     RecordsField(BytesView(inside)), RecordsField(),
                                     RecordsField(BytesView()), RecordsField(BytesView(twenty))}));
}

INSTANTIATE_TEST_SUITE_P(ClassicAndFlexible, ExternalRecords, testing::Values(4, 11, 12, 18));

TEST(Writer, FrameAbove2GiB_IsRefused) {
  const FetchResponse response = response_with(
      {RecordsField::external(1'500'000'000, 0), RecordsField::external(1'500'000'000, 1)});
  const auto encoded = encode_response_frame(response, 1, 12);
  ASSERT_FALSE(encoded);
  EXPECT_EQ(encoded.error().code, Fault::kTooLong);
  EXPECT_NE(encoded.error().message.find("kMaxFrameBytes"), std::string::npos);
}

}  // namespace
}  // namespace orloj::protocol
