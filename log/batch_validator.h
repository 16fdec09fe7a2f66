// What Produce must know about a client's bytes before they are appended: one pass while they are
// hot.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>

#include "log/bytes.h"
#include "log/compression.h"
#include "log/error.h"
#include "log/record_reader.h"
#include "log/types.h"

namespace orloj::log {

// Sees every record of a batch as it is validated.
class RecordObserver {
 public:
  virtual ~RecordObserver() = default;
  // An error refuses the batch and is reported for this record.
  virtual Status on_record(std::int32_t index, const RecordView& record) = 0;
};

enum class RecordWalk : std::uint8_t {
  kAlways,        // compressed batches are inflated
  kUncompressed,  // compressed batches pass on CRC and header alone
};

enum class KeyRule : std::uint8_t { kOptional, kRequired };  // required on compacted topics

struct BatchRules {
  RecordWalk walk = RecordWalk::kAlways;
  KeyRule keys = KeyRule::kOptional;
  RecordLimits limits = {};
  RecordObserver* observer = nullptr;  // not owned; not called for batches that pass unopened
};

struct BatchFacts {
  Codec codec = Codec::kNone;
  std::int32_t record_count = 0;
  bool records_walked = false;  // false: the timestamps are the header's word
  TimestampMs min_timestamp_ms = kNoTimestamp;
  TimestampMs max_timestamp_ms = kNoTimestamp;
  ProducerId producer_id = kNoProducerId;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  bool is_transactional = false;
};

struct BatchFault {
  ErrorCode code = ErrorCode::kInvalidBatch;
  std::int32_t record_index = -1;  // -1: the fault is the batch's
  std::string message;
};

[[noreturn]] void throw_exception_from_error(const BatchFault& fault,
                                             const boost::source_location& where);

using BatchVerdict = boost::system::result<BatchFacts, BatchFault>;

// Client rules: `bytes` is exactly one v2 batch with a right CRC, at least one record, offset
// deltas 0 to n-1, no control bit, no delete horizon, create time, and sequences with a producer id
// only. Timestamp bounds and the batch size are the caller's to check. A max timestamp in the
// header that is not that of its records is put right in place, as Kafka does: it steers lookups by
// time and retention. `scratch` belongs to the calling thread.
BatchVerdict validate_batch(MutableBytes bytes, const BatchRules& rules, ScratchBuffer& scratch);

}  // namespace orloj::log
