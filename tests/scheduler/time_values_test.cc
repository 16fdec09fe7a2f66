#include "scheduler/time_values.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace orloj::scheduler {
namespace {

constexpr std::int64_t kTen = 1'795'255'200'000;  // 2026-11-21T10:00:00Z

std::int64_t instant(std::string_view text) {
  const auto parsed = parse_instant(log::to_bytes(text));
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message);
  return parsed ? *parsed : std::numeric_limits<std::int64_t>::min();
}

std::string instant_fault(std::string_view text) {
  const auto parsed = parse_instant(log::to_bytes(text));
  EXPECT_FALSE(parsed) << text;
  return parsed ? "" : parsed.error().message;
}

std::int64_t duration(std::string_view text) {
  const auto parsed = parse_duration(log::to_bytes(text));
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message);
  return parsed ? *parsed : -1;
}

TEST(Instant, Rfc3339_AnyZone_IsTheSameInstant) {
  EXPECT_EQ(instant("2026-11-21T10:00:00Z"), kTen);
  EXPECT_EQ(instant("2026-11-21t10:00:00z"), kTen);
  EXPECT_EQ(instant("2026-11-21 12:30:00+02:30"), kTen);
  EXPECT_EQ(instant("2026-11-20T22:00:00-12:00"), kTen);
  EXPECT_EQ(instant("2026-11-21T10:00:00-00:00"), kTen);
}

TEST(Instant, FractionFinerThanAMillisecond_RoundsUp) {
  EXPECT_EQ(instant("2026-11-21T10:00:00.5Z"), kTen + 500);
  EXPECT_EQ(instant("2026-11-21T10:00:00.123Z"), kTen + 123);
  EXPECT_EQ(instant("2026-11-21T10:00:00.123000Z"), kTen + 123);
  EXPECT_EQ(instant("2026-11-21T10:00:00.1230000001Z"), kTen + 124);
  EXPECT_EQ(instant("2026-11-21T10:00:00.9999Z"), kTen + 1000);
}

TEST(Instant, LeapSecond_IsTheNextSecond) {
  EXPECT_EQ(instant("2016-12-31T23:59:60Z"), instant("2017-01-01T00:00:00Z"));
  EXPECT_EQ(instant("2017-01-01T00:59:60+01:00"), instant("2017-01-01T00:00:00Z"));
  EXPECT_EQ(instant_fault("2016-12-31T22:59:60Z"), "names a date or time that does not exist");
}

TEST(Instant, LeapDay_ExistsOnlyInLeapYears) {
  EXPECT_EQ(instant("2028-02-29T00:00:00Z"), instant("2028-03-01T00:00:00Z") - 86'400'000);
  for (const char* text : {"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
                           "2026-11-31T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T10:60:00Z",
                           "2026-11-21T10:00:61Z"}) {
    EXPECT_EQ(instant_fault(text), "names a date or time that does not exist") << text;
  }
}

TEST(Instant, WithoutZone_IsRefused) {
  EXPECT_EQ(instant_fault("2026-11-21T10:00:00"),
            "has no zone: end it with Z or an offset like +02:00");
  EXPECT_NE(instant_fault("2026-11-21T10:00:00+25:00"), "");
  EXPECT_NE(instant_fault("2026-11-21T10:00:00CET"), "");
  EXPECT_NE(instant_fault("2026-11-21T10:00:00Z "), "");
}

