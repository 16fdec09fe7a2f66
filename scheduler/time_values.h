// Instants and durations as users write them in schedule headers, and as provenance shows them.
//
// Pure. Instants are milliseconds since 1970-01-01T00:00:00Z; what is finer rounds up, so that
// nothing is ever early. Source: RFC 3339, ISO 8601 durations without years and months.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "log/bytes.h"
#include "scheduler/error.h"

namespace orloj::scheduler {

// 9999-12-31T23:59:59.999Z: the last instant that has four digits for its year.
inline constexpr std::int64_t kInstantMaxMs = 253'402'300'799'999;
// Decimal instants below this are taken for seconds and refused.
inline constexpr std::int64_t kEpochMillisecondsMin = 100'000'000'000;

// RFC 3339 with a zone, epoch milliseconds in decimal, or an 8-byte big-endian long whose first
// byte is 0. kInvalidRecord says what is wrong with the value, without the header's name.
Result<std::int64_t> parse_instant(log::ByteView value);

// Milliseconds in decimal, an integer with ms, s, m, h or d, or ISO-8601
// P[nW][nD][T[nH][nM][n[.f]S]]. At most kInstantMaxMs.
Result<std::int64_t> parse_duration(log::ByteView value);

// "2026-11-21T10:00:00.000Z". Years outside 0 to 9999 are a programmer error.
std::string format_instant(std::int64_t instant_ms);

// A value as a message shows it: in quotes, cut after 40 bytes, everything unprintable as \xNN.
std::string quote_value(log::ByteView value);

}  // namespace orloj::scheduler
