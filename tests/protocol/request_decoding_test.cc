#include <gtest/gtest.h>

#include "protocol/message.h"
#include "protocol/messages/metadata.h"

namespace orloj::protocol {
namespace {

Bytes metadata_body(std::int16_t version) {
  MetadataRequest request;
  request.topics.emplace();
  request.allow_auto_topic_creation = false;
  return encode_message(request, version)->bytes;
}

TEST(RequestDecoding, BytesBehindTheLastField_AreIgnoredAsInKafka) {
  Bytes body = metadata_body(13);
  body.insert(body.end(), 3, std::byte{0});
  const auto request = decode_request<MetadataRequest>(body, 13);
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_FALSE(request->allow_auto_topic_creation);
}

TEST(RequestDecoding, BodyThatEndsEarly_IsRefused) {
  Bytes body = metadata_body(13);
  body.pop_back();
  EXPECT_FALSE(decode_request<MetadataRequest>(body, 13).has_value());
}

TEST(RequestDecoding, VersionOutsideTheRange_IsRefused) {
  EXPECT_FALSE(decode_request<MetadataRequest>(metadata_body(13), 99).has_value());
}

}  // namespace
}  // namespace orloj::protocol
