#include "scheduler/schedule_headers.h"

#include <gtest/gtest.h>

#include "scheduler/time_values.h"
#include "tests/scheduler/record_fixture.h"

namespace orloj::scheduler {
namespace {

using test::TextHeaders;

constexpr std::int64_t kNow = 1'795'255'200'000;

Result<std::optional<ScheduleRequest>> parse(const TextHeaders& headers, HeaderRules rules = {}) {
  rules.now_ms = kNow;
  const auto batch = test::build_batch({{"k", "v", headers}});
  const auto view = log::RecordBatchView::parse(batch, log::CrcCheck::kVerify).value();
  log::ScratchBuffer scratch;
  auto reader = log::RecordReader::open(view, scratch).value();
  log::RecordView record;
  EXPECT_TRUE(reader.next(record));
  return parse_schedule_headers(record.headers, rules);
}

std::int64_t due(const TextHeaders& headers) {
  const auto parsed = parse(headers);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed && *parsed ? (*parsed)->due_ms : -1;
}

std::string fault(const TextHeaders& headers, const HeaderRules& rules = {}) {
  const auto parsed = parse(headers, rules);
  EXPECT_FALSE(parsed);
  return parsed ? "" : parsed.error().message;
}

TEST(ScheduleHeaders, NoRequest_IsPlain) {
  EXPECT_FALSE(parse({}).value());
  EXPECT_FALSE(parse({{"trace", "1"}, {"__schedule.due", "x"}, {"message-id", "7"}}).value());
  EXPECT_FALSE(parse({{"Schedule-At", "x"}, {"schedule", "x"}, {"reschedule-at", "x"}}).value());
}

TEST(ScheduleHeaders, At_IsTheDueInstant) {
  EXPECT_EQ(due({{"schedule-at", "2026-11-21T11:00:00Z"}}), kNow + 3'600'000);
  EXPECT_EQ(due({{"a", "b"}, {"schedule-at", "1795255200001"}}), kNow + 1);
}

TEST(ScheduleHeaders, AtInThePast_IsTaken) {
  EXPECT_EQ(due({{"schedule-at", "2001-01-01T00:00:00Z"}}), 978'307'200'000);
  EXPECT_EQ(due({{"schedule-at", "1815-12-10T00:00:00Z"}}), 0);
}

TEST(ScheduleHeaders, Delay_CountsFromNow) {
  EXPECT_EQ(due({{"schedule-delay", "0"}}), kNow);
  EXPECT_EQ(due({{"schedule-delay", "PT5M"}}), kNow + 300'000);
}

TEST(ScheduleHeaders, BadValue_MessageNamesHeaderValueAndFault) {
  EXPECT_EQ(fault({{"schedule-delay", "soon"}}),
            "schedule-delay \"soon\" is not a duration: write milliseconds, 10s, 5m, 2h, 7d or "
            "ISO-8601 PT5M");
  EXPECT_EQ(fault({{"schedule-at", "1795255200"}}),
            "schedule-at \"1795255200\" is below 100000000000: seconds? Write epoch milliseconds");
}

TEST(ScheduleHeaders, DelayBeyondTheYear9999_IsRefused) {
  EXPECT_NE(fault({{"schedule-delay", "253402300799999"}}).find("9999"), std::string::npos);
}

TEST(ScheduleHeaders, Twice_IsRefused) {
  EXPECT_EQ(fault({{"schedule-at", "1795255200001"}, {"schedule-at", "1795255200001"}}),
            "schedule-at is there twice");
}

TEST(ScheduleHeaders, AtWithDelay_IsAContradiction) {
  EXPECT_EQ(fault({{"schedule-delay", "1"}, {"schedule-at", "1795255200001"}}),
            "schedule-at and schedule-delay contradict each other: send one of them");
}

TEST(ScheduleHeaders, EveryHeaderOfLaterVersions_IsRefusedAsNotSupportedYet) {
  for (const char* name :
       {"schedule-cron", "schedule-every", "schedule-time-zone", "schedule-id", "schedule-action",
        "schedule-target-topic", "schedule-start", "schedule-until", "schedule-max-fires",
        "schedule-jitter", "schedule-misfire", "schedule-deadline", "schedule-dst",
        "schedule-webhook", "schedule-correlation", "schedule-fire-message-id"}) {
    EXPECT_EQ(fault({{"schedule-delay", "1"}, {name, "x"}}),
              std::string(name) +
                  " is not supported yet by this version; schedule-at and schedule-delay are");
    EXPECT_NE(fault({{name, "x"}}, {.unknown = UnknownHeaders::kPass}), "");
  }
}

TEST(ScheduleHeaders, Unknown_IsRefusedUnlessTheTopicLetsItPass) {
  EXPECT_NE(fault({{"schedule-att", "1"}}).find("schedule.unknown.headers=pass"),
            std::string::npos);
  const HeaderRules pass{.unknown = UnknownHeaders::kPass};
  EXPECT_FALSE(parse({{"schedule-att", "1"}}, pass).value());
  EXPECT_EQ(parse({{"schedule-att", "1"}, {"schedule-delay", "5"}}, pass).value()->due_ms,
            kNow + 5);
}

TEST(ScheduleHeaders, DelayAboveTheCap_IsRefused) {
  const HeaderRules capped{.delay_max_ms = 1'000};
  EXPECT_TRUE(parse({{"schedule-delay", "1000"}}, capped));
  EXPECT_NE(fault({{"schedule-delay", "1001"}}, capped).find("schedule.max.delay.ms"),
            std::string::npos);
  EXPECT_NE(fault({{"schedule-at", "1795255201001"}}, capped).find("schedule.max.delay.ms"),
            std::string::npos);
  EXPECT_TRUE(parse({{"schedule-at", "1990-01-01T00:00:00Z"}}, capped));
}

TEST(ScheduleHeaders, LongValue_IsRefusedWithTheNameOfTheLimit) {
  EXPECT_NE(fault({{"schedule-at", std::string(1025, '1')}}).find("schedule.header.max.bytes"),
            std::string::npos);
}

TEST(ScheduleHeaders, NullValue_IsRefused) {
  const std::vector<log::HeaderView> headers = {{"schedule-at", std::nullopt}};
  log::RecordBatchBuilder builder({});
  builder.append({1, std::nullopt, std::nullopt, headers});
  const auto batch = std::move(builder).build().value();
  const auto view = log::RecordBatchView::parse(batch, log::CrcCheck::kVerify).value();
  log::ScratchBuffer scratch;
  auto reader = log::RecordReader::open(view, scratch).value();
  log::RecordView record;
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(parse_schedule_headers(record.headers, {}).error().message, "schedule-at is null");
}

}  // namespace
}  // namespace orloj::scheduler
