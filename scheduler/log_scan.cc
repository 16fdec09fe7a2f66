#include "scheduler/log_scan.h"

#include <algorithm>
#include <string>
#include <utility>

namespace orloj::scheduler {
namespace {

// Entries so close to each other are read in one go.
constexpr log::Offset kNeighbourOffsets = 64;
constexpr std::int64_t kNeighbourReadBytes = 256 << 10;

log::Error damaged(const log::Partition& partition, log::Offset offset, const std::string& what) {
  return {log::ErrorCode::kCorrupt, "schedule log of " + partition.spec().topic + "-" +
                                        std::to_string(partition.spec().id.partition) +
                                        ", offset " + std::to_string(offset) + ": " + what};
}

log::Status visit_records(const log::RecordBatchView& batch, log::ScratchBuffer& scratch,
                          const RecordVisitor& visit) {
  auto reader = log::RecordReader::open(batch, scratch);
  if (!reader) {
    return reader.error();
  }
  log::RecordView record;
  while (reader->next(record)) {
    if (const log::Status status = visit(batch.base_offset() + record.offset_delta, record);
        !status) {
      return status;
    }
  }
  return reader->status();
}

}  // namespace

log::Result<std::vector<std::byte>> load_slices(const log::ReadResult& read) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(read.size_bytes));
  std::size_t at = 0;
  for (const log::FileSlice& slice : read.slices) {
    const auto length = static_cast<std::size_t>(slice.length);
    const auto got = slice.file->pread(log::MutableBytes(bytes).subspan(at, length),
                                       static_cast<std::uint64_t>(slice.position));
    if (!got) {
      return got.error();
    }
    if (*got != length) {
      return log::Error{log::ErrorCode::kCorrupt, slice.file->path() + " is shorter than its log"};
    }
    at += length;
  }
  return bytes;
}

log::Status scan_data(const log::Partition& partition, log::Offset from,
                      const BatchVisitor& visit) {
  while (true) {
    const auto read = partition.read({from, kScanReadBytes});
    if (!read) {
      return read.error();
    }
    const auto bytes = load_slices(*read);
    if (!bytes) {
      return bytes.error();
    }
    log::BatchCursor cursor(*bytes, log::CrcCheck::kVerify);
    const log::Offset before = from;
    for (auto batch = cursor.next(); !batch || *batch; batch = cursor.next()) {
      if (!batch) {
        return batch.error();
      }
      if (const log::Status status = visit(**batch); !status) {
        return status;
      }
      from = (*batch)->next_offset();
    }
    if (from == before) {
      return {};
    }
  }
}

log::Result<log::Offset> scan_schedule(const log::Partition& partition, log::Offset from,
                                       std::int64_t bytes_max, const RecordVisitor& visit) {
  log::ScratchBuffer scratch;
  std::int64_t left = bytes_max;
  while (left > 0) {
    const auto read = partition.read_schedule({from, std::min(left, kScanReadBytes)});
    if (!read) {
      return read.error();
    }
    if (read->slices.empty()) {
      break;
    }
    const auto bytes = load_slices(*read);
    if (!bytes) {
      return bytes.error();
    }
    left -= static_cast<std::int64_t>(bytes->size());
    log::BatchCursor cursor(*bytes, log::CrcCheck::kVerify);
    for (auto batch = cursor.next(); !batch || *batch; batch = cursor.next()) {
      if (!batch) {
        return damaged(partition, from, batch.error().message);
      }
      if (const log::Status status = visit_records(**batch, scratch, visit); !status) {
        return status.error();
      }
      from = (*batch)->next_offset();
    }
  }
  return from;
}

log::Result<EntryBytes> EntryBytes::read(const log::Partition& partition,
                                         std::span<const log::Offset> places) {
  EntryBytes entries;
  entries.extents_.reserve(places.size());
  while (!places.empty()) {
    const bool neighbour = places.size() > 1 && places[1] - places[0] <= kNeighbourOffsets;
    const auto read = partition.read_schedule({places[0], neighbour ? kNeighbourReadBytes : 1});
    if (!read) {
      return read.error();
    }
    const auto bytes = load_slices(*read);
    if (!bytes) {
      return bytes.error();
    }
    const auto taken = entries.take(*bytes, places);
    if (!taken) {
      return damaged(partition, places[0], taken.error().message);
    }
    if (*taken == 0) {
      return damaged(partition, places[0], "no entry is there");
    }
    places = places.subspan(*taken);
  }
  return entries;
}

// How many of `places` were in these batches.
log::Result<std::size_t> EntryBytes::take(log::ByteView batches,
                                          std::span<const log::Offset> places) {
  std::size_t taken = 0;
  log::ScratchBuffer scratch;
  const RecordVisitor keep = [&](log::Offset offset, const log::RecordView& record) -> log::Status {
    if (taken < places.size() && offset == places[taken] && record.value) {
      extents_.emplace_back(bytes_.size(), record.value->size());
      bytes_.insert(bytes_.end(), record.value->begin(), record.value->end());
      ++taken;
    }
    return {};
  };
  log::BatchCursor cursor(batches, log::CrcCheck::kVerify);
  for (auto batch = cursor.next(); !batch || *batch; batch = cursor.next()) {
    if (!batch) {
      return batch.error();
    }
    if (taken == places.size() || places[taken] < (*batch)->base_offset()) {
      break;
    }
    if (places[taken] >= (*batch)->next_offset()) {
      continue;
    }
    if (const log::Status status = visit_records(**batch, scratch, keep); !status) {
      return status.error();
    }
  }
  return taken;
}

}  // namespace orloj::scheduler
