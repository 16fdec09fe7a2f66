// The faulty twin keeps the rules of the real file system, and forgets as it says.
#include "tests/support/sim_env.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "log/env/whole_file.h"

namespace orloj::log {
namespace {

using test::SimCall;
using test::SimDisk;
using test::SimEnv;
using test::SimFault;

std::string content(FileSystem& files, const std::string& path) {
  const auto read = read_whole_file(files, path, 1 << 20);
  return read ? std::string(to_text(*read)) : "error: " + std::string(name(read.error().code));
}

std::unique_ptr<File> create(FileSystem& files, const std::string& path) {
  return files.open(path, OpenMode::kReadWriteCreate).value();
}

TEST(SimDisk, SyncedBytesUnderASyncedName_Survive) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimDisk disk(seed);
    auto file = create(disk, "/f");
    ASSERT_TRUE(file->pwrite(to_bytes("durable"), 0));
    ASSERT_TRUE(file->sync_data());
    ASSERT_TRUE(disk.sync_directory("/"));
    ASSERT_TRUE(file->pwrite(to_bytes("-and-the-rest"), 7));
    disk.restart_after_power_cut();
    const std::string after = content(disk, "/f");
    EXPECT_TRUE(after.starts_with("durable")) << "seed " << seed;
    EXPECT_TRUE(std::string("durable-and-the-rest").starts_with(after)) << "seed " << seed;
  }
}

TEST(SimDisk, UnsyncedBytesAndNames_HaveManyFates) {
  std::set<std::string> fates;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimDisk disk(seed);
    ASSERT_TRUE(create(disk, "/f")->pwrite(to_bytes("abc"), 0));
    disk.restart_after_power_cut();
    fates.insert(content(disk, "/f"));
  }
  EXPECT_EQ(fates, (std::set<std::string>{"error: not found", "", "a", "ab", "abc"}));
}

TEST(SimDisk, KilledProcess_LosesNothingButItsHandles) {
  SimDisk disk(1);
  auto file = create(disk, "/f");
  ASSERT_TRUE(file->pwrite(to_bytes("abc"), 0));
  auto lock = disk.lock_file("/.lock");
  ASSERT_TRUE(lock);
  EXPECT_EQ(disk.lock_file("/.lock").error().code, ErrorCode::kLocked);
  disk.kill_process();
  EXPECT_FALSE(file->pwrite(to_bytes("x"), 0));
  EXPECT_EQ(content(disk, "/f"), "abc");
  EXPECT_TRUE(disk.lock_file("/.lock"));
}

TEST(SimDisk, ReplaceFile_IsAtomicAtEveryCut) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const SimCall call : {SimCall::kOpen, SimCall::kWrite, SimCall::kTruncate, SimCall::kSync,
                               SimCall::kRename, SimCall::kSyncDirectory}) {
      SimDisk disk(seed);
      ASSERT_TRUE(replace_file(disk, "/f", to_bytes("old")));
      disk.inject({.call = call, .fault = SimFault::kPowerCut});
      EXPECT_FALSE(replace_file(disk, "/f", to_bytes("new content")));
      EXPECT_TRUE(disk.power_is_off());
      EXPECT_FALSE(disk.exists("/f"));
      disk.restart_after_power_cut();
      const std::string after = content(disk, "/f");
      EXPECT_TRUE(after == "old" || after == "new content") << after << " seed " << seed;
    }
    SimDisk disk(seed);
    ASSERT_TRUE(replace_file(disk, "/f", to_bytes("old")));
    ASSERT_TRUE(replace_file(disk, "/f", to_bytes("new content")));
    disk.restart_after_power_cut();
    EXPECT_EQ(content(disk, "/f"), "new content");
  }
}

TEST(SimDisk, FailedSync_LosesTheBytesEvenIfTheNextOneSucceeds) {
  SimDisk disk(1);
  auto file = create(disk, "/f");
  ASSERT_TRUE(disk.sync_directory("/"));
  ASSERT_TRUE(file->pwrite(to_bytes("abc"), 0));
  disk.inject({.call = SimCall::kSync, .fault = SimFault::kIoError});
  EXPECT_EQ(file->sync_data().error().code, ErrorCode::kIo);
  EXPECT_TRUE(file->sync_data());
  EXPECT_EQ(content(disk, "/f"), "abc");
  disk.restart_after_power_cut();
  EXPECT_EQ(content(disk, "/f"), "");
}

