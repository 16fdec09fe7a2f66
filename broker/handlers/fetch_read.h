// One pass over the partitions of a Fetch: checks, offsets, file ranges.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "broker/handlers/fetch_session.h"
#include "broker/topics.h"
#include "log/partition.h"
#include "protocol/messages/fetch.h"

namespace orloj::broker {

struct FetchLimits {
  std::int64_t max_bytes = 0;  // of the whole answer; the first batch is sent all the same
  std::int8_t isolation_level = 0;
};

// Where records may be taken from.
enum class ReadFrom : std::uint8_t {
  kMemory,  // the recent ones, which the page cache holds; the others are left out
  kDisk,    // anywhere; blocking, not on a reactor
};

// What one partition has to say.
struct FetchedPartition {
  FetchTarget* target = nullptr;
  std::shared_ptr<log::Partition> partition;  // null: unknown
  protocol::FetchResponse::Partition answer;  // without the records
  std::vector<log::FileSlice> slices;
  std::int64_t size_bytes = 0;

  // Its error, or divergence, cannot be cured by waiting.
  bool is_final() const;
  // In an incremental session only news is answered.
  bool is_news() const;
};

struct FetchPass {
  std::vector<FetchedPartition> partitions;
  std::int64_t size_bytes = 0;
  bool has_final = false;
  bool needs_disk = false;  // records were left out
};

FetchPass read_partitions(const Topics& topics, FetchTargets& targets, const FetchLimits& limits,
                          ReadFrom from);

}  // namespace orloj::broker
