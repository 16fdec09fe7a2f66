#include "log/env/posix_env.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "log/env/whole_file.h"
#include "tests/support/temp_dir.h"

namespace orloj::log {
namespace {

class PosixEnvTest : public ::testing::Test {
 protected:
  std::unique_ptr<File> create(const std::string& name) {
    return files().open(dir_.file(name), OpenMode::kReadWriteCreate).value();
  }
  FileSystem& files() { return posix_.env().files(); }
  static std::string content(const File& file, std::size_t max = 1 << 20) {
    std::string text(max, '\0');
    text.resize(file.pread(std::as_writable_bytes(std::span(text)), 0).value());
    return text;
  }

  test::TempDir dir_;
  PosixEnv posix_;
};

TEST_F(PosixEnvTest, WriteOfManyParts_LandsContiguously) {
  auto file = create("parts");
  std::vector<std::string> texts;
  std::string expected = "##";
  for (int i = 0; i < 300; ++i) {
    texts.push_back(std::to_string(i) + (i % 7 == 0 ? "" : ","));
    expected += texts.back();
    if (i % 5 == 0) {
      texts.emplace_back();
    }
  }
  std::vector<ByteView> parts;
  for (const std::string& text : texts) {
    parts.push_back(to_bytes(text));
  }
  ASSERT_TRUE(file->pwrite(to_bytes("##"), 0));
  ASSERT_TRUE(file->pwrite(parts, 2));
  EXPECT_EQ(content(*file), expected);
  EXPECT_EQ(file->size().value(), expected.size());
}

TEST_F(PosixEnvTest, JustWritten_IsCachedUpToTheEndOfTheFile) {
  auto file = create("cached");
  ASSERT_TRUE(file->pwrite(std::vector<std::byte>(10'000), 0));
  EXPECT_TRUE(file->is_cached(0, 10'000));
  EXPECT_TRUE(file->is_cached(5'000, 5'000));
  EXPECT_FALSE(file->is_cached(0, 20'000));
}

TEST_F(PosixEnvTest, CachedRead_IsAPrefixOfTheRead) {
  auto file = create("prefix");
  ASSERT_TRUE(file->pwrite(to_bytes("abcdef"), 0));
  std::string out(4, '#');
  const auto got = file->pread_cached(std::as_writable_bytes(std::span(out)), 1);
  ASSERT_TRUE(got);
  EXPECT_EQ(out.substr(0, *got), std::string("bcde").substr(0, *got));
}

TEST_F(PosixEnvTest, ContentVersion_StaysUntilSomebodyWrites) {
  auto file = create("version");
  ASSERT_TRUE(file->pwrite(to_bytes("abc"), 0));
  const auto version = file->content_version().value();
  EXPECT_EQ(content(*file), "abc");
  EXPECT_EQ(file->content_version().value(), version);
  const auto other = files().open(dir_.file("version"), OpenMode::kReadWrite).value();
  while (file->content_version().value() == version) {  // until the kernel's clock ticks
    ASSERT_TRUE(other->pwrite(to_bytes("x"), 0));
  }
}

TEST_F(PosixEnvTest, ReadAtTheEnd_IsShort) {
  auto file = create("short");
  ASSERT_TRUE(file->pwrite(to_bytes("abc"), 0));
  std::array<std::byte, 8> out{};
  EXPECT_EQ(file->pread(out, 1).value(), 2U);
  EXPECT_EQ(file->pread(out, 3).value(), 0U);
}

TEST_F(PosixEnvTest, Allocate_GrowsWithZeros) {
  auto file = create("allocated");
  ASSERT_TRUE(file->pwrite(to_bytes("x"), 0));
  ASSERT_TRUE(file->allocate(8192));
  EXPECT_EQ(content(*file), "x" + std::string(8191, '\0'));
  ASSERT_TRUE(file->truncate(1));
  EXPECT_EQ(content(*file), "x");
  EXPECT_TRUE(file->sync_range_start(0, 1));
  EXPECT_TRUE(file->sync_data());
  EXPECT_GE(file->native_handle(), 0);
}

TEST_F(PosixEnvTest, OpenOfAnAbsentFile_SaysNotFoundAndNamesIt) {
  const auto missing = files().open(dir_.file("none"), OpenMode::kReadWrite);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find(dir_.file("none")), std::string::npos);
}

TEST_F(PosixEnvTest, WriteThrough_TakesAlignedBlocksInEitherMode) {
  auto opened = files().open_write_through(dir_.file("journal"));
  ASSERT_TRUE(opened);
  alignas(kDirectAlignment) static std::array<std::byte, 2 * kDirectAlignment> block;
  block.fill(std::byte{'j'});
  ASSERT_TRUE(opened->file->allocate(4 * kDirectAlignment));
  ASSERT_TRUE(opened->file->pwrite(block, kDirectAlignment));
  block.fill(std::byte{0});
  EXPECT_EQ(opened->file->pread(block, kDirectAlignment).value(), block.size());
  EXPECT_EQ(block.back(), std::byte{'j'});
}

TEST_F(PosixEnvTest, Directories_ListRenameRemove) {
  const std::string deep = dir_.file("a/b");
  ASSERT_TRUE(files().create_directories(deep));
  ASSERT_TRUE(files().create_directories(deep));
  create("a/z");
  create("a/c");
  const auto entries = files().list(dir_.file("a")).value();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].name, "b");
  EXPECT_TRUE(entries[0].is_directory);
  EXPECT_EQ(entries[2].name, "z");
  EXPECT_FALSE(entries[2].is_directory);
  ASSERT_TRUE(files().rename(dir_.file("a/z"), dir_.file("a/c")));
  EXPECT_FALSE(files().exists(dir_.file("a/z")).value());
  ASSERT_TRUE(files().remove(dir_.file("a/c")));
  EXPECT_EQ(files().remove(dir_.file("a/c")).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(files().sync_directory(dir_.file("a")));
  ASSERT_TRUE(files().remove_all(dir_.file("a")));
  EXPECT_FALSE(files().exists(deep).value());
  EXPECT_GT(files().free_bytes(dir_.path()).value(), 0U);
}

TEST_F(PosixEnvTest, SecondLock_NamesTheHolder) {
  auto first = files().lock_file(dir_.file(".lock"));
  ASSERT_TRUE(first);
  const auto second = files().lock_file(dir_.file(".lock"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kLocked);
  EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid())),
            std::string::npos);
  first->reset();
  EXPECT_TRUE(files().lock_file(dir_.file(".lock")));
}

TEST_F(PosixEnvTest, ReplaceFile_SwapsTheWholeContent) {
  const std::string path = dir_.file("meta");
  ASSERT_TRUE(replace_file(files(), path, to_bytes("a long first content")));
  ASSERT_TRUE(replace_file(files(), path, to_bytes("second")));
  const auto read = read_whole_file(files(), path, 6);
  ASSERT_TRUE(read);
  EXPECT_EQ(to_text(*read), "second");
  EXPECT_EQ(read_whole_file(files(), path, 5).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(files().list(dir_.path()).value().size(), 1U);
}

TEST_F(PosixEnvTest, ClockAndRandom_Move) {
  const Env env = posix_.env();
  EXPECT_GT(env.clock().wall_ms(), 1'600'000'000'000);
  const std::int64_t before = env.clock().boot_ns();
  EXPECT_LE(before, env.clock().boot_ns());
  EXPECT_NE(env.random().next_u64(), env.random().next_u64());
}

TEST(Paths, JoinAndParent) {
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(parent_path("/a/b"), "/a");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("a"), ".");
}

}  // namespace
}  // namespace orloj::log