TEST(SimDisk, Faults_HitTheNthCallOnTheirPath) {
  SimDisk disk(1);
  auto log_file = create(disk, "/a.log");
  auto index_file = create(disk, "/a.index");
  disk.inject(
      {.call = SimCall::kWrite, .nth = 2, .fault = SimFault::kNoSpace, .path_contains = ".log"});
  EXPECT_TRUE(log_file->pwrite(to_bytes("1"), 0));
  EXPECT_TRUE(index_file->pwrite(to_bytes("1"), 0));
  EXPECT_EQ(log_file->pwrite(to_bytes("2"), 1).error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(log_file->pwrite(to_bytes("3"), 1));
  disk.inject({.call = SimCall::kWrite, .fault = SimFault::kShortWrite});
  EXPECT_FALSE(log_file->pwrite(to_bytes("4567"), 2));
  EXPECT_EQ(content(disk, "/a.log"), "1345");
  EXPECT_EQ(disk.calls(SimCall::kWrite), 5);
}

TEST(SimDisk, FullDisk_RefusesGrowthOnly) {
  SimDisk disk(1);
  disk.set_capacity(4);
  auto file = create(disk, "/f");
  EXPECT_TRUE(file->pwrite(to_bytes("abcd"), 0));
  EXPECT_EQ(disk.free_bytes("/").value(), 0U);
  EXPECT_EQ(file->pwrite(to_bytes("e"), 4).error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(file->pwrite(to_bytes("x"), 0));
}

TEST(SimDisk, WriteThrough_IsDurableAndWantsAlignment) {
  SimDisk disk(1);
  auto opened = disk.open_write_through("/journal").value();
  EXPECT_EQ(opened.mode, WriteThrough::kDirect);
  ASSERT_TRUE(disk.sync_directory("/"));
  alignas(kDirectAlignment) static std::array<std::byte, kDirectAlignment> block;
  block.fill(std::byte{'j'});
  EXPECT_FALSE(opened.file->pwrite(ByteView(block).first(7), 0));
  ASSERT_TRUE(opened.file->pwrite(block, 0));
  disk.restart_after_power_cut();
  EXPECT_EQ(content(disk, "/journal"), std::string(kDirectAlignment, 'j'));
}

TEST(SimDisk, Directories_MoveWithTheirFiles) {
  SimDisk disk(1);
  ASSERT_TRUE(disk.create_directories("/data/topic-0"));
  ASSERT_TRUE(replace_file(disk, "/data/topic-0/x", to_bytes("x")));
  ASSERT_TRUE(disk.rename("/data/topic-0", "/data/trash"));
  ASSERT_TRUE(disk.sync_directory("/data"));
  disk.restart_after_power_cut();
  EXPECT_EQ(content(disk, "/data/trash/x"), "x");
  EXPECT_FALSE(disk.exists("/data/topic-0").value());
  EXPECT_EQ(disk.list("/data").value().size(), 1U);
  EXPECT_EQ(disk.open("/none/y", OpenMode::kReadWriteCreate).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(disk.remove_all("/data/trash"));
  EXPECT_TRUE(disk.list("/data").value().empty());
}

TEST(SimDisk, ArmedCrashPoint_CutsThePowerAtItsNthVisit) {
  SimEnv sim(1);
  sim.disk.arm("here", 2);
  sim.env().reached("elsewhere");
  sim.env().reached("here");
  EXPECT_FALSE(sim.disk.power_is_off());
  sim.env().reached("here");
  EXPECT_TRUE(sim.disk.power_is_off());
}

TEST(SimClock, WallStepsAndBootDoesNot) {
  SimEnv sim(1);
  const std::int64_t wall = sim.env().clock().wall_ms();
  const std::int64_t boot = sim.env().clock().boot_ms();
  sim.clock.advance_ms(50);
  sim.clock.step_wall_ms(-1000);
  EXPECT_EQ(sim.env().clock().wall_ms(), wall - 950);
  EXPECT_EQ(sim.env().clock().boot_ms(), boot + 50);
}

}  // namespace
}  // namespace orloj::log
