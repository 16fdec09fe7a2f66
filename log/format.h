// Names and layout of everything that a log keeps on disk, shared by writers and readers
// (docs/on-disk-formats.md). File names and the three segment files are Kafka's own, so that
// Kafka's tools read them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "log/types.h"

namespace orloj::log::format {

// Segment files: the base offset as 20 decimal digits, then one of these.
inline constexpr std::string_view kDataSuffix = ".log";
inline constexpr std::string_view kOffsetIndexSuffix = ".index";
inline constexpr std::string_view kTimeIndexSuffix = ".timeindex";
inline constexpr std::string_view kTransactionIndexSuffix = ".txnindex";
inline constexpr std::string_view kProducerSnapshotSuffix = ".snapshot";

// Behind the suffix of a segment file that is on its way out, or being made by the cleaner, or
// about to take over.
inline constexpr std::string_view kDeletedSuffix = ".deleted";
inline constexpr std::string_view kCleanedSuffix = ".cleaned";
inline constexpr std::string_view kSwapSuffix = ".swap";

inline constexpr std::string_view kLeaderEpochCheckpoint = "leader-epoch-checkpoint";
inline constexpr std::string_view kPartitionMetadata = "partition.metadata";
inline constexpr std::string_view kMetaProperties = "meta.properties";
inline constexpr std::string_view kLockFile = ".lock";
inline constexpr std::string_view kScheduleDirectory =
    "schedule";  // within a partition's directory

// Offset index entry: i32 offset relative to the segment's base, of the last record of a batch; i32
// byte position of that batch. Rising in both.
inline constexpr std::size_t kOffsetIndexEntryBytes = 8;

// Time index entry: i64 largest timestamp so far; i32 offset relative to the segment's base, of the
// last record of the batch that holds it. Rising in both.
inline constexpr std::size_t kTimeIndexEntryBytes = 12;

// "00000000000000000042.log" for (42, kDataSuffix).
std::string segment_file_name(Offset base_offset, std::string_view suffix);

struct SegmentFileName {
  Offset base_offset = 0;
  std::string suffix;  // everything behind the digits, for example ".log" or ".log.deleted"
};

// nullopt for names that are no segment file's.
std::optional<SegmentFileName> parse_segment_file_name(std::string_view name);

}  // namespace orloj::log::format
