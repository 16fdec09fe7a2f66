#include "broker/handlers/fetch_read.h"

#include <algorithm>

#include "broker/error_map.h"

namespace orloj::broker {

using protocol::ErrorCode;

namespace {

constexpr std::int8_t kReadCommitted = 1;

void fill_offsets(FetchedPartition& read, const log::PartitionOffsets& offsets,
                  const FetchLimits& limits) {
  read.answer.high_watermark = offsets.high_watermark;
  read.answer.last_stable_offset = offsets.last_stable;
  read.answer.log_start_offset = offsets.log_start;
  if (limits.isolation_level == kReadCommitted) read.answer.aborted_transactions.emplace();
}

void fail(FetchedPartition& read, ErrorCode error) {
  read.answer.error_code = error;
  read.answer.high_watermark = -1;
  read.answer.last_stable_offset = -1;
  read.answer.log_start_offset = -1;
  read.answer.aborted_transactions.reset();
}

ErrorCode check_epoch(const FetchTarget& target, log::LeaderEpoch current) {
  if (target.current_leader_epoch < 0 || target.current_leader_epoch == current) {
    return ErrorCode::kNone;
  }
  return target.current_leader_epoch < current ? ErrorCode::kFencedLeaderEpoch
                                               : ErrorCode::kUnknownLeaderEpoch;
}

// The reader's last batch is of an epoch that ended here before its position, or that never was.
bool diverges(FetchedPartition& read) {
  const FetchTarget& target = *read.target;
  if (target.last_fetched_epoch < 0) return false;
  const log::EpochEnd end = read.partition->end_offset_for_epoch(target.last_fetched_epoch);
  if (end.epoch < 0 || end.end_offset < 0) return false;  // too old to be known
  if (end.epoch == target.last_fetched_epoch && end.end_offset >= target.fetch_offset) return false;
  read.answer.diverging_epoch.epoch = end.epoch;
  read.answer.diverging_epoch.end_offset = end.end_offset;
  return true;
}

void find_partition(const Topics& topics, FetchedPartition& read) {
  const FetchTarget& target = *read.target;
  const bool by_id = target.topic.empty();
  const auto topic =
      by_id ? topics.catalog().find(target.topic_id) : topics.catalog().find(target.topic);
  if (!topic) {
    fail(read, by_id ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition);
    return;
  }
  read.partition = topics.partition(*topic, target.partition);
  if (!read.partition) fail(read, ErrorCode::kUnknownTopicOrPartition);
}

void read_one(FetchedPartition& read, FetchPass& pass, const FetchLimits& limits, ReadFrom from) {
  const FetchTarget& target = *read.target;
  const std::int64_t room_bytes = limits.max_bytes - pass.size_bytes;
  const bool first = pass.size_bytes == 0;
  const ErrorCode epoch = check_epoch(target, read.partition->leader_epoch());
  if (epoch != ErrorCode::kNone) return fail(read, epoch);
  const auto offsets = read.partition->offsets();
  fill_offsets(read, offsets, limits);
  if (diverges(read)) return;
  // Above the high watermark lies what is not durable yet: no error, nothing to see.
  const bool ahead =
      target.fetch_offset >= offsets.high_watermark && target.fetch_offset <= offsets.log_end;
  const std::int64_t max_bytes = std::min<std::int64_t>(target.max_bytes, room_bytes);
  if (ahead || (max_bytes <= 0 && !first)) return;
  const log::ReadRequest request{target.fetch_offset, std::max<std::int64_t>(max_bytes, 0)};
  const bool recent = read.partition->is_recent(target.fetch_offset);
  if (!recent && from == ReadFrom::kMemory) {
    pass.needs_disk = true;
    return;
  }
  auto result = recent ? read.partition->read(request) : read.partition->read_from_disk(request);
  if (!result) {
    const bool out = result.error().code == log::ErrorCode::kOffsetOutOfRange;
    fail(read, to_wire(result.error().code));
    if (out) read.answer.log_start_offset = offsets.log_start;
    return;
  }
  fill_offsets(read, result->offsets, limits);
  if (result->size_bytes > max_bytes && !first) return;  // one batch above what is left
  read.slices = std::move(result->slices);
  read.size_bytes = result->size_bytes;
}

}  // namespace

bool FetchedPartition::is_final() const {
  return answer.error_code != ErrorCode::kNone || answer.diverging_epoch.epoch >= 0;
}

bool FetchedPartition::is_news() const {
  return is_final() || size_bytes > 0 || answer.high_watermark != target->told_high_watermark ||
         answer.log_start_offset != target->told_log_start;
}

FetchPass read_partitions(const Topics& topics, FetchTargets& targets, const FetchLimits& limits,
                          ReadFrom from) {
  FetchPass pass;
  pass.partitions.reserve(targets.size());
  for (FetchTarget& target : targets) {
    FetchedPartition& read = pass.partitions.emplace_back();
    read.target = &target;
    read.answer.partition_index = target.partition;
    find_partition(topics, read);
    if (read.partition) read_one(read, pass, limits, from);
    pass.size_bytes += read.size_bytes;
    pass.has_final |= read.is_final();
  }
  return pass;
}

}  // namespace orloj::broker
