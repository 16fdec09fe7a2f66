// Group records to and from the log: batches on the way in, a walk over a partition on the way out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "coordinator/error.h"
#include "coordinator/group/decision.h"
#include "log/partition.h"

namespace orloj::coordinator {

// The records in order, in as few batches of at most `batch_max_bytes` as they fit. kTooLarge when
// one record alone does not.
Result<std::vector<std::vector<std::byte>>> make_batches(std::span<const GroupRecord> records,
                                                         std::int64_t wall_ms,
                                                         std::size_t batch_max_bytes);

// Every record of the partition, in order; an error of `on_record` ends the walk. Blocking: waits
// until what was found in the log at the start is durable, so that nothing is served that could
// still be lost. kLog, kCorrupt.
using OnRecord = std::function<Status(std::string_view key, std::optional<std::string_view> value)>;
Status read_all(log::Partition& partition, const OnRecord& on_record);

}  // namespace orloj::coordinator
