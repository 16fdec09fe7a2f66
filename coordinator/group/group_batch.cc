#include "coordinator/group/group_batch.h"

#include <algorithm>
#include <future>
#include <string>

#include "log/record_batch.h"
#include "log/record_batch_builder.h"
#include "log/record_reader.h"

namespace orloj::coordinator {
namespace {

constexpr std::int64_t kReadBytes = 4 << 20;  // of one read while loading

Error log_error(const log::Error& error) {
  return Error{ErrorCode::kLog, error.message};
}

std::string_view as_text(log::ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

log::ByteView as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

Status walk_batch(const log::RecordBatchView& batch, log::ScratchBuffer& scratch,
                  const OnRecord& on_record) {
  if (batch.is_control()) return {};
  auto reader = log::RecordReader::open(batch, scratch);
  if (!reader) return log_error(reader.error());
  log::RecordView record;
  while (reader->next(record)) {
    if (!record.key) continue;
    std::optional<std::string_view> value;
    if (record.value) value = as_text(*record.value);
    if (Status taken = on_record(as_text(*record.key), value); !taken) return taken;
  }
  if (!reader->status()) return log_error(reader->status().error());
  return {};
}

// Answers the offset behind the last batch of the slice.
Result<log::Offset> walk_slice(const log::FileSlice& slice, log::Offset next,
                               const OnRecord& on_record) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(slice.length));
  const auto got = slice.file->pread(bytes, static_cast<std::uint64_t>(slice.position));
  if (!got) return log_error(got.error());
  log::ScratchBuffer scratch;
  log::BatchCursor cursor(log::ByteView(bytes).first(*got), log::CrcCheck::kVerify);
  for (;;) {
    const auto batch = cursor.next();
    if (!batch) return log_error(batch.error());
    if (!*batch) return next;
    if ((*batch)->next_offset() <= next) continue;
    if (Status walked = walk_batch(**batch, scratch, on_record); !walked) return walked.error();
    next = (*batch)->next_offset();
  }
}

Status wait_until_durable(log::Partition& partition, log::Offset end) {
  std::promise<log::Status> durable;
  partition.when_on_stable_storage(
      {.data_end = end, .schedule_end = log::kNoOffset},
      [&durable](const log::Status& status) { durable.set_value(status); });
  const log::Status status = durable.get_future().get();
  if (!status) return log_error(status.error());
  return {};
}

}  // namespace

Result<std::vector<std::vector<std::byte>>> make_batches(std::span<const GroupRecord> records,
                                                         std::int64_t wall_ms,
                                                         std::size_t batch_max_bytes) {
  std::vector<std::vector<std::byte>> batches;
  std::size_t at = 0;
  while (at < records.size()) {
    log::RecordBatchBuilder builder{log::BatchHeaderFields{}};
    for (; at < records.size(); ++at) {
      log::NewRecord record;
      record.timestamp_ms = wall_ms;
      record.key = as_bytes(records[at].key);
      if (records[at].value) record.value = as_bytes(*records[at].value);
      if (builder.size_with(record) > batch_max_bytes) break;
      builder.append(record);
    }
    if (builder.record_count() == 0) {
      return Error{ErrorCode::kTooLarge,
                   "a group record does not fit into record_batch_max_bytes " +
                       std::to_string(batch_max_bytes)};
    }
    auto built = std::move(builder).build();
    if (!built) return log_error(built.error());
    batches.push_back(std::move(*built));
  }
  return batches;
}

Status read_all(log::Partition& partition, const OnRecord& on_record) {
  const log::Offset end = partition.offsets().log_end;
  if (Status durable = wait_until_durable(partition, end); !durable) return durable;
  log::Offset next = partition.offsets().log_start;
  while (next < end) {
    const auto read = partition.read({.offset = next, .max_bytes = kReadBytes});
    if (!read) return log_error(read.error());
    const log::Offset before = next;
    for (const auto& slice : read->slices) {
      const auto behind = walk_slice(slice, next, on_record);
      if (!behind) return behind.error();
      next = *behind;
    }
    if (next == before) {
      // Only holes that compaction left may remain below the end.
      if (read->slices.empty()) return {};
      return Error{ErrorCode::kCorrupt, "reading " + partition.spec().topic + "-" +
                                            std::to_string(partition.spec().id.partition) +
                                            " makes no progress at offset " + std::to_string(next)};
    }
  }
  return {};
}

}  // namespace orloj::coordinator
