// Which test goes to which crash point; together they are all there are
// (tests/log/crash_points_test.cc).
#pragma once

#include <array>

#include "log/crash_point.h"

namespace orloj::test {

// tests/log/crash_points_test.cc: the work of a whole store.
inline constexpr std::array kStoreCrashPoints = {
    log::crash_point::kAfterSegmentWriteBeforeJournal,
    log::crash_point::kBeforeJournalSync,
    log::crash_point::kAfterJournalSync,
    log::crash_point::kJournalFileRenamed,
    log::crash_point::kCheckpointBeforeSegmentsSynced,
    log::crash_point::kCheckpointAfterSegmentsSynced,
    log::crash_point::kCheckpointAfterFrame,
    log::crash_point::kRollAfterNewSegment,
    log::crash_point::kHeadRenamedBeforeUnlink,
    log::crash_point::kReplaceBeforeSwap,
    log::crash_point::kReplaceAfterSwap,
    log::crash_point::kCleanMarkerRemoved,
    log::crash_point::kRecoveryAfterReplay,
    log::crash_point::kRecoveryAfterCut,
    log::crash_point::kRecoveryBeforeCheckpoint,
    log::crash_point::kCloseBeforeCleanMarker,
    log::crash_point::kCreateTopicAfterDirectory,
    log::crash_point::kDeleteAfterTombstone,
    log::crash_point::kDeleteAfterRename,
    log::crash_point::kProducerFileBeforeWrite,
    log::crash_point::kProducerFileBetweenGenerations,
    log::crash_point::kProducerFileAfterWrite,
    log::crash_point::kScheduleHalfAppendedBeforeDataHalf,
};

// tests/log/crash_points_test.cc: a log alone; nothing in a store of one node cuts its end.
inline constexpr std::array kSegmentedLogCrashPoints = {log::crash_point::kTruncateAfterCut};

// tests/scheduler/crash_test.cc.
inline constexpr std::array kSchedulerCrashPoints = {
    log::crash_point::kAfterSegmentWriteBeforeJournal,
    log::crash_point::kBeforeJournalSync,
    log::crash_point::kAfterJournalSync,
    log::crash_point::kScheduleHalfAppendedBeforeDataHalf,
    log::crash_point::kFiredBatchAppendedBeforeJournal,
    log::crash_point::kFiredBeforeDone,
    log::crash_point::kDoneAppended,
    log::crash_point::kIndexFlushed,
    log::crash_point::kCopiesAppended,
    log::crash_point::kCopiesDurableBeforeHeadDrop,
};

}  // namespace orloj::test