TEST(Instant, EpochMilliseconds_AreTaken_SecondsAreRefused) {
  EXPECT_EQ(instant("1795255200000"), kTen);
  EXPECT_EQ(instant("100000000000"), 100'000'000'000);
  EXPECT_NE(instant_fault("99999999999").find("seconds?"), std::string::npos);
  EXPECT_NE(instant_fault("1795255200").find("seconds?"), std::string::npos);
  EXPECT_NE(instant_fault("0").find("seconds?"), std::string::npos);
}

TEST(Instant, EightBytes_FirstZero_AreABigEndianLong) {
  std::array<std::byte, 8> bytes{};
  log::store_big(bytes.data(), kTen);
  EXPECT_EQ(parse_instant(bytes).value(), kTen);
  log::store_big(bytes.data(), kInstantMaxMs + 1);
  EXPECT_FALSE(parse_instant(bytes));
  log::store_big(bytes.data(), kTen / 1000);
  EXPECT_FALSE(parse_instant(bytes));
}

TEST(Instant, EightDigits_AreText) {
  EXPECT_NE(instant_fault("20261121").find("seconds?"), std::string::npos);
}

TEST(Instant, AfterTheYear9999_IsRefused) {
  EXPECT_EQ(instant("9999-12-31T23:59:59.999Z"), kInstantMaxMs);
  EXPECT_EQ(instant("253402300799999"), kInstantMaxMs);
  for (const char* text : {"253402300800000", "99999999999999999999999999",
                           "9999-12-31T23:59:59.9991Z", "9999-12-31T23:59:59-00:01"}) {
    EXPECT_EQ(instant_fault(text), "is after 9999-12-31T23:59:59.999Z") << text;
  }
}

TEST(Instant, OtherText_IsRefused) {
  for (const char* text : {"", "tomorrow", "-5", "+5", "2026-11-21", "2026-1-1T0:0:0Z", "1e12",
                           "2026-11-21T10:00:00.Z", " 1795255200000"}) {
    EXPECT_NE(instant_fault(text), "") << text;
  }
}

TEST(Duration, Units_AreTaken) {
  EXPECT_EQ(duration("0"), 0);
  EXPECT_EQ(duration("1500"), 1500);
  EXPECT_EQ(duration("1500ms"), 1500);
  EXPECT_EQ(duration("10s"), 10'000);
  EXPECT_EQ(duration("5m"), 300'000);
  EXPECT_EQ(duration("2h"), 7'200'000);
  EXPECT_EQ(duration("7d"), 604'800'000);
}

TEST(Duration, Iso8601_IsTaken) {
  EXPECT_EQ(duration("PT5M"), 300'000);
  EXPECT_EQ(duration("P1W"), 604'800'000);
  EXPECT_EQ(duration("P1W2DT3H4M5.006S"), 604'800'000 + 172'800'000 + 10'800'000 + 245'006);
  EXPECT_EQ(duration("PT0.0001S"), 1);
  EXPECT_EQ(duration("PT0S"), 0);
  EXPECT_EQ(duration("P1D"), 86'400'000);
}

TEST(Duration, EverythingElse_IsRefused) {
  for (const char* text : {"",
                           "-5",
                           "-5s",
                           "5x",
                           "5 s",
                           "1.5s",
                           "10S",
                           "P",
                           "PT",
                           "P1DT",
                           "P1Y",
                           "P1M",
                           "PT1D",
                           "PT5M5H",
                           "PT5M5M",
                           "PT1.5M",
                           "PT.5S",
                           "PT1.S",
                           "P-1D",
                           "pt5m",
                           "1795255200000000000000",
                           "99999999999999999d",
                           "P99999999999999W",
                           "ms",
                           "5mss"}) {
    EXPECT_FALSE(parse_duration(log::to_bytes(text))) << text;
  }
}

TEST(FormatInstant, RoundTrip_IsTheSameInstant) {
  EXPECT_EQ(format_instant(kTen), "2026-11-21T10:00:00.000Z");
  EXPECT_EQ(format_instant(0), "1970-01-01T00:00:00.000Z");
  for (const std::int64_t ms : {kTen + 7, kInstantMaxMs, std::int64_t{951'782'400'001}}) {
    EXPECT_EQ(instant(format_instant(ms)), ms);
  }
}

TEST(QuoteValue, UnprintableAndLong_IsEscapedAndCut) {
  EXPECT_EQ(quote_value(log::to_bytes("a\"\n")), "\"a\\x22\\x0a\"");
  EXPECT_EQ(quote_value(log::to_bytes(std::string(100, 'x'))), "\"" + std::string(40, 'x') + "…\"");
}

}  // namespace
}  // namespace orloj::scheduler
