// Requests that write and read record batches, encoded once.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/connection.h"
#include "log/record_batch.h"
#include "log/record_batch_builder.h"

namespace orloj::bench {

inline constexpr std::int16_t kProduceVersion = 9;
inline constexpr std::int16_t kFetchVersion = 12;

// A batch of `count` equal records without keys; their bytes do not compress.
std::vector<std::byte> make_batch(int count, int record_bytes);

struct ProduceSpec {
  std::string_view topic;
  std::int32_t partition = 0;
  int acks = 1;
};
protocol::Bytes produce_frame(const ProduceSpec& spec, protocol::BytesView batch);
// Throws what the broker said when it refused.
void check_produced(protocol::BytesView frame);

struct FetchSpec {
  std::string_view topic;
  std::int64_t offset = 0;
  std::int32_t max_wait_ms = 0;
  std::int32_t partition_max_bytes = 1 << 20;
};
// Of partition 0, at least one byte.
protocol::Bytes fetch_frame(const FetchSpec& spec);

// The answer to it; views point into the frame.
struct Fetched {
  std::int64_t high_watermark = 0;
  protocol::BytesView records;
};
Fetched fetched_in(protocol::BytesView frame);

// Calls back for each whole batch; the last one may have been cut off.
void for_each_batch(protocol::BytesView records, log::CrcCheck check,
                    const std::function<void(const log::RecordBatchView&)>& callback);

// End of partition 0.
std::int64_t end_offset(Connection& connection, std::string_view topic);

}  // namespace orloj::bench
