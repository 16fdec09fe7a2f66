#include "config/load.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/settings.h"

namespace orloj::config {
namespace {

TEST(Load, LaterSource_WinsOverEarlier) {
  Loaded loaded = load({read_yaml("log.journal.file.bytes: 2000000\nlog.retention.ms: 7\n", "f"),
                        read_environment({{"ORLOJ_LOG_JOURNAL_FILE_BYTES", "3000000"}}),
                        read_flags({"log.journal.file.bytes=4000000"})});
  ASSERT_TRUE(loaded.faults.empty()) << to_text(loaded.faults);
  EXPECT_EQ(loaded.config.log.journal_file_bytes, 4000000);
  EXPECT_EQ(loaded.config.coordinator.topic_defaults.at("log.retention.ms"), "7");
  EXPECT_EQ(loaded.origins.at("log.journal.file.bytes"), "--set log.journal.file.bytes");
  EXPECT_EQ(loaded.origins.at("log.retention.ms"), "f:2");
}

TEST(Load, EveryFault_IsReportedAtOnceWithItsPlace) {
  const Loaded loaded =
      load({read_yaml("log.segment.bytes: many\nlog.retntion.ms: 7\nlog.retention.ms: 1\n"
                      "log.retention.ms: 2\n",
                      "orloj.yaml"),
            read_flags({"schedule.header.max.bytes=-5"})});
  const std::string text = to_text(loaded.faults);
  EXPECT_NE(text.find("orloj.yaml:1: log.segment.bytes: \"many\" is not a whole number"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find(
          "orloj.yaml:2: unknown setting \"log.retntion.ms\"; did you mean \"log.retention.ms\"?"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("orloj.yaml:4: \"log.retention.ms\" is set twice"), std::string::npos)
      << text;
  EXPECT_NE(
      text.find("--set schedule.header.max.bytes: schedule.header.max.bytes: -5 is out of bounds"),
      std::string::npos)
      << text;
}

TEST(Settings, EveryDefault_LiesWithinItsBoundsAndParsesBack) {
  Config config;
  for (const Setting& setting : settings()) {
    const std::string text = print_value(setting, config);
    const auto fault = apply(setting, config, text);
    EXPECT_FALSE(fault.has_value()) << setting.name << "=" << text << ": " << fault.value_or("");
    EXPECT_EQ(print_value(setting, config), text) << setting.name;
    EXPECT_FALSE(setting.meaning.empty()) << setting.name;
  }
}

TEST(Settings, Name_IsUnique) {
  for (const Setting& setting : settings())
    EXPECT_EQ(find_setting(setting.name), &setting) << setting.name;
}

TEST(SettingsDocument, ListsTheTableAsItIs) {
  std::ifstream file(ORLOJ_SOURCE_DIR "/docs/settings.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(settings_markdown()), std::string::npos)
      << "docs/settings.md is stale; its table must be what `orloj config markdown` prints";
}

}  // namespace
}  // namespace orloj::config
