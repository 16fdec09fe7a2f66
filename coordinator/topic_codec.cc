#include "coordinator/topic_codec.h"

#include <algorithm>
#include <utility>

#include "coordinator/codec.h"

namespace orloj::coordinator {
namespace {

constexpr std::int8_t kFormat = 1;

std::string_view as_text(const log::TopicId& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

log::TopicId read_id(Reader& reader) {
  log::TopicId id;
  std::ranges::copy(reader.raw(id.bytes.size()), id.bytes.begin());
  return id;
}

Error corrupt(std::string_view key) {
  return Error{ErrorCode::kCorrupt,
               "metadata key " + std::string(key) +
                   " cannot be decoded; restore the metadata directory from a snapshot"};
}

Status check_format(std::string_view key, std::int8_t format) {
  if (format == kFormat) return {};
  return Error{ErrorCode::kUnsupportedFormat,
               "metadata key " + std::string(key) + " has format " + std::to_string(format) +
                   "; this version reads format 1: start a newer one"};
}

}  // namespace

std::string topic_key(const log::TopicId& id) {
  return std::string(kTopicPrefix) + id.to_string();
}

std::string topic_name_key(std::string_view name) {
  return std::string(kTopicNamePrefix).append(name);
}

std::string tombstone_key(const log::TopicId& id) {
  return std::string(kTombstonePrefix) + id.to_string();
}

std::string encode_topic(const Topic& topic) {
  Writer writer;
  writer.integer(kFormat).raw(as_text(topic.id)).string(topic.name);
  writer.integer(topic.partition_count).integer(topic.partitions_at_creation);
  writer.integer(topic.first_reserved_producer_id).integer(std::int8_t{topic.internal});
  writer.integer(static_cast<std::int32_t>(topic.configs.size()));
  for (const auto& [name, value] : topic.configs) {
    writer.string(name).bytes(std::as_bytes(std::span(value)));
  }
  return writer.take();
}

Result<Topic> decode_topic(std::string_view key, std::string_view value) {
  Reader reader(value);
  if (Status known = check_format(key, reader.integer<std::int8_t>()); !known) {
    return known.error();
  }
  Topic topic;
  topic.id = read_id(reader);
  topic.name = reader.string();
  topic.partition_count = reader.integer<std::int32_t>();
  topic.partitions_at_creation = reader.integer<std::int32_t>();
  topic.first_reserved_producer_id = reader.integer<std::int64_t>();
  topic.internal = reader.integer<std::int8_t>() != 0;
  const std::int32_t configs = reader.count(6);
  for (std::int32_t i = 0; i < configs && reader.ok(); ++i) {
    std::string name = reader.string();
    topic.configs.insert_or_assign(std::move(name), std::string(reader.bytes()));
  }
  if (!reader.ok() || !reader.at_end() || topic.partition_count <= 0) return corrupt(key);
  return topic;
}

std::string encode_topic_id(const log::TopicId& id) {
  return Writer().integer(kFormat).raw(as_text(id)).take();
}

Result<log::TopicId> decode_topic_id(std::string_view key, std::string_view value) {
  Reader reader(value);
  if (Status known = check_format(key, reader.integer<std::int8_t>()); !known) {
    return known.error();
  }
  const log::TopicId id = read_id(reader);
  if (!reader.ok()) return corrupt(key);
  return id;
}

}  // namespace orloj::coordinator
