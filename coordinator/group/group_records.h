// The records of __consumer_offsets, in Kafka's own format, so that Kafka's tools read them.
//
// Keys start with a 16-bit type: 1 = committed offset (group, topic, partition), 2 = group metadata
// (group). Values start with a 16-bit version. Written: offset values in version 3, or 1 when they
// carry an expiry; group values in version 3. Read: 0 to 3 of both. Source: Kafka's message
// definitions OffsetCommitKey/Value and GroupMetadataKey/Value; docs/on-disk-formats.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "coordinator/error.h"
#include "coordinator/group/group_types.h"

namespace orloj::coordinator {

struct OffsetKey {
  std::string group_id;
  std::string topic;
  std::int32_t partition = 0;
};

struct GroupKey {
  std::string group_id;
};

using RecordKey = std::variant<OffsetKey, GroupKey>;

struct OffsetValue {
  CommittedOffset committed;
  std::int64_t commit_timestamp_ms = -1;
  std::int64_t expire_timestamp_ms = -1;  // -1: by the broker's retention
};

struct MemberValue {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::string client_id;
  std::string client_host;
  std::int32_t rebalance_timeout_ms = 0;
  std::int32_t session_timeout_ms = 0;
  Bytes subscription;
  Bytes assignment;
};

struct GroupValue {
  std::string protocol_type;
  std::int32_t generation = 0;
  std::optional<std::string> protocol;
  std::optional<std::string> leader;
  std::int64_t state_timestamp_ms = -1;
  std::vector<MemberValue> members;
};

std::string encode_offset_key(const OffsetKey& key);
std::string encode_group_key(std::string_view group_id);
// Version 4 when the topic id is known; 1, which has none, when the offset expires by itself.
std::string encode_offset_value(const OffsetValue& value);
std::string encode_group_value(const GroupValue& value);

// kCorrupt, or kUnsupportedFormat for a type or version that only a newer version writes.
Result<RecordKey> decode_key(std::string_view bytes);
Result<OffsetValue> decode_offset_value(std::string_view bytes);
Result<GroupValue> decode_group_value(std::string_view bytes);

}  // namespace orloj::coordinator
