#include "coordinator/topic_config_changes.h"

#include <gtest/gtest.h>

namespace orloj::coordinator {
namespace {

constexpr auto kSet = ConfigOperation::kSet;
constexpr auto kDelete = ConfigOperation::kDelete;
constexpr auto kAppend = ConfigOperation::kAppend;
constexpr auto kSubtract = ConfigOperation::kSubtract;

std::string policy(const TopicConfigs& current, const ConfigChange& change,
                   const BrokerTopicSettings& broker = {}) {
  return changed_configs(current, {{change}}, broker).value().at("cleanup.policy");
}

TEST(TopicConfigChanges, WhatIsNotNamed_Stays) {
  const TopicConfigs current = {{"retention.ms", "1"}, {"segment.ms", "2"}, {"flush.ms", "3"}};
  const auto changed =
      changed_configs(current, {{{"retention.ms", kSet, "9"}, {"segment.ms", kDelete, ""}}}, {});
  EXPECT_EQ(changed.value(), (TopicConfigs{{"retention.ms", "9"}, {"flush.ms", "3"}}));
}

TEST(TopicConfigChanges, ReplacingAll_LeavesOnlyWhatIsNamed) {
  const TopicConfigs current = {{"retention.ms", "1"}, {"segment.ms", "2"}};
  const ConfigChanges all = {{{"retention.ms", kSet, "9"}}, UnnamedConfigs::kGoBackToDefault};
  EXPECT_EQ(changed_configs(current, all, {}).value(), (TopicConfigs{{"retention.ms", "9"}}));
  const ConfigChanges none = {{}, UnnamedConfigs::kGoBackToDefault};
  EXPECT_TRUE(changed_configs(current, none, {}).value().empty());
}

TEST(TopicConfigChanges, DeletingWhatIsNotSet_ChangesNothing) {
  EXPECT_TRUE(changed_configs({}, {{{"retention.ms", kDelete, ""}}}, {}).value().empty());
  EXPECT_TRUE(changed_configs({}, {{{"no.such.config", kDelete, ""}}}, {}).value().empty());
}

TEST(TopicConfigChanges, Append_AddsWhatTheListLacks) {
  EXPECT_EQ(policy({{"cleanup.policy", "delete"}}, {"cleanup.policy", kAppend, "compact"}),
            "delete,compact");
  EXPECT_EQ(policy({{"cleanup.policy", "delete"}}, {"cleanup.policy", kAppend, "delete, compact"}),
            "delete,compact");
  EXPECT_EQ(policy({{"cleanup.policy", "compact"}}, {"cleanup.policy", kAppend, "compact"}),
            "compact");
}

TEST(TopicConfigChanges, Subtract_TakesOutWhatIsThere) {
  EXPECT_EQ(policy({{"cleanup.policy", "delete,compact"}}, {"cleanup.policy", kSubtract, "delete"}),
            "compact");
  EXPECT_EQ(policy({{"cleanup.policy", "delete"}}, {"cleanup.policy", kSubtract, "compact"}),
            "delete");
}

TEST(TopicConfigChanges, ListThatIsNotSet_BeginsWithTheValueInForce) {
  EXPECT_EQ(policy({}, {"cleanup.policy", kAppend, "compact"}), "delete,compact");
  EXPECT_EQ(policy({}, {"cleanup.policy", kAppend, "delete"}, {{"log.cleanup.policy", "compact"}}),
            "compact,delete");
}

TEST(TopicConfigChanges, NothingToAppend_IsRefused) {
  for (const std::string nothing : {"", " "}) {
    const auto appended = changed_configs({}, {{{"cleanup.policy", kAppend, nothing}}}, {});
    ASSERT_FALSE(appended) << nothing;
    EXPECT_EQ(appended.error().message, "Configuration 'cleanup.policy' values must not be empty.");
  }
  EXPECT_EQ(policy({}, {"cleanup.policy", kSubtract, ""}), "delete");
}

TEST(TopicConfigChanges, ItemsForWhatIsNoList_AreRefusedInKafkasWords) {
  for (const std::string name : {"retention.ms", "no.such.config"}) {
    const auto appended = changed_configs({}, {{{name, kAppend, "1"}}}, {});
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().code, ErrorCode::kInvalidConfig);
    EXPECT_EQ(appended.error().message,
              "Can't APPEND to key " + name + " because its type is not LIST.");
    EXPECT_EQ(changed_configs({}, {{{name, kSubtract, "1"}}}, {}).error().message,
              "Can't SUBTRACT to key " + name + " because its type is not LIST.");
  }
}

}  // namespace
}  // namespace orloj::coordinator
