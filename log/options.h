// Every limit and knob of the log room, with its unit in its name. Plain data: the config room
// fills it.
#pragma once

#include <cstdint>
#include <string>

#include "log/types.h"

namespace orloj::log {

// Settings of one topic that act on its logs. Kafka's topic configs of the same names; -1 means
// unlimited for retention_ms and retention_bytes.
struct TopicLogConfig {
  Durability durability = Durability::kSync;
  std::int64_t segment_bytes = std::int64_t{1} << 30;
  std::int64_t segment_ms = 7LL * 24 * 3600 * 1000;
  std::int64_t retention_ms = 7LL * 24 * 3600 * 1000;
  std::int64_t retention_bytes = -1;
  std::int64_t index_interval_bytes = 4096;
  std::int32_t max_message_bytes = 1048588;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  std::int64_t timestamp_before_max_ms = INT64_MAX;
  std::int64_t timestamp_after_max_ms = 3600LL * 1000;
  bool cleanup_delete = true;    // cleanup.policy holds "delete"
  bool cleanup_compact = false;  // cleanup.policy holds "compact"
  std::int64_t delete_retention_ms = 24LL * 3600 * 1000;
  double min_cleanable_dirty_ratio = 0.5;
  std::int64_t flush_messages = INT64_MAX;  // async topics: sync after so many records; the append
                                            // that reaches them is acknowledged behind the sync
  std::int64_t flush_ms = INT64_MAX;        // async topics: sync after so long
};

struct LogOptions {
  std::string data_dir;
  std::int32_t node_id = 1;                             // node.id, kept in meta.properties
  std::int64_t journal_file_bytes = 64LL << 20;         // one journal file
  std::int32_t journal_files_max = 4;                   // beyond: appends wait for a checkpoint
  std::int64_t journal_pending_max_bytes = 64LL << 20;  // frames queued behind one sync
  std::int64_t checkpoint_interval_ms = 60'000;
  std::int64_t write_back_bytes = 8LL << 20;  // start write-back of a segment every so often
  std::int64_t recent_bytes = 32LL << 20;     // of a data log's end: read without a blocking thread
  std::int64_t retention_check_interval_ms = 300'000;  // log.retention.check.interval.ms
  std::int64_t compaction_check_interval_ms = 15'000;
  std::int64_t compaction_map_bytes =
      64LL << 20;  // keys that one pass of the cleaner can know, 24 bytes each
  std::int64_t file_delete_delay_ms = 60'000;           // trash is unlinked after this
  std::int64_t producer_id_expiration_ms = 86'400'000;  // producer.id.expiration.ms
  std::int32_t producers_per_partition_max = 100'000;
  std::int64_t producer_file_refresh_bytes =
      16LL << 20;  // appended before it is written anew; bounds replay at start
  std::int32_t record_headers_max = 10'000;                // headers of one record
  std::int64_t decompressed_batch_max_bytes = 64LL << 20;  // what one batch may inflate to
  std::int64_t undurable_claims_sync_ms =
      1'000;                       // async topics: fired batches wait at most so long
  std::int32_t flush_threads = 4;  // syncs that appends wait for (flush.messages) at a time
  std::int64_t disk_low_water_bytes = 256LL
                                      << 20;  // below: client appends are refused, deletes go on
};

}  // namespace orloj::log
