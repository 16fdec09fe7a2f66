// The names of every place between two durable steps where a crash is tested
// (docs/on-disk-formats.md, log-protocol).
//
// Code calls Env::reached(name) there. In production that does nothing; a test arms one name and
// the process dies (or the simulated power goes) at its n-th visit.
#pragma once

#include <array>
#include <string_view>

namespace orloj::log::crash_point {

// Appends and the journal.
inline constexpr std::string_view kAfterSegmentWriteBeforeJournal =
    "after-segment-write-before-journal";
inline constexpr std::string_view kBeforeJournalSync = "before-journal-sync";
inline constexpr std::string_view kAfterJournalSync = "after-journal-sync";
inline constexpr std::string_view kJournalFileRenamed = "journal-file-renamed";
inline constexpr std::string_view kCheckpointBeforeSegmentsSynced =
    "checkpoint-before-segments-synced";
inline constexpr std::string_view kCheckpointAfterSegmentsSynced =
    "checkpoint-after-segments-synced";
inline constexpr std::string_view kCheckpointAfterFrame = "checkpoint-after-frame";

// Segments.
inline constexpr std::string_view kRollAfterNewSegment = "roll-after-new-segment";
inline constexpr std::string_view kHeadRenamedBeforeUnlink = "head-renamed-before-unlink";
inline constexpr std::string_view kTruncateAfterCut = "truncate-after-cut";
inline constexpr std::string_view kReplaceBeforeSwap = "replace-before-swap";
inline constexpr std::string_view kReplaceAfterSwap = "replace-after-swap";

// Start, recovery and stop.
inline constexpr std::string_view kCleanMarkerRemoved = "clean-marker-removed";
inline constexpr std::string_view kRecoveryAfterReplay = "recovery-after-replay";
inline constexpr std::string_view kRecoveryAfterCut = "recovery-after-cut";
inline constexpr std::string_view kRecoveryBeforeCheckpoint = "recovery-before-checkpoint";
inline constexpr std::string_view kCloseBeforeCleanMarker = "close-before-clean-marker";

// Topics.
inline constexpr std::string_view kCreateTopicAfterDirectory = "create-topic-after-directory";
inline constexpr std::string_view kDeleteAfterTombstone = "delete-after-tombstone";
inline constexpr std::string_view kDeleteAfterRename = "delete-after-rename";

// Producer state.
inline constexpr std::string_view kProducerFileBeforeWrite = "producer-file-before-write";
inline constexpr std::string_view kProducerFileBetweenGenerations =
    "producer-file-between-generations";
inline constexpr std::string_view kProducerFileAfterWrite = "producer-file-after-write";

// Scheduling.
inline constexpr std::string_view kScheduleHalfAppendedBeforeDataHalf =
    "schedule-half-appended-before-data-half";
inline constexpr std::string_view kFiredBatchAppendedBeforeJournal =
    "fired-batch-appended-before-journal";
inline constexpr std::string_view kFiredBeforeDone = "fired-before-done";
inline constexpr std::string_view kDoneAppended = "done-appended";
inline constexpr std::string_view kIndexFlushed = "index-flushed";
inline constexpr std::string_view kCopiesAppended = "copies-appended";
inline constexpr std::string_view kCopiesDurableBeforeHeadDrop = "copies-durable-before-head-drop";

inline constexpr std::array kAll = {
    kAfterSegmentWriteBeforeJournal,
    kBeforeJournalSync,
    kAfterJournalSync,
    kJournalFileRenamed,
    kCheckpointBeforeSegmentsSynced,
    kCheckpointAfterSegmentsSynced,
    kCheckpointAfterFrame,
    kRollAfterNewSegment,
    kHeadRenamedBeforeUnlink,
    kTruncateAfterCut,
    kReplaceBeforeSwap,
    kReplaceAfterSwap,
    kCleanMarkerRemoved,
    kRecoveryAfterReplay,
    kRecoveryAfterCut,
    kRecoveryBeforeCheckpoint,
    kCloseBeforeCleanMarker,
    kCreateTopicAfterDirectory,
    kDeleteAfterTombstone,
    kDeleteAfterRename,
    kProducerFileBeforeWrite,
    kProducerFileBetweenGenerations,
    kProducerFileAfterWrite,
    kScheduleHalfAppendedBeforeDataHalf,
    kFiredBatchAppendedBeforeJournal,
    kFiredBeforeDone,
    kDoneAppended,
    kIndexFlushed,
    kCopiesAppended,
    kCopiesDurableBeforeHeadDrop,
};

}  // namespace orloj::log::crash_point
