#include "coordinator/topic_config.h"

#include <gtest/gtest.h>

#include "coordinator/topic_name.h"

namespace orloj::coordinator {
namespace {

std::string fault(const TopicConfigs& configs) {
  const Status status = validate_topic_configs(configs);
  return status ? "" : status.error().message;
}

const DescribedConfig* named(const std::vector<DescribedConfig>& all, const std::string& name) {
  for (const auto& config : all) {
    if (config.name == name) return &config;
  }
  return nullptr;
}

TEST(TopicConfigTable, Rows_AreSortedAndTheirDefaultsAreValid) {
  std::string_view previous;
  for (const auto& key : topic_config_keys()) {
    EXPECT_LT(previous, key.name);
    previous = key.name;
    EXPECT_FALSE(key.documentation.empty()) << key.name;
    EXPECT_EQ(fault({{std::string(key.name), std::string(key.default_value)}}), "") << key.name;
  }
}

TEST(TopicConfig, UnknownName_IsRefused) {
  EXPECT_EQ(fault({{"no.such.config", "1"}}), "Unknown topic config name: no.such.config");
}

TEST(TopicConfig, ValuesOutOfBounds_AreRefusedWithTheBounds) {
  EXPECT_NE(fault({{"retention.ms", "-2"}}).find("-1"), std::string::npos);
  EXPECT_NE(fault({{"retention.ms", "soon"}}), "");
  EXPECT_NE(fault({{"segment.bytes", "100"}}).find("1048576"), std::string::npos);
  EXPECT_NE(fault({{"max.message.bytes", "4294967296"}}), "");
  EXPECT_NE(fault({{"min.cleanable.dirty.ratio", "1.5"}}), "");
  EXPECT_NE(fault({{"min.cleanable.dirty.ratio", "nan"}}), "");
  EXPECT_NE(fault({{"preallocate", "yes"}}), "");
  EXPECT_NE(fault({{"cleanup.policy", "compact,shred"}}), "");
  EXPECT_NE(fault({{"cleanup.policy", ""}}), "");
  EXPECT_NE(fault({{"message.timestamp.type", "createtime"}}), "");
  EXPECT_NE(fault({{"schedule.dead.letter.topic", "a/b"}}), "");
}

TEST(TopicConfig, ValuesInBounds_AreAccepted) {
  EXPECT_EQ(fault({{"retention.ms", "-1"},
                   {"cleanup.policy", " compact , delete "},
                   {"preallocate", "TRUE"},
                   {"min.cleanable.dirty.ratio", "0.01"},
                   {"compression.type", "zstd"},
                   {"durability", "async"},
                   {"schedule.max.delay.ms", "86400000"}}),
            "");
}

TEST(TopicConfig, PromisesOfSafetyThatIsNotGiven_AreRefused) {
  EXPECT_NE(fault({{"min.insync.replicas", "2"}}).find("one copy"), std::string::npos);
  EXPECT_NE(fault({{"remote.storage.enable", "true"}}), "");
  EXPECT_EQ(fault({{"min.insync.replicas", "1"}, {"remote.storage.enable", "false"}}), "");
}

TEST(TopicConfig, CompactionLags_MustNotCross) {
  EXPECT_NE(fault({{"min.compaction.lag.ms", "11"}, {"max.compaction.lag.ms", "10"}}), "");
}

TEST(TopicConfig, LogConfig_OfNothing_IsKafkasDefaults) {
  const auto config = to_log_config({}, {});
  const log::TopicLogConfig defaults;
  EXPECT_EQ(config.durability, log::Durability::kSync);
  EXPECT_EQ(config.retention_ms, defaults.retention_ms);
  EXPECT_EQ(config.segment_bytes, defaults.segment_bytes);
  EXPECT_EQ(config.max_message_bytes, defaults.max_message_bytes);
  EXPECT_EQ(config.timestamp_after_max_ms, defaults.timestamp_after_max_ms);
  EXPECT_EQ(config.flush_ms, INT64_MAX);
  EXPECT_TRUE(config.cleanup_delete);
  EXPECT_FALSE(config.cleanup_compact);
}

TEST(TopicConfig, TopicValue_BeatsTheBrokers) {
  const BrokerTopicSettings broker = {{"log.cleanup.policy", "compact"}, {"log.retention.ms", "5"}};
  EXPECT_EQ(to_log_config({{"retention.ms", "7"}}, broker).retention_ms, 7);
  EXPECT_EQ(to_log_config({}, broker).retention_ms, 5);
  EXPECT_TRUE(to_log_config({}, broker).cleanup_compact);
  EXPECT_FALSE(to_log_config({}, broker).cleanup_delete);
}

TEST(TopicConfig, BrokerSynonyms_FinerUnitWinsAndUnitsAreConverted) {
  EXPECT_EQ(to_log_config({}, {{"log.retention.hours", "2"}}).retention_ms, 7'200'000);
  EXPECT_EQ(to_log_config({}, {{"log.retention.hours", "-1"}}).retention_ms, -1);
  EXPECT_EQ(to_log_config({}, {{"log.retention.hours", "2"}, {"log.retention.minutes", "3"}})
                .retention_ms,
            180'000);
}

TEST(TopicConfig, BrokerSettings_AreCheckedUnderTheirOwnName) {
  const Status bad = validate_broker_settings({{"log.retention.hours", "long"}});
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find("log.retention.hours"), std::string::npos);
  EXPECT_FALSE(validate_broker_settings({{"min.insync.replicas", "2"}}));
  EXPECT_TRUE(validate_broker_settings({{"log.retention.hours", "24"}, {"listeners", "x"}}));
}

TEST(TopicConfig, ScheduleSettings_FollowTopicThenBroker) {
  const auto settings = to_schedule_settings(
      {{"schedule.timestamp", "due"}, {"cleanup.policy", "compact"}, {"compression.type", "lz4"}},
      {{"schedule.enable", "false"}});
  EXPECT_FALSE(settings.enable);
  EXPECT_TRUE(settings.compacted);
  EXPECT_EQ(settings.timestamp, ScheduleTimestamp::kDue);
  EXPECT_EQ(settings.unknown_headers, UnknownScheduleHeaders::kRefuse);
  EXPECT_EQ(settings.compression_type, "lz4");
  EXPECT_EQ(settings.max_delay_ms, INT64_MAX);
  EXPECT_EQ(settings.dead_letter_topic, "schedule-dead-letter");
}

TEST(TopicConfig, Describe_ListsOurKeysOnlyWhereTheyAreSet) {
  const auto plain = describe_topic_configs({}, {});
  EXPECT_EQ(named(plain, "durability"), nullptr);
  EXPECT_EQ(named(plain, "message.downconversion.enable"), nullptr);
  ASSERT_NE(named(plain, "cleanup.policy"), nullptr);
  const auto set = describe_topic_configs({{"durability", "async"}}, {});
  ASSERT_NE(named(set, "durability"), nullptr);
  EXPECT_EQ(named(set, "durability")->source, ConfigSource::kTopic);
}

TEST(TopicConfig, Describe_NamesSourceSynonymsAndWhatIsStoredOnly) {
  const auto all = describe_topic_configs({{"retention.ms", "1"}}, {{"log.retention.hours", "2"}});
  const auto* retention = named(all, "retention.ms");
  ASSERT_NE(retention, nullptr);
  EXPECT_EQ(retention->value, "1");
  EXPECT_EQ(retention->source, ConfigSource::kTopic);
  ASSERT_EQ(retention->synonyms.size(), 2U);
  EXPECT_EQ(retention->synonyms[1].name, "log.retention.hours");
  EXPECT_EQ(retention->synonyms[1].source, ConfigSource::kStaticBroker);
  const auto* policy = named(all, "cleanup.policy");
  EXPECT_EQ(policy->source, ConfigSource::kDefault);
  EXPECT_EQ(policy->synonyms.front().name, "log.cleanup.policy");
  EXPECT_NE(named(all, "preallocate")->documentation.find("Stored only"), std::string::npos);
}

TEST(TopicName, FollowsKafkasRules) {
  EXPECT_TRUE(check_topic_name("a.B_c-9"));
  EXPECT_TRUE(check_topic_name(std::string(249, 'a')));
  EXPECT_FALSE(check_topic_name(std::string(250, 'a')));
  for (const char* bad : {"", ".", "..", "a b", "a/b", "ü", "a:b"}) {
    const Status status = check_topic_name(bad);
    ASSERT_FALSE(status) << bad;
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidTopicName);
  }
}

}  // namespace
}  // namespace orloj::coordinator
