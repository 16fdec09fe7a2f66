#include "broker/settings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "config/settings.h"
#include "coordinator/topic_config.h"

namespace orloj::broker {
namespace {

// One configuration file, and what a user may say beside it.
class ReadSettingsTest : public testing::Test {
 protected:
  void write(const std::string& yaml) {
    line_.config_file = path_;
    std::ofstream(path_) << yaml;
  }

  config::Loaded read(std::vector<std::string> variables = {}) {
    std::vector<char*> environment;
    for (std::string& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    return read_settings(line_, environment.data());
  }

  std::string path_ = testing::TempDir() + "orloj_settings_" + std::to_string(getpid()) + ".yaml";
  CommandLine line_;
};

TEST_F(ReadSettingsTest, FaultsOfEveryKind_AreOneReportThatNamesThePlaceOfEach) {
  write(
      "no.such.setting: 1\n"
      "num.partitions: many\n"
      "log.retention.ms: -7\n"
      "durability: rubbish\n"
      "log.level: loud\n"
      "admin.address: nowhere\n"
      "log.dirs: a,b\n");
  line_.sets = {"log.segment.bytes=1", "max.connections=0"};
  const config::Loaded loaded = read({"ORLOJ_LOG_ROLL_HOURS=0", "ORLOJ_LISTENERS=x"});
  const std::string text = to_text(loaded.faults);
  for (const std::string& fault :
       {path_ + ":1: unknown setting \"no.such.setting\"",
        path_ + ":2: num.partitions: \"many\" is not a whole number",
        path_ + ":3: log.retention.ms: retention.ms=-7: must be from -1",
        path_ + ":4: durability: durability=rubbish: must be one of: sync, async",
        path_ + ":5: log.level: \"loud\" is none of debug, info, warning, error",
        path_ + ":6: admin.address: \"nowhere\" is not host:port",
        path_ + ":7: log.dirs: one directory only",
        std::string("--set log.segment.bytes: log.segment.bytes: segment.bytes=1: must be from"),
        std::string("--set max.connections: max.connections: 0 is out of bounds: 1"),
        std::string("environment ORLOJ_LOG_ROLL_HOURS: log.roll.hours: segment.ms=0: must be"),
        std::string("environment ORLOJ_LISTENERS: listeners: \"x\" is not NAME://host:port")}) {
    EXPECT_NE(text.find(fault), std::string::npos) << fault << "\nis missing in\n" << text;
  }
  EXPECT_EQ(loaded.faults.size(), 11U) << text;
}

TEST_F(ReadSettingsTest, DirectoryThatNobodyNames_IsAFaultUnlessTheFileIsLost) {
  EXPECT_NE(to_text(read().faults).find("log.dirs: say where"), std::string::npos);
  write("a: [1\n");
  const config::Loaded loaded = read();
  ASSERT_EQ(loaded.faults.size(), 1U) << to_text(loaded.faults);
  EXPECT_TRUE(loaded.faults[0].where.starts_with(path_ + ":"));
}

TEST_F(ReadSettingsTest, DirectoryOfTheFlag_NamesThatFlag) {
  line_.data_dir = "/nowhere";
  const config::Loaded loaded = read();
  EXPECT_TRUE(loaded.faults.empty()) << to_text(loaded.faults);
  EXPECT_EQ(loaded.origins.at("log.dirs"), "--data-dir");
}

TEST(SettingsTable, EveryTopicDefault_IsTheBrokerNameOfExactlyOneTopicConfig) {
  std::map<std::string_view, int> topic_configs;
  for (const auto& key : coordinator::topic_config_keys()) {
    for (const auto& synonym : key.synonyms) ++topic_configs[synonym.name];
  }
  for (const config::Setting& setting : config::settings()) {
    if (!std::holds_alternative<config::TopicDefault>(setting.field)) continue;
    EXPECT_EQ(topic_configs[setting.name], 1) << setting.name;
  }
}

TEST(SettingsTable, EveryBrokerNameOfATopicConfig_IsASettingWithTheSameDefault) {
  config::Config defaults;
  for (const auto& key : coordinator::topic_config_keys()) {
    for (const auto& synonym : key.synonyms) {
      const config::Setting* setting = config::find_setting(synonym.name);
      ASSERT_NE(setting, nullptr) << synonym.name << ", the default of " << key.name;
      const std::string text = config::print_value(*setting, defaults);
      if (text.empty()) continue;
      EXPECT_EQ(coordinator::topic_config_value(key.name, {}, {{std::string(synonym.name), text}}),
                key.default_value)
          << synonym.name;
    }
  }
}

TEST(SettingsTable, ATopicDefaultThatHasNoEffect_SaysSo) {
  for (const auto& key : coordinator::topic_config_keys()) {
    if (key.effect != coordinator::ConfigEffect::kStoredOnly) continue;
    for (const auto& synonym : key.synonyms) {
      const config::Setting* setting = config::find_setting(synonym.name);
      ASSERT_NE(setting, nullptr) << synonym.name;
      if (!std::holds_alternative<config::TopicDefault>(setting->field)) continue;
      EXPECT_NE(setting->meaning.find("Without effect"), std::string_view::npos) << synonym.name;
    }
  }
}

TEST(SettingsTable, Durability_IsTheDefaultOfTheTopicConfig) {
  EXPECT_EQ(coordinator::to_log_config({}, {{"durability", "async"}}).durability,
            log::Durability::kAsync);
  EXPECT_FALSE(coordinator::validate_broker_settings({{"durability", "rubbish"}}));
}

}  // namespace
}  // namespace orloj::broker
