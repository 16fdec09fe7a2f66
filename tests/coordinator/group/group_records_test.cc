#include "coordinator/group/group_records.h"

#include <gtest/gtest.h>

#include "coordinator/group/consumer_subscription.h"
#include "coordinator/group/identifiers.h"
#include "tests/coordinator/group/group_harness.h"

namespace orloj::coordinator {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

GroupValue sample_group() {
  GroupValue value;
  value.protocol_type = "consumer";
  value.generation = 3;
  value.protocol = "range";
  value.leader = "m";
  value.state_timestamp_ms = 1;
  value.members = {{"m", "i", "c", "/h", 60'000, 10'000, bytes_of("S"), bytes_of("A")}};
  return value;
}

TEST(GroupRecords, Keys_HaveKafkasBytes) {
  EXPECT_EQ(hex(encode_offset_key({"g", "t", 7})),
            "0001"
            "000167"
            "000174"
            "00000007");
  EXPECT_EQ(hex(encode_group_key("g")),
            "0002"
            "000167");
}

TEST(GroupRecords, OffsetValue_HasKafkasBytes) {
  EXPECT_EQ(hex(encode_offset_value({{5, 2, "n"}, 9, -1})),
            "0003"
            "0000000000000005"
            "00000002"
            "00016e"
            "0000000000000009");
  EXPECT_EQ(hex(encode_offset_value({{5, 2, "n"}, 9, 11})),
            "0001"
            "0000000000000005"
            "00016e"
            "0000000000000009"
            "000000000000000b");
}

TEST(GroupRecords, OffsetValueWithATopicId_HasKafkasBytes) {
  OffsetValue value{{5, 2, "n"}, 9, -1};
  for (std::size_t i = 0; i < 16; ++i) {
    value.committed.topic_id.bytes[i] = static_cast<std::uint8_t>(i + 1);
  }
  const std::string bytes = encode_offset_value(value);
  EXPECT_EQ(hex(bytes),
            "0004"
            "0000000000000005"
            "00000002"
            "026e"
            "0000000000000009"
            "010010"
            "0102030405060708090a0b0c0d0e0f10");
  const auto read = decode_offset_value(bytes).value();
  EXPECT_EQ(read.committed.topic_id, value.committed.topic_id);
  EXPECT_EQ(read.committed.metadata, "n");
  EXPECT_EQ(read.commit_timestamp_ms, 9);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_offset_value(std::string_view(bytes).substr(0, size))) << size;
  }
}

TEST(GroupRecords, OffsetValueWithUnknownTags_IsRead) {
  const std::string v4(
      "\0\4"
      "\0\0\0\0\0\0\0\5"
      "\0\0\0\2"
      "\2n"
      "\0\0\0\0\0\0\0\11"
      "\1\5\3abc",
      30);
  EXPECT_EQ(decode_offset_value(v4).value().committed.offset, 5);
  EXPECT_TRUE(decode_offset_value(v4).value().committed.topic_id.is_zero());
}

TEST(GroupRecords, GroupValue_HasKafkasBytes) {
  EXPECT_EQ(hex(encode_group_value(sample_group())),
            "0003"
            "0008636f6e73756d6572"
            "00000003"
            "000572616e6765"
            "00016d"
            "0000000000000001"
            "00000001"
            "00016d"
            "000169"
            "000163"
            "00022f68"
            "0000ea60"
            "00002710"
            "0000000153"
            "0000000141");
}

TEST(GroupRecords, Values_ReadBackAsWritten) {
  const auto offset = decode_offset_value(encode_offset_value({{5, 2, "n"}, 9, -1})).value();
  EXPECT_EQ(offset.committed.offset, 5);
  EXPECT_EQ(offset.committed.leader_epoch, 2);
  EXPECT_EQ(offset.expire_timestamp_ms, -1);
  const auto group = decode_group_value(encode_group_value(sample_group())).value();
  EXPECT_EQ(group.leader, "m");
  ASSERT_EQ(group.members.size(), 1U);
  EXPECT_EQ(group.members[0].group_instance_id, "i");
  EXPECT_EQ(group.members[0].rebalance_timeout_ms, 60'000);
  EXPECT_EQ(text_of(group.members[0].assignment), "A");
  const auto key = decode_key(encode_offset_key({"g", "t", 7})).value();
  EXPECT_EQ(std::get<OffsetKey>(key).partition, 7);
}

TEST(GroupRecords, OlderVersions_AreRead) {
  const std::string v0(
      "\0\0"
      "\0\0\0\0\0\0\0\5"
      "\0\1n"
      "\0\0\0\0\0\0\0\11",
      21);
  EXPECT_EQ(decode_offset_value(v0).value().committed.leader_epoch, -1);
  std::string group_v0(
      "\0\0"
      "\0\1c"
      "\0\0\0\3"
      "\xff\xff"
      "\xff\xff"
      "\0\0\0\1",
      17);
  group_v0 += std::string(
      "\0\1m"
      "\0\1c"
      "\0\1h"
      "\0\0\0\7"
      "\0\0\0\0"
      "\0\0\0\0",
      21);
  const auto group = decode_group_value(group_v0).value();
  EXPECT_FALSE(group.protocol.has_value());
  EXPECT_EQ(group.members.at(0).rebalance_timeout_ms, 7);
}

TEST(GroupRecords, NewerOnes_AreRefusedAsNewer) {
  EXPECT_EQ(decode_key(std::string("\0\3\0\1g", 5)).error().code, ErrorCode::kUnsupportedFormat);
  EXPECT_EQ(decode_offset_value(std::string("\0\5", 2)).error().code,
            ErrorCode::kUnsupportedFormat);
  EXPECT_EQ(decode_group_value(std::string("\0\4", 2)).error().code, ErrorCode::kUnsupportedFormat);
}

TEST(GroupRecords, EveryTruncation_IsCorrupt) {
  const std::string group = encode_group_value(sample_group());
  for (std::size_t size = 0; size < group.size(); ++size) {
    EXPECT_FALSE(decode_group_value(std::string_view(group).substr(0, size))) << size;
  }
  const std::string key = encode_offset_key({"g", "t", 7});
  for (std::size_t size = 0; size < key.size(); ++size) {
    EXPECT_FALSE(decode_key(std::string_view(key).substr(0, size))) << size;
  }
}

TEST(GroupRecords, HugeMemberCount_AllocatesNothing) {
  std::string value(
      "\0\0"
      "\0\1c"
      "\0\0\0\3"
      "\xff\xff"
      "\xff\xff"
      "\x7f\xff\xff\xff",
      17);
  EXPECT_EQ(decode_group_value(value).error().code, ErrorCode::kCorrupt);
}

TEST(ConsumerSubscription, NamesItsTopics) {
  const auto topics = subscribed_topics(
      bytes_of(std::string_view("\0\1\0\0\0\2\0\1a\0\1b\xff\xff\xff\xff\0\0\0\0", 20)));
  EXPECT_EQ(topics, (std::set<std::string>{"a", "b"}));
  EXPECT_FALSE(subscribed_topics(bytes_of("no")).has_value());
}

TEST(Identifiers, JavaHash_IsThatOfJavasStrings) {
  EXPECT_EQ(java_hash(""), 0);
  EXPECT_EQ(java_hash("group"), 98'629'247);
  EXPECT_EQ(java_hash("polygenelubricants"), INT32_MIN);
  EXPECT_EQ(java_hash("žluť"), 11'487'934);
  EXPECT_EQ(java_hash("😀"), 1'772'899);
}

}  // namespace
}  // namespace orloj::coordinator
