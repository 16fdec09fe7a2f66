// Reads batches and records of a partition's two logs for the scheduler. Stateless; reads files
// without any lock.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "log/bytes.h"
#include "log/partition.h"
#include "log/record_batch.h"
#include "log/record_reader.h"

namespace orloj::scheduler {

// What one read asks for when it goes through a log in order.
inline constexpr std::int64_t kScanReadBytes = 1 << 20;

// The bytes of a read, whole batches one behind the other.
log::Result<std::vector<std::byte>> load_slices(const log::ReadResult& read);

// Calls `visit` for the batches of the data log from `from` up to the high watermark; kCorrupt when
// one is damaged. An error of `visit` ends the walk.
using BatchVisitor = std::function<log::Status(const log::RecordBatchView&)>;
log::Status scan_data(const log::Partition& partition, log::Offset from, const BatchVisitor& visit);

// Calls `visit` for the records of the schedule log from `from` up to the high watermark, but ends
// after `bytes_max` or so. The offset behind the last batch that was visited whole.
using RecordVisitor = std::function<log::Status(log::Offset, const log::RecordView&)>;
log::Result<log::Offset> scan_schedule(const log::Partition& partition, log::Offset from,
                                       std::int64_t bytes_max, const RecordVisitor& visit);

// The values of the schedule-log records at `places`, which rise. kCorrupt when one is not there or
// damaged. Reads neighbours together.
class EntryBytes {
 public:
  static log::Result<EntryBytes> read(const log::Partition& partition,
                                      std::span<const log::Offset> places);

  // In the order of `places`.
  log::ByteView at(std::size_t index) const {
    return log::ByteView(bytes_).subspan(extents_[index].first, extents_[index].second);
  }
  std::size_t size_bytes() const { return bytes_.size(); }

 private:
  log::Result<std::size_t> take(log::ByteView batches, std::span<const log::Offset> places);

  std::vector<std::byte> bytes_;
  std::vector<std::pair<std::size_t, std::size_t>> extents_;
};

}  // namespace orloj::scheduler
