// The grammar of the headers that ask for scheduling (docs/headers.md).
//
// Pure: any bytes are safe, time is passed in. Header names are case-sensitive, as Kafka's are.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "log/record_reader.h"
#include "scheduler/error.h"
#include "scheduler/options.h"

namespace orloj::scheduler {

// What clients write, and what the broker writes on fired records: two name spaces.
inline constexpr std::string_view kRequestPrefix = "schedule-";
inline constexpr std::string_view kProvenancePrefix = "__schedule.";

enum class HeaderUse : std::uint8_t {
  kUser,        // stays on the record
  kRequest,     // of this grammar: acts, and is not on the fired record
  kUnknown,     // schedule-… that this version does not know
  kProvenance,  // __schedule.…: dropped when the record is scheduled
};
HeaderUse use_of(std::string_view header_name);

struct HeaderRules {
  std::int64_t now_ms = 0;  // the broker's clock, rounded up to a whole millisecond
  std::int64_t delay_max_ms = INT64_MAX;
  std::int32_t value_bytes_max = 1024;
  UnknownHeaders unknown = UnknownHeaders::kRefuse;
};

struct ScheduleRequest {
  std::int64_t due_ms = 0;  // 0 to kInstantMaxMs; what is before 1970 counts as 1970
};

// nullopt: the record does not ask for scheduling. kInvalidRecord: the message names the header
// and its fault. Headers of kUnknown are passed over when the rules say so.
Result<std::optional<ScheduleRequest>> parse_schedule_headers(const log::HeaderRange& headers,
                                                              const HeaderRules& rules);

}  // namespace orloj::scheduler
