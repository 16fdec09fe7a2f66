#include "scheduler/entry_format.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace orloj::scheduler {
namespace {

const std::vector<std::byte> kId(3, std::byte{'i'});
const std::vector<std::byte> kBody(40, std::byte{'p'});

AddEntry some_add() {
  AddEntry add;
  add.due_ms = 1'795'255'200'000;
  add.nominal_ms = add.due_ms - 3;
  add.accepted_ms = 1'795'000'000'000;
  add.timestamp_ms = -1;
  add.fields = {{FieldTag::kId, kId}, {FieldTag::kCron, {}}};
  add.payload = {log::Codec::kZstd, kBody};
  return add;
}

std::vector<DoneItem> some_items() {
  return {{900, 900, 1, 1'000, kNoInstant},
          {17, 99, 3, 999, 5'000},
          {1L << 47, 1L << 47, 1L << 40, 0, 0}};
}

std::vector<Entry> one_of_each() {
  log::TopicId topic;
  topic.bytes.fill(7);
  return {some_add(),
          CopyEntry{12, 12, 5, true, 3, 1'700'000'000'000, some_add()},
          CommandEntry{CommandAction::kTrigger, some_add()},
          IntentEntry{topic, 3, log::LogKind::kSchedule, 9, 1'000, 1L << 62, 4, 77, some_items()},
          DoneEntry{DoneReason::kDeadLettered, 6, 500, 503, some_items()},
          PauseEntry{5, 6},
          ResumeEntry{7, 8},
          TxnEntry{1'000, 3, 4, TxnOutcome::kCommitted}};
}

TEST(EntryFormat, EveryKind_RoundTripsBitForBit) {
  for (const Entry& entry : one_of_each()) {
    const auto bytes = encode_entry(entry);
    const auto decoded = decode_entry(bytes);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded->index(), entry.index());
    EXPECT_EQ(encode_entry(*decoded), bytes);
  }
}

TEST(EntryFormat, Add_KeepsEveryField) {
  const auto bytes = encode_entry(some_add());
  const auto decoded = decode_entry(bytes).value();
  const auto& add = std::get<AddEntry>(decoded);
  EXPECT_EQ(add.due_ms, 1'795'255'200'000);
  EXPECT_EQ(add.nominal_ms, add.due_ms - 3);
  EXPECT_EQ(add.timestamp_ms, -1);
  ASSERT_EQ(add.fields.size(), 2U);
  EXPECT_EQ(add.fields[0].tag, FieldTag::kId);
  EXPECT_EQ(log::to_text(add.fields[0].bytes), "iii");
  EXPECT_EQ(add.payload.codec, log::Codec::kZstd);
  EXPECT_EQ(add.payload.bytes.size(), kBody.size());
}

TEST(EntryFormat, Done_KeepsItsItems) {
  const auto bytes = encode_entry(one_of_each()[4]);
  const auto decoded = decode_entry(bytes).value();
  EXPECT_EQ(std::get<DoneEntry>(decoded).items, some_items());
}

// The bytes of version 1, for ever.
TEST(EntryFormat, Version1_BytesAreStable) {
  const auto bytes = encode_entry(PauseEntry{5, 6});
  const std::string text(log::to_text(bytes));
  EXPECT_EQ(text, std::string("\x01\x06\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x06", 18));
  const auto done =
      encode_entry(DoneEntry{DoneReason::kFired, 1, 2, 3, {{4, 4, 1, 5, kNoInstant}}});
  EXPECT_EQ(std::string(log::to_text(done)),
            std::string("\x01\x05\x01\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x03"
                        "\x02\x08\0\x02\x0a\x01",
                        29));
}

TEST(EntryFormat, UnknownKindOrVersion_IsANewerFormat) {
  auto bytes = encode_entry(PauseEntry{5, 6});
  bytes[1] = std::byte{9};
  EXPECT_EQ(decode_entry(bytes).error().code, ErrorCode::kUnsupportedFormat);
  bytes[1] = std::byte{6};
  bytes[0] = std::byte{2};
  EXPECT_EQ(decode_entry(bytes).error().code, ErrorCode::kUnsupportedFormat);
}

TEST(EntryFormat, CutOrExtended_IsCorrupt) {
  for (const Entry& entry : one_of_each()) {
    if (std::holds_alternative<AddEntry>(entry) || std::holds_alternative<CopyEntry>(entry) ||
        std::holds_alternative<CommandEntry>(entry)) {
      continue;  // these end with a payload of any size
    }
    auto bytes = encode_entry(entry);
    bytes.push_back(std::byte{0});
    EXPECT_EQ(decode_entry(bytes).error().code, ErrorCode::kCorrupt);
    bytes.resize(bytes.size() - 2);
    EXPECT_EQ(decode_entry(bytes).error().code, ErrorCode::kCorrupt);
  }
  EXPECT_EQ(decode_entry({}).error().code, ErrorCode::kCorrupt);
}

TEST(EntryFormat, AnyBytes_AreSafeToDecode) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto entries = one_of_each();
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = encode_entry(entries[random() % entries.size()]);
    for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    bytes.resize(random() % (bytes.size() + 1));
    if (const auto decoded = decode_entry(bytes)) {
      EXPECT_EQ(decode_entry(encode_entry(*decoded))->index(), decoded->index());
    }
    (void)decode_payload(bytes);
  }
}

TEST(Payload, NullsAndHeaders_RoundTrip) {
  const std::vector<log::HeaderView> headers = {{"a", log::to_bytes("1")}, {"b", std::nullopt}};
  const auto bytes = encode_payload(std::nullopt, log::to_bytes(""), headers);
  const auto payload = decode_payload(bytes).value();
  EXPECT_FALSE(payload.key);
  ASSERT_TRUE(payload.value);
  EXPECT_TRUE(payload.value->empty());
  ASSERT_EQ(payload.headers.size(), 2);
  auto header = payload.headers.begin();
  EXPECT_EQ(header->key, "a");
  EXPECT_EQ(log::to_text(*header->value), "1");
  ++header;
  EXPECT_EQ(header->key, "b");
  EXPECT_FALSE(header->value);
}

TEST(Payload, Cut_IsCorrupt) {
  const std::vector<log::HeaderView> headers = {{"a", log::to_bytes("1")}};
  const auto bytes = encode_payload(log::to_bytes("key"), log::to_bytes("value"), headers);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_payload(log::ByteView(bytes).first(size))) << size;
  }
}

}  // namespace
}  // namespace orloj::scheduler
