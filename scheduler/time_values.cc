#include "scheduler/time_values.h"

#include <array>
#include <cassert>
#include <chrono>
#include <cstdio>
#include <optional>

namespace orloj::scheduler {
namespace {

constexpr std::int64_t kSecondMs = 1'000;
constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;
constexpr std::int64_t kWeekMs = 7 * kDayMs;
constexpr std::size_t kQuotedBytesMax = 40;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) {
  for (const char c : text) {
    if (!is_digit(c)) {
      return false;
    }
  }
  return !text.empty();
}

Error bad(std::string message) {
  return {ErrorCode::kInvalidRecord, std::move(message)};
}

Error after_the_last_instant() {
  return bad("is after 9999-12-31T23:59:59.999Z");
}

// Takes characters off the front of a text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  bool take_one_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `count` digits.
  std::optional<int> fixed_number(std::size_t count) {
    if (rest_.size() < count || !all_digits(rest_.substr(0, count))) {
      return std::nullopt;
    }
    int number = 0;
    for (const char c : rest_.substr(0, count)) {
      number = number * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }

  std::string_view digits() {
    std::size_t count = 0;
    while (count < rest_.size() && is_digit(rest_[count])) {
      ++count;
    }
    const std::string_view found = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return found;
  }

  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// A decimal that stops counting above kInstantMaxMs: every number beyond is equally too large.
std::int64_t saturating_number(std::string_view digits) {
  std::int64_t number = 0;
  for (const char c : digits) {
    number = number * 10 + (c - '0');
    if (number > kInstantMaxMs) {
      return kInstantMaxMs + 1;
    }
  }
  return number;
}

// Milliseconds of a fraction of a second, rounded up.
std::int64_t fraction_ms(std::string_view digits) {
  std::int64_t ms = 0;
  bool finer = false;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i < 3) {
      ms = ms * 10 + (digits[i] - '0');
    } else {
      finer = finer || digits[i] != '0';
    }
  }
  for (std::size_t i = digits.size(); i < 3; ++i) {
    ms *= 10;
  }
  return ms + (finer ? 1 : 0);
}

struct Fields {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int64_t fraction_ms = 0;
  std::int64_t zone_ms = 0;  // east of UTC
};

bool read_date_and_time(Cursor& cursor, Fields& fields) {
  const auto year = cursor.fixed_number(4);
  const bool dash = cursor.take('-');
  const auto month = cursor.fixed_number(2);
  const bool second_dash = cursor.take('-');
  const auto day = cursor.fixed_number(2);
  const bool separator = cursor.take_one_of("Tt ");
  const auto hour = cursor.fixed_number(2);
  const bool colon = cursor.take(':');
  const auto minute = cursor.fixed_number(2);
  const bool second_colon = cursor.take(':');
  const auto second = cursor.fixed_number(2);
  if (!year || !dash || !month || !second_dash || !day || !separator || !hour || !colon ||
      !minute || !second_colon || !second) {
    return false;
  }
  fields = {*year, *month, *day, *hour, *minute, *second, 0, 0};
  if (!cursor.take('.')) {
    return true;
  }
  const std::string_view fraction = cursor.digits();
  fields.fraction_ms = fraction_ms(fraction);
  return !fraction.empty();
}

bool read_zone(Cursor& cursor, Fields& fields) {
  if (cursor.take_one_of("Zz")) {
    return cursor.at_end();
  }
  const bool east = cursor.take('+');
  if (!east && !cursor.take('-')) {
    return false;
  }
  const auto hours = cursor.fixed_number(2);
  const bool colon = cursor.take(':');
  const auto minutes = cursor.fixed_number(2);
  if (!hours || !colon || !minutes || *hours > 23 || *minutes > 59 || !cursor.at_end()) {
    return false;
  }
  fields.zone_ms = (*hours * kHourMs + *minutes * kMinuteMs) * (east ? 1 : -1);
  return true;
}

