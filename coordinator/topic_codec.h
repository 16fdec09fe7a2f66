// How the catalogue's facts look in the metadata store. Format 1:
//   topics/<id>        topic: version 1, name, partitions, partitions at creation, first reserved
//                      producer id, internal, configs
//   topic-names/<name> id of the topic: its compare makes names unique
//   tombstones/<id>    name of a deleted topic that the journal has not passed yet
//   topic-sequence     8 bytes: number of the next topic, gives reserved producer ids
// <id> is the topic id in base64url, as Kafka prints it.
#pragma once

#include <string>
#include <string_view>

#include "coordinator/error.h"
#include "coordinator/topic.h"
#include "log/types.h"

namespace orloj::coordinator {

inline constexpr std::string_view kTopicPrefix = "topics/";
inline constexpr std::string_view kTopicNamePrefix = "topic-names/";
inline constexpr std::string_view kTombstonePrefix = "tombstones/";
inline constexpr std::string_view kTopicSequenceKey = "topic-sequence";

std::string topic_key(const log::TopicId& id);
std::string topic_name_key(std::string_view name);
std::string tombstone_key(const log::TopicId& id);

// Everything but the revision, which the store keeps. kCorrupt, kUnsupportedFormat name the key.
std::string encode_topic(const Topic& topic);
Result<Topic> decode_topic(std::string_view key, std::string_view value);

std::string encode_topic_id(const log::TopicId& id);
Result<log::TopicId> decode_topic_id(std::string_view key, std::string_view value);

}  // namespace orloj::coordinator
