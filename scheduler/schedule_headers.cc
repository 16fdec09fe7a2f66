#include "scheduler/schedule_headers.h"

#include <algorithm>
#include <array>
#include <string>

#include "scheduler/time_values.h"

namespace orloj::scheduler {
namespace {

constexpr std::string_view kAt = "schedule-at";
constexpr std::string_view kDelay = "schedule-delay";
constexpr std::array<std::string_view, 16> kNotSupportedYet = {
    "schedule-cron",        "schedule-every",
    "schedule-time-zone",   "schedule-id",
    "schedule-action",      "schedule-target-topic",
    "schedule-start",       "schedule-until",
    "schedule-max-fires",   "schedule-jitter",
    "schedule-misfire",     "schedule-deadline",
    "schedule-dst",         "schedule-webhook",
    "schedule-correlation", "schedule-fire-message-id"};

bool is_not_supported_yet(std::string_view name) {
  return std::find(kNotSupportedYet.begin(), kNotSupportedYet.end(), name) !=
         kNotSupportedYet.end();
}

Error refuse(std::string message) {
  return {ErrorCode::kInvalidRecord, std::move(message)};
}

std::string show_name(std::string_view name) {
  const std::string quoted = quote_value(log::to_bytes(name));
  return quoted.substr(1, quoted.size() - 2);
}

Error refuse_header(std::string_view name, std::string_view fault) {
  return refuse(show_name(name) + " " + std::string(fault));
}

Error refuse_unknown(std::string_view name) {
  return refuse_header(name,
                       "is not a header of this version (it supports schedule-at and "
                       "schedule-delay); topics with schedule.unknown.headers=pass let it through");
}

// The value as bytes, or why it cannot be looked at.
Result<log::ByteView> checked_value(const log::HeaderView& header, const HeaderRules& rules) {
  if (!header.value) {
    return refuse_header(header.key, "is null");
  }
  if (header.value->size() > static_cast<std::size_t>(rules.value_bytes_max)) {
    return refuse_header(header.key, "has " + std::to_string(header.value->size()) +
                                         " bytes; schedule.header.max.bytes is " +
                                         std::to_string(rules.value_bytes_max));
  }
  return *header.value;
}

Error describe(std::string_view name, log::ByteView value, const Error& fault) {
  return refuse(std::string(name) + " " + quote_value(value) + " " + fault.message);
}

Result<std::int64_t> due_instant(const log::HeaderView& header, const HeaderRules& rules) {
  const auto value = checked_value(header, rules);
  if (!value) {
    return value.error();
  }
  const auto parsed = header.key == kAt ? parse_instant(*value) : parse_duration(*value);
  if (!parsed) {
    return describe(header.key, *value, parsed.error());
  }
  const std::int64_t due =
      header.key == kAt ? std::max<std::int64_t>(*parsed, 0) : rules.now_ms + *parsed;
  if (due > kInstantMaxMs) {
    return describe(header.key, *value, refuse("leads beyond 9999-12-31T23:59:59.999Z"));
  }
  if (due - rules.now_ms > rules.delay_max_ms) {
    return describe(header.key, *value,
                    refuse("is further away than schedule.max.delay.ms, which is " +
                           std::to_string(rules.delay_max_ms)));
  }
  return due;
}

}  // namespace

HeaderUse use_of(std::string_view header_name) {
  if (header_name.starts_with(kProvenancePrefix)) {
    return HeaderUse::kProvenance;
  }
  if (!header_name.starts_with(kRequestPrefix)) {
    return HeaderUse::kUser;
  }
  const bool known =
      header_name == kAt || header_name == kDelay || is_not_supported_yet(header_name);
  return known ? HeaderUse::kRequest : HeaderUse::kUnknown;
}

Result<std::optional<ScheduleRequest>> parse_schedule_headers(const log::HeaderRange& headers,
                                                              const HeaderRules& rules) {
  std::optional<log::HeaderView> time;
  for (const log::HeaderView& header : headers) {
    const HeaderUse use = use_of(header.key);
    if (use == HeaderUse::kUnknown && rules.unknown == UnknownHeaders::kRefuse) {
      return refuse_unknown(header.key);
    }
    if (use != HeaderUse::kRequest) {
      continue;
    }
    if (is_not_supported_yet(header.key)) {
      return refuse_header(header.key,
                           "is not supported yet by this version; schedule-at and schedule-delay "
                           "are");
    }
    if (time && time->key == header.key) {
      return refuse_header(header.key, "is there twice");
    }
    if (time) {
      return refuse("schedule-at and schedule-delay contradict each other: send one of them");
    }
    time = header;
  }
  if (!time) {
    return std::optional<ScheduleRequest>();
  }
  const auto due = due_instant(*time, rules);
  if (!due) {
    return due.error();
  }
  return std::optional(ScheduleRequest{*due});
}

}  // namespace orloj::scheduler
