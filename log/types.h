// The nouns of the log room. Offsets, timestamps and producer ids are Kafka's own integers.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace orloj::log {

using Offset = std::int64_t;
using LeaderEpoch = std::int32_t;
using ProducerId = std::int64_t;
using TimestampMs = std::int64_t;  // milliseconds since 1970-01-01T00:00:00Z

inline constexpr Offset kNoOffset = -1;
inline constexpr TimestampMs kNoTimestamp = -1;
inline constexpr ProducerId kNoProducerId = -1;
// Producer ids from here on belong to schedulers: one per source partition, refused from clients.
inline constexpr ProducerId kFirstReservedProducerId = ProducerId{1} << 62;

// The 128-bit id of a topic (KIP-516); all zero means "none".
struct TopicId {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const TopicId&) const = default;
  bool is_zero() const { return *this == TopicId{}; }
  std::string to_string() const;  // base64url without padding, as Kafka prints it (22 characters)
};

enum class LogKind : std::uint8_t { kData = 0, kSchedule = 1 };

struct PartitionId {
  TopicId topic_id;
  std::int32_t partition = 0;
  auto operator<=>(const PartitionId&) const = default;
};

// (topic id, partition, kind) names one log for ever.
struct LogId {
  TopicId topic_id;
  std::int32_t partition = 0;
  LogKind kind = LogKind::kData;
  auto operator<=>(const LogId&) const = default;
};

// What acks=all promises for the data log (log-protocol §2). The schedule log is always kSync.
enum class Durability : std::uint8_t { kSync, kAsync };

enum class TimestampType : std::uint8_t { kCreateTime, kLogAppendTime };

}  // namespace orloj::log

template <>
struct std::hash<orloj::log::TopicId> {
  std::size_t operator()(const orloj::log::TopicId& id) const noexcept;
};
template <>
struct std::hash<orloj::log::PartitionId> {
  std::size_t operator()(const orloj::log::PartitionId& id) const noexcept;
};
template <>
struct std::hash<orloj::log::LogId> {
  std::size_t operator()(const orloj::log::LogId& id) const noexcept;
};
