#include "coordinator/group/group_records.h"

#include <span>

#include "coordinator/codec.h"

namespace orloj::coordinator {
namespace {

constexpr std::int16_t kOldOffsetKey = 0;
constexpr std::int16_t kOffsetKey = 1;
constexpr std::int16_t kGroupKey = 2;
constexpr std::int16_t kOffsetValue = 3;
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
  if (version < 0 || version > kOffsetValue) return newer("offset values of version", version);
  OffsetValue value;
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
