#include "config/source.h"

#include <gtest/gtest.h>

namespace orloj::config {
namespace {

TEST(YamlSource, NestedMappings_AreJoinedWithDots) {
  const Source source = read_yaml("log:\n  retention.ms: 5\nnum.partitions: 3\n", "orloj.yaml");
  ASSERT_TRUE(source.faults.empty()) << to_text(source.faults);
  ASSERT_EQ(source.settings.size(), 2u);
  EXPECT_EQ(source.settings[0].name, "log.retention.ms");
  EXPECT_EQ(source.settings[0].text, "5");
  EXPECT_EQ(source.settings[0].where, "orloj.yaml:2");
  EXPECT_EQ(source.settings[1].where, "orloj.yaml:3");
}

TEST(YamlSource, Sequence_BecomesCommaSeparatedList) {
  const Source source = read_yaml("listeners: [PLAINTEXT://:1, INTERNAL://:2]\n", "f");
  ASSERT_EQ(source.settings.size(), 1u);
  EXPECT_EQ(source.settings[0].text, "PLAINTEXT://:1,INTERNAL://:2");
}

TEST(YamlSource, SyntaxError_NamesItsLine) {
  const Source source = read_yaml("a: 1\nb: [1, 2\nc: 3\n", "orloj.yaml");
  ASSERT_EQ(source.faults.size(), 1u);
  EXPECT_TRUE(source.faults[0].where.starts_with("orloj.yaml:")) << source.faults[0].where;
}

TEST(YamlSource, FileThatIsNoMapping_IsRefused) {
  EXPECT_EQ(read_yaml("- a\n- b\n", "f").faults.size(), 1u);
}

TEST(YamlSource, FileOverTheLimit_IsRefusedUnread) {
  const Source source = read_yaml(std::string(kConfigFileBytesMax + 1, ' '), "f");
  ASSERT_EQ(source.faults.size(), 1u);
  EXPECT_TRUE(source.settings.empty());
}

TEST(YamlSource, DeepNesting_IsRefusedNotFollowed) {
  std::string yaml;
  for (int i = 0; i < 20; ++i) yaml += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  yaml += std::string(20, ' ') + "b: 1\n";
  EXPECT_FALSE(read_yaml(yaml, "f").faults.empty());
}

TEST(EnvironmentSource, Underscores_FollowTheRuleOfKafkasImage) {
  const Source source = read_environment(
      {{"ORLOJ_NUM_PARTITIONS", "3"}, {"ORLOJ_A__B___C", "x"}, {"PATH", "/bin"}, {"KAFKA_X", "1"}});
  ASSERT_EQ(source.settings.size(), 2u);
  EXPECT_EQ(source.settings[0].name, "num.partitions");
  EXPECT_EQ(source.settings[0].where, "environment ORLOJ_NUM_PARTITIONS");
  EXPECT_EQ(source.settings[1].name, "a_b-c");
}

TEST(FlagSource, FlagWithoutEqualsSign_IsAFault) {
  const Source source = read_flags({"num.partitions", "a=b=c", "=x"});
  EXPECT_EQ(source.faults.size(), 2u);
  ASSERT_EQ(source.settings.size(), 1u);
  EXPECT_EQ(source.settings[0].name, "a");
  EXPECT_EQ(source.settings[0].text, "b=c");
}

}  // namespace
}  // namespace orloj::config
