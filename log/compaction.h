// The cleaner of cleanup.policy=compact: keeps the latest record of each key among closed segments
// (Kafka's rules, KIP-534 for tombstones). Offsets of what stays do not change.
//
// One run maps the keys of the dirty part, as far as the map's memory goes, then rewrites every
// segment up to there into new files ending in ".cleaned"; the caller swaps them in. Knows no
// partition: works on closed segments, which never change.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/env/env.h"
#include "log/error.h"
#include "log/segment.h"
#include "log/segmented_log.h"
#include "log/types.h"

namespace orloj::log {

struct CompactionRules {
  std::string directory;
  TimestampMs now_ms = 0;
  std::int64_t delete_retention_ms = 0;  // a tombstone stays so long after it was first cleaned
  std::int64_t segment_bytes = 0;        // small cleaned segments are merged up to this size
  std::int64_t index_interval_bytes = 4096;
  std::int64_t map_bytes = 0;       // LogOptions::compaction_map_bytes
  std::function<bool()> cancelled;  // asked now and then; true ends the run with kClosed
};

// What could be cleaned.
struct CompactionPlan {
  SegmentList
      segments;  // closed, from the log start on, all below everything that must stay as it is
  Offset first_dirty = 0;  // below: cleaned before
  std::int64_t clean_bytes = 0;
  std::int64_t dirty_bytes = 0;

  double dirty_ratio() const;
};

// `segments`: of the log, the active one last. Those that reach above `uncleanable_from` are left
// out.
CompactionPlan plan_compaction(const SegmentList& segments, Offset first_dirty,
                               Offset uncleanable_from);

// Segments that take the place of others: each `old` a run of the plan's segments.
struct CleanedGroup {
  SegmentList old;
  std::shared_ptr<Segment> cleaned;
};

struct CompactionResult {
  std::vector<CleanedGroup> groups;  // synced, suffix ".cleaned"
  Offset clean_end = 0;              // everything below is clean once they are swapped in
};

// kCorrupt when a batch is damaged or passes kOwnLogLimits: nothing is cleaned, the damage stays
// visible. Files of a run that failed are removed.
Result<CompactionResult> compact(FileSystem& files, const CompactionPlan& plan,
                                 const CompactionRules& rules);

// Where cleaning goes on after a restart: a small file in the partition's directory; 0 when absent
// or unreadable, which costs a pass over what is clean already and nothing else.
inline constexpr std::string_view kCleanEndFile = "cleaner-offset-checkpoint";
Offset load_clean_end(FileSystem& files, const std::string& directory);
Status store_clean_end(FileSystem& files, const std::string& directory, Offset clean_end);

}  // namespace orloj::log
