#include "broker/settings.h"

#include <gtest/gtest.h>

#include <map>

#include "config/settings.h"
#include "coordinator/topic_config.h"

namespace orloj::broker {
namespace {

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
