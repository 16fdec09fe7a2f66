#include "protocol/header.h"

#include <gtest/gtest.h>

#include "protocol/api_table.h"
#include "protocol/message.h"
#include "protocol/messages/api_versions.h"
#include "protocol/messages/metadata.h"

namespace orloj::protocol {
namespace {

// A request header by hand: key, version, correlation id 1, client id "c", and what follows.
Bytes frame_of(int key, int version, std::initializer_list<int> rest) {
  Writer writer(Encoding::kClassic);
  writer.write(static_cast<std::int16_t>(key));
  writer.write(static_cast<std::int16_t>(version));
  writer.write(std::int32_t{1});
  writer.write(std::string_view("c"));
  for (const int value : rest) writer.write(static_cast<std::int8_t>(value));
  return writer.finish().value().bytes;
}

TEST(RequestHeader, ClassicVersion_HasNoTags) {
  const Bytes frame = frame_of(3, 8, {7});
  const auto request = split_request(frame);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->header.correlation_id, 1);
  EXPECT_EQ(request->header.client_id, "c");
  EXPECT_EQ(request->body.size(), 1U);
}

TEST(RequestHeader, FlexibleVersion_KeepsTheClassicClientIdAndSkipsUnknownTags) {
  const Bytes frame = frame_of(3, 9, {1, 40, 2, 0, 0, 7});
  const auto request = split_request(frame);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->header.client_id, "c");
  EXPECT_EQ(request->body.size(), 1U);
}

TEST(RequestHeader, NullClientId_IsAccepted) {
  const auto encoded = encode_request_frame(MetadataRequest{}, {.api_version = 12});
  ASSERT_TRUE(encoded);
  const auto request = split_request(BytesView(std::span(encoded->bytes).subspan(4)));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->header.client_id, std::nullopt);
  EXPECT_EQ(request->header.api_key, 3);
}

TEST(RequestHeader, UnknownApi_IsRefused) {
  const auto request = split_request(frame_of(999, 0, {}));
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, Fault::kUnsupportedVersion);
  EXPECT_NE(request.error().message.find("999"), std::string::npos);
}

TEST(RequestHeader, UnknownVersion_IsRefused) {
  const auto request = split_request(frame_of(3, 99, {}));
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, Fault::kUnsupportedVersion);
}

TEST(RequestHeader, ApiVersionsFromTheFuture_IsReadAsFlexible) {
  const Bytes frame = frame_of(18, 99, {0, 1, 2, 3});
  const auto request = split_request(frame);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->header.api_version, 99);
  EXPECT_EQ(request->body.size(), 3U);
  EXPECT_FALSE(ApiVersionsRequest::decode(request->body, 99));
}

TEST(RequestHeader, EveryTruncation_IsRefused) {
  const Bytes frame = frame_of(3, 9, {0});
  for (std::size_t size = 0; size < frame.size(); ++size) {
    EXPECT_FALSE(split_request(BytesView(frame.data(), size))) << size;
  }
}

TEST(ResponseHeader, ApiVersions_IsAlwaysVersion0) {
  const auto encoded = encode_response_frame(ApiVersionsResponse{}, 5, 4);
  ASSERT_TRUE(encoded);
  const BytesView body(std::span(encoded->bytes).subspan(8));
  EXPECT_TRUE(ApiVersionsResponse::decode(body, 4));
}

TEST(ResponseHeader, OtherFlexibleApis_HaveTags) {
  MetadataResponse response;
  const auto encoded = encode_response_frame(response, 5, 12);
  ASSERT_TRUE(encoded);
  EXPECT_EQ(encoded->bytes[8], std::byte{0});
  EXPECT_TRUE(MetadataResponse::decode(BytesView(std::span(encoded->bytes).subspan(9)), 12));
}

TEST(ApiTable, Produce_IsAnnouncedFromZero) {
  const ApiRow* row = find_api(ApiKey::kProduce);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->min_version, 3);
  EXPECT_EQ(row->advertised_min_version, 0);
}

TEST(ApiTable, Rows_AscendByKey) {
  EXPECT_TRUE(std::ranges::is_sorted(api_table(), {}, &ApiRow::key));
  EXPECT_EQ(find_api(-1), nullptr);
}

TEST(ErrorCode, Names_AreKafkas) {
  EXPECT_EQ(name(ErrorCode::kUnknownServerError), "UNKNOWN_SERVER_ERROR");
  EXPECT_EQ(name(ErrorCode::kNone), "NONE");
  EXPECT_EQ(name(ErrorCode::kInvalidRecord), "INVALID_RECORD");
  EXPECT_EQ(name(ErrorCode::kShareSessionLimitReached), "SHARE_SESSION_LIMIT_REACHED");
  EXPECT_EQ(name(static_cast<ErrorCode>(999)), "UNKNOWN_ERROR_CODE");
}

TEST(Writable, IsTheSamePlaceInTheFrame) {
  Bytes frame(10);
  const BytesView part(frame.data() + 3, 4);
  const std::span<std::byte> same = writable(frame, part);
  EXPECT_EQ(same.data(), frame.data() + 3);
  EXPECT_EQ(same.size(), 4U);
}

}  // namespace
}  // namespace orloj::protocol
