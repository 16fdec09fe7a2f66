#include "log/data_directory.h"

#include <gtest/gtest.h>

#include "log/env/whole_file.h"
#include "tests/support/sim_env.h"

namespace orloj::log {
namespace {

TEST(DataDirectory, PartitionDirectoryNames_ParseBack) {
  const auto parsed = parse_partition_directory_name(partition_directory_name("a-b.c-1", 12));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->topic, "a-b.c-1");
  EXPECT_EQ(parsed->partition, 12);
  for (const std::string_view other : {"journal", "t-", "-1", "t-01", "t-x", "t--1", "t-+1"}) {
    const auto name = parse_partition_directory_name(other);
    EXPECT_TRUE(!name || partition_directory_name(name->topic, name->partition) == other) << other;
  }
  EXPECT_FALSE(parse_partition_directory_name("t-01").has_value());
  EXPECT_FALSE(parse_partition_directory_name("schedule-index").has_value());
}

TEST(DataDirectory, TrashNames_AreNoPartitionsAndOnlyOursAreTrash) {
  const std::string trash = trash_name("t-delete-0", 0xfeedU);
  EXPECT_TRUE(is_trash_name(trash));
  EXPECT_FALSE(parse_partition_directory_name(trash).has_value());
  for (const std::string_view other :
       {"t-0", "t-delete-0", "x-delete", "t-0.0123-delete", "t.0123456789abcdef-delete"}) {
    EXPECT_FALSE(is_trash_name(other)) << other;
  }
}

TEST(DataDirectory, TopicIds_ParseBack) {
  test::SimRandom random(3);
  for (int i = 0; i < 100; ++i) {
    TopicId id;
    random.fill(std::as_writable_bytes(std::span(id.bytes)));
    EXPECT_EQ(parse_topic_id(id.to_string()), id);
  }
  EXPECT_FALSE(parse_topic_id("").has_value());
  EXPECT_FALSE(parse_topic_id("AAAAAAAAAAAAAAAAAAAAA!").has_value());
  EXPECT_FALSE(parse_topic_id("AAAAAAAAAAAAAAAAAAAAAB").has_value());  // bits that no id has
}

TEST(DataDirectory, PartitionMetadata_IsKafkasTextAndParsesBack) {
  test::SimEnv sim(1);
  ASSERT_TRUE(sim.disk.create_directories("/d"));
  TopicId id;
  id.bytes[3] = 9;
  ASSERT_TRUE(write_partition_metadata(sim.env(), "/d", id));
  EXPECT_EQ(to_text(*read_whole_file(sim.disk, "/d/partition.metadata", 1'000)),
            "version: 0\ntopic_id: " + id.to_string() + "\n");
  EXPECT_EQ(*read_partition_metadata(sim.env(), "/d"), id);
  ASSERT_TRUE(replace_file(sim.disk, "/d/partition.metadata", to_bytes("version: 0\n")));
  EXPECT_EQ(read_partition_metadata(sim.env(), "/d").error().code, ErrorCode::kCorrupt);
}

TEST(DataDirectory, CleanMarker_IsTakenOnceAndStaysAwayAfterAPowerCut) {
  test::SimEnv sim(1);
  {
    const auto directory = DataDirectory::open(sim.env(), "/data");
    ASSERT_TRUE(directory->write_clean_marker());
    ASSERT_TRUE(sim.disk.sync_directory("/"));
    EXPECT_TRUE(*directory->take_clean_marker());
  }
  sim.disk.restart_after_power_cut();
  EXPECT_FALSE(*DataDirectory::open(sim.env(), "/data")->take_clean_marker());
}

TEST(DataDirectory, MetaOfAnUnreadableFile_IsCorrupt) {
  test::SimEnv sim(1);
  const auto directory = DataDirectory::open(sim.env(), "/data");
  EXPECT_FALSE(directory->read_meta(1)->has_value());
  ASSERT_TRUE(replace_file(sim.disk, "/data/meta.properties", to_bytes("version=x\n")));
  EXPECT_EQ(directory->read_meta(1).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace orloj::log
