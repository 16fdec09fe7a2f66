// Every limit and knob of the scheduler, with its unit in its name.
#pragma once

#include <cstdint>
#include <string>

namespace orloj::scheduler {

enum class UnknownHeaders : std::uint8_t { kRefuse, kPass };  // schedule.unknown.headers
enum class FiredTimestamp : std::uint8_t { kFired, kDue };    // schedule.timestamp

// Settings of one topic that act on its schedules.
struct TopicScheduleConfig {
  std::string topic;
  bool enable = true;     // schedule.enable
  bool internal = false;  // scheduled records are refused on internal topics
  bool compacted = false;
  UnknownHeaders unknown_headers = UnknownHeaders::kRefuse;
  FiredTimestamp timestamp = FiredTimestamp::kFired;
  std::int64_t max_delay_ms = INT64_MAX;      // schedule.max.delay.ms
  std::string compression_type = "producer";  // of fired batches; "producer" fires uncompressed
  std::string dead_letter_topic = "schedule-dead-letter";
  std::int64_t first_reserved_producer_id = 0;  // plus the partition number: the id that fires
};

struct SchedulerOptions {
  std::string index_dir;                           // the derived index; may be deleted at any time
  std::int32_t header_max_bytes = 1024;            // schedule.header.max.bytes
  std::int64_t wheel_horizon_ms = 10 * 60 * 1000;  // what is due sooner sits in the wheel
  std::int64_t wheel_entries_max = 4'000'000;      // per node; beyond, the horizon shrinks
  std::int32_t index_flush_entries = 10'000;
  std::int64_t index_flush_interval_ms = 1'000;
  std::int64_t index_sync_interval_ms = 60'000;  // bounds what a start after kill -9 reads again
  std::int32_t fire_batch_records_max = 10'000;
  std::int64_t fire_batch_bytes_max = 1 << 20;
  std::int64_t fire_rate_max_per_second = 200'000;  // per topic, for the overdue
  std::int32_t undurable_claims_max = 100'000;      // fired, DONE still waits
  std::int32_t damaged_entries_max = 100'000;       // of a partition; beyond, it stops firing
  std::int64_t undurable_claims_sync_ms = 1'000;    // async topics: they wait at most so long
  std::int64_t clock_step_max_ms = 5'000;           // schedule.clock.step.max.ms
  std::int64_t clock_settle_ms = 60'000;            // stable for so long before firing goes on
  std::int32_t copies_per_year_max = 4;             // of one far-future record
  std::int64_t head_drop_min_bytes = 64 << 20;      // schedule logs below this are left alone
  std::int64_t head_drop_step_bytes = 1 << 20;      // looked at in one go
};

}  // namespace orloj::scheduler
