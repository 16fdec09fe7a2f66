// Short ways to make record batches in tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "log/record_batch_builder.h"

namespace orloj::test {

// A batch of `count` records "value-<offset>" with ascending timestamps from `first_timestamp_ms`
// on.
inline std::vector<std::byte> make_batch(log::Offset base_offset, std::int32_t count,
                                         log::TimestampMs first_timestamp_ms = 1'000,
                                         log::Codec codec = log::Codec::kNone,
                                         log::LeaderEpoch leader_epoch = 0) {
  log::BatchHeaderFields fields;
  fields.base_offset = base_offset;
  fields.leader_epoch = leader_epoch;
  fields.codec = codec;
  log::RecordBatchBuilder builder(fields);
  for (std::int32_t i = 0; i < count; ++i) {
    const std::string value = "value-" + std::to_string(base_offset + i);
    log::NewRecord record;
    record.timestamp_ms = first_timestamp_ms + i;
    record.value = log::to_bytes(value);
    builder.append(record);
  }
  return std::move(builder).build().value();
}

}  // namespace orloj::test