Result<std::int64_t> parse_rfc3339(std::string_view text) {
  Cursor cursor(text);
  Fields fields;
  if (!read_date_and_time(cursor, fields)) {
    return bad(
        "is not an instant: write RFC 3339 with a zone (2026-11-21T10:00:00Z) or epoch "
        "milliseconds");
  }
  if (cursor.at_end()) {
    return bad("has no zone: end it with Z or an offset like +02:00");
  }
  if (!read_zone(cursor, fields)) {
    return bad("does not end with a zone that can be read: Z or an offset like +02:00");
  }
  const std::chrono::year_month_day date{std::chrono::year(fields.year),
                                         std::chrono::month(static_cast<unsigned>(fields.month)),
                                         std::chrono::day(static_cast<unsigned>(fields.day))};
  if (!date.ok() || fields.hour > 23 || fields.minute > 59 || fields.second > 60) {
    return bad("names a date or time that does not exist");
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t minute_ms =
      days * kDayMs + fields.hour * kHourMs + fields.minute * kMinuteMs - fields.zone_ms;
  // A leap second can only be the last of a UTC day.
  if (fields.second == 60 && ((minute_ms % kDayMs) + kDayMs) % kDayMs != kDayMs - kMinuteMs) {
    return bad("names a date or time that does not exist");
  }
  const std::int64_t instant = minute_ms + fields.second * kSecondMs + fields.fraction_ms;
  if (instant > kInstantMaxMs) {
    return after_the_last_instant();
  }
  return instant;
}

Result<std::int64_t> check_epoch_milliseconds(std::int64_t instant) {
  if (instant > kInstantMaxMs) {
    return after_the_last_instant();
  }
  if (instant < kEpochMillisecondsMin) {
    return bad("is below 100000000000: seconds? Write epoch milliseconds");
  }
  return instant;
}

std::optional<std::int64_t> unit_ms(std::string_view unit) {
  if (unit.empty() || unit == "ms") {
    return 1;
  }
  if (unit == "s") {
    return kSecondMs;
  }
  if (unit == "m") {
    return kMinuteMs;
  }
  if (unit == "h") {
    return kHourMs;
  }
  if (unit == "d") {
    return kDayMs;
  }
  return std::nullopt;
}

// Both are at most kInstantMaxMs + 1 and a week: the product fits.
std::int64_t saturating_product(std::int64_t count, std::int64_t unit) {
  return count > kInstantMaxMs / unit ? kInstantMaxMs + 1 : count * unit;
}

Error not_a_duration() {
  return bad("is not a duration: write milliseconds, 10s, 5m, 2h, 7d or ISO-8601 PT5M");
}

Error too_long() {
  return bad("is longer than any instant can be away");
}

struct IsoUnit {
  char letter;
  std::int64_t ms;
  bool in_time_part;
};
constexpr std::array kIsoUnits = {
    IsoUnit{'W', kWeekMs, false},  IsoUnit{'D', kDayMs, false},   IsoUnit{'H', kHourMs, true},
    IsoUnit{'M', kMinuteMs, true}, IsoUnit{'S', kSecondMs, true},
};

// The text behind "P": each unit at most once and in order.
Result<std::int64_t> parse_iso_duration(std::string_view text) {
  Cursor cursor(text);
  std::int64_t total = 0;
  bool in_time_part = false;
  bool part_is_empty = true;
  std::size_t unit = 0;
  while (!cursor.at_end()) {
    if (!in_time_part && cursor.take('T')) {
      in_time_part = true;
      part_is_empty = true;
      continue;
    }
    const std::string_view whole = cursor.digits();
    std::string_view fraction;
    const bool point = cursor.take('.');
    if (point) {
      fraction = cursor.digits();
    }
    while (unit < kIsoUnits.size() && !(kIsoUnits[unit].in_time_part == in_time_part &&
                                        cursor.rest().starts_with(kIsoUnits[unit].letter))) {
      ++unit;
    }
    if (whole.empty() || unit == kIsoUnits.size()) {
      return not_a_duration();
    }
    const IsoUnit& found = kIsoUnits[unit++];
    cursor.take(found.letter);
    if (point && (fraction.empty() || found.letter != 'S')) {
      return not_a_duration();
    }
    total += saturating_product(saturating_number(whole), found.ms) + fraction_ms(fraction);
    if (total > kInstantMaxMs) {
      return too_long();
    }
    part_is_empty = false;
  }
  if (part_is_empty) {
    return not_a_duration();
  }
  return total;
}

}  // namespace

Result<std::int64_t> parse_instant(log::ByteView value) {
  if (value.size() == sizeof(std::int64_t) && value.front() == std::byte{0}) {
    return check_epoch_milliseconds(log::load_big<std::int64_t>(value.data()));
  }
  const std::string_view text = log::to_text(value);
  if (text.empty()) {
    return bad("is empty");
  }
  if (all_digits(text)) {
    return check_epoch_milliseconds(saturating_number(text));
  }
  return parse_rfc3339(text);
}

Result<std::int64_t> parse_duration(log::ByteView value) {
  const std::string_view text = log::to_text(value);
  if (text.empty()) {
    return bad("is empty");
  }
  if (text.front() == 'P') {
    return parse_iso_duration(text.substr(1));
  }
  if (text.front() == '-') {
    return bad("is negative or not a duration: a delay is at least 0");
  }
  Cursor cursor(text);
  const std::string_view digits = cursor.digits();
  const auto unit = unit_ms(cursor.rest());
  if (digits.empty() || !unit) {
    return not_a_duration();
  }
  const std::int64_t total = saturating_product(saturating_number(digits), *unit);
  if (total > kInstantMaxMs) {
    return too_long();
  }
  return total;
}

std::string format_instant(std::int64_t instant_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> instant{
      std::chrono::milliseconds(instant_ms)};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(instant - day);
  assert(int(date.year()) >= 0 && int(date.year()) <= 9999);
  std::array<char, 80> text{};
  const int size = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                                 int(date.year()), unsigned(date.month()), unsigned(date.day()),
                                 int(time.hours().count()), int(time.minutes().count()),
                                 int(time.seconds().count()), int(time.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string quote_value(log::ByteView value) {
  std::string quoted = "\"";
  for (const std::byte raw : value.first(std::min(value.size(), kQuotedBytesMax))) {
    const auto c = std::to_integer<unsigned char>(raw);
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      quoted += static_cast<char>(c);
    } else {
      constexpr std::string_view kHex = "0123456789abcdef";
      quoted += "\\x";
      quoted += kHex[c >> 4];
      quoted += kHex[c & 15U];
    }
  }
  quoted += value.size() > kQuotedBytesMax ? "…\"" : "\"";
  return quoted;
}

}  // namespace orloj::scheduler
