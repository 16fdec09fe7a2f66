#include "coordinator/group/group_records.h"

#include <span>

#include "coordinator/codec.h"

namespace orloj::coordinator {
namespace {

constexpr std::int16_t kOldOffsetKey = 0;
constexpr std::int16_t kOffsetKey = 1;
constexpr std::int16_t kGroupKey = 2;
constexpr std::int16_t kOffsetValue = 3;
constexpr std::int16_t kOffsetValueWithTopicId = 4;  // the first flexible one
constexpr std::int16_t kExpiringOffsetValue = 1;
constexpr std::int16_t kGroupValue = 3;
constexpr std::size_t kMemberMinBytes = 18;  // an encoded member of version 0 with empty fields

Error corrupt(std::string_view what) {
  return Error{ErrorCode::kCorrupt,
               "a record of __consumer_offsets cannot be decoded: " + std::string(what)};
}

Error newer(std::string_view what, std::int16_t version) {
  return Error{ErrorCode::kUnsupportedFormat, "__consumer_offsets holds " + std::string(what) +
                                                  " " + std::to_string(version) +
                                                  ", written by a newer version: start that one"};
}

Bytes to_bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// Kafka's flexible versions: lengths and tags of 7 bits a byte, lowest first.
Writer& write_unsigned(Writer& writer, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) writer.integer(static_cast<std::uint8_t>(value | 0x80));
  return writer.integer(static_cast<std::uint8_t>(value));
}

std::uint32_t read_unsigned(Reader& reader) {
  std::uint32_t value = 0;
  for (int shift = 0; shift < 32 && reader.ok(); shift += 7) {
    const auto byte = reader.integer<std::uint8_t>();
    value |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value;
}

constexpr std::uint32_t kTopicIdTag = 0;

std::string encode_with_topic_id(const OffsetValue& value) {
  const CommittedOffset& committed = value.committed;
  Writer writer;
  writer.integer(kOffsetValueWithTopicId).integer(committed.offset);
  writer.integer(committed.leader_epoch);
  write_unsigned(writer, static_cast<std::uint32_t>(committed.metadata.size() + 1));
  writer.raw(committed.metadata).integer(value.commit_timestamp_ms);
  const auto& id = committed.topic_id.bytes;
  write_unsigned(writer, 1);
  write_unsigned(writer, kTopicIdTag);
  write_unsigned(writer, static_cast<std::uint32_t>(id.size()));
  for (const std::uint8_t byte : id) writer.integer(byte);
  return writer.take();
}

// Behind the version. Fields with tags from the future are passed over.
OffsetValue read_with_topic_id(Reader& reader) {
  OffsetValue value;
  value.committed.offset = reader.integer<std::int64_t>();
  value.committed.leader_epoch = reader.integer<std::int32_t>();
  const std::uint32_t metadata = read_unsigned(reader);
  value.committed.metadata = std::string(reader.raw(metadata - (metadata > 0 ? 1 : 0)));
  value.commit_timestamp_ms = reader.integer<std::int64_t>();
  const std::uint32_t tags = read_unsigned(reader);
  for (std::uint32_t i = 0; i < tags && reader.ok(); ++i) {
    const std::uint32_t tag = read_unsigned(reader);
    Reader field(reader.raw(read_unsigned(reader)));
    if (tag != kTopicIdTag) continue;
    for (std::uint8_t& byte : value.committed.topic_id.bytes) byte = field.integer<std::uint8_t>();
  }
  return value;
}

MemberValue read_member(Reader& reader, std::int16_t version) {
  MemberValue member;
  member.member_id = reader.string();
  if (version >= 3) member.group_instance_id = reader.nullable_string();
  member.client_id = reader.string();
  member.client_host = reader.string();
  if (version >= 1) member.rebalance_timeout_ms = reader.integer<std::int32_t>();
  member.session_timeout_ms = reader.integer<std::int32_t>();
  if (version == 0) member.rebalance_timeout_ms = member.session_timeout_ms;
  member.subscription = to_bytes(reader.bytes());
  member.assignment = to_bytes(reader.bytes());
  return member;
}

}  // namespace

std::string encode_offset_key(const OffsetKey& key) {
  Writer writer;
  writer.integer(kOffsetKey).string(key.group_id).string(key.topic).integer(key.partition);
  return writer.take();
}

std::string encode_group_key(std::string_view group_id) {
  return Writer().integer(kGroupKey).string(group_id).take();
}

std::string encode_offset_value(const OffsetValue& value) {
  const bool expires = value.expire_timestamp_ms != -1;
  if (!expires && !value.committed.topic_id.is_zero()) return encode_with_topic_id(value);
  Writer writer;
  writer.integer(expires ? kExpiringOffsetValue : kOffsetValue).integer(value.committed.offset);
  if (!expires) writer.integer(value.committed.leader_epoch);
  writer.string(value.committed.metadata).integer(value.commit_timestamp_ms);
  if (expires) writer.integer(value.expire_timestamp_ms);
  return writer.take();
}

std::string encode_group_value(const GroupValue& value) {
  Writer writer;
  writer.integer(kGroupValue).string(value.protocol_type).integer(value.generation);
  writer.nullable_string(value.protocol).nullable_string(value.leader);
  writer.integer(value.state_timestamp_ms);
  writer.integer(static_cast<std::int32_t>(value.members.size()));
  for (const auto& member : value.members) {
    writer.string(member.member_id).nullable_string(member.group_instance_id);
    writer.string(member.client_id).string(member.client_host);
    writer.integer(member.rebalance_timeout_ms).integer(member.session_timeout_ms);
    writer.bytes(member.subscription).bytes(member.assignment);
  }
  return writer.take();
}

Result<RecordKey> decode_key(std::string_view bytes) {
  Reader reader(bytes);
  const auto type = reader.integer<std::int16_t>();
  RecordKey key;
  if (reader.ok() && (type == kOldOffsetKey || type == kOffsetKey)) {
    OffsetKey offset;
    offset.group_id = reader.string();
    offset.topic = reader.string();
    offset.partition = reader.integer<std::int32_t>();
    key = std::move(offset);
  } else if (reader.ok() && type == kGroupKey) {
    key = GroupKey{reader.string()};
  } else if (reader.ok()) {
    return newer("keys of type", type);
  }
  if (!reader.ok()) return corrupt("its key ends too soon");
  return key;
}

Result<OffsetValue> decode_offset_value(std::string_view bytes) {
  Reader reader(bytes);
  const auto version = reader.integer<std::int16_t>();
  if (version < 0 || version > kOffsetValueWithTopicId) {
    return newer("offset values of version", version);
  }
  OffsetValue value;
  if (version == kOffsetValueWithTopicId) {
    value = read_with_topic_id(reader);
    if (!reader.ok()) return corrupt("an offset value ends too soon");
    return value;
  }
  value.committed.offset = reader.integer<std::int64_t>();
  if (version >= 3) value.committed.leader_epoch = reader.integer<std::int32_t>();
  value.committed.metadata = reader.string();
  value.commit_timestamp_ms = reader.integer<std::int64_t>();
  if (version == kExpiringOffsetValue) value.expire_timestamp_ms = reader.integer<std::int64_t>();
  if (!reader.ok()) return corrupt("an offset value ends too soon");
  return value;
}

Result<GroupValue> decode_group_value(std::string_view bytes) {
  Reader reader(bytes);
  const auto version = reader.integer<std::int16_t>();
  if (version < 0 || version > kGroupValue) return newer("group values of version", version);
  GroupValue value;
  value.protocol_type = reader.string();
  value.generation = reader.integer<std::int32_t>();
  value.protocol = reader.nullable_string();
  value.leader = reader.nullable_string();
  if (version >= 2) value.state_timestamp_ms = reader.integer<std::int64_t>();
  const std::int32_t members = reader.count(kMemberMinBytes);
  for (std::int32_t i = 0; i < members && reader.ok(); ++i) {
    value.members.push_back(read_member(reader, version));
  }
  if (!reader.ok()) return corrupt("a group value ends too soon");
  return value;
}

}  // namespace orloj::coordinator
