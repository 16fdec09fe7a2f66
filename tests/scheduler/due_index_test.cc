#include "scheduler/due_index.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>

#include "log/kv/memory_kv_store.h"
#include "tests/support/temp_dir.h"

namespace orloj::scheduler {
namespace {

constexpr std::int64_t kStart = 1'795'255'200'000;
constexpr std::int64_t kFar = kStart + 1'000 * kBucketMs;

log::PartitionId partition(std::int32_t number) {
  log::PartitionId id;
  id.topic_id.bytes.fill(0xff);
  id.partition = number;
  return id;
}

DueIndex in_memory() {
  return DueIndex(log::make_memory_kv_store());
}

IndexChanges changes(std::vector<IndexedEntry> added, std::vector<IndexedEntry> done,
                     log::Offset position) {
  IndexChanges made;
  made.added = std::move(added);
  made.done = std::move(done);
  made.header.position = position;
  return made;
}

std::vector<IndexedEntry> load_all(const DueIndex& index, std::int32_t number) {
  return index.load(partition(number), {0, kFar, 1'000'000}).value().entries;
}

TEST(DueIndex, Header_IsReadBack) {
  DueIndex index = in_memory();
  EXPECT_FALSE(index.header(partition(0)).value());
  IndexChanges made;
  made.header = {7, 90, 3, 55};
  index.write({{partition(0), made}}).value();
  EXPECT_EQ(index.header(partition(0)).value(), made.header);
  EXPECT_FALSE(index.header(partition(1)).value());
}

TEST(DueIndex, Load_IsAddedMinusDoneInOrder) {
  DueIndex index = in_memory();
  index.write({{partition(0), changes({{kStart + 5, 1, 1}, {kStart + 1, 2, 2}}, {}, 3)}}).value();
  index.write({{partition(0), changes({{kStart + 1, 0, 0}}, {{kStart + 5, 1, 1}}, 4)}}).value();
  const std::vector<IndexedEntry> expected = {{kStart + 1, 0, 0}, {kStart + 1, 2, 2}};
  EXPECT_EQ(load_all(index, 0), expected);
  EXPECT_TRUE(load_all(index, 1).empty());
}

TEST(DueIndex, Load_OfACopiedEntry_KnowsItsLastPlace) {
  DueIndex index = in_memory();
  index.write({{partition(0), changes({{kStart, 4, 4}, {kStart, 5, 5}}, {}, 6)}}).value();
  index.write({{partition(0), changes({{kStart, 4, 70}}, {}, 71)}}).value();
  const std::vector<IndexedEntry> expected = {{kStart, 4, 70}, {kStart, 5, 5}};
  EXPECT_EQ(load_all(index, 0), expected);
}

TEST(DueIndex, FinishedBucket_IsGone) {
  DueIndex index = in_memory();
  const std::int64_t next = (bucket_of(kStart) + 1) * kBucketMs;
  index.write({{partition(0), changes({{kStart, 1, 1}, {next, 2, 2}}, {}, 3)}}).value();
  IndexChanges finished = changes({}, {{kStart, 1, 1}}, 4);
  finished.finished_buckets = {bucket_of(kStart)};
  index.write({{partition(0), finished}}).value();
  EXPECT_EQ(index.next_bucket(partition(0), 0).value(), bucket_of(next));
  EXPECT_EQ(load_all(index, 0).size(), 1U);
}

TEST(DueIndex, Clear_TakesOnePartitionOnly) {
  DueIndex index = in_memory();
  index
      .write({{partition(1), changes({{kStart, 1, 1}}, {}, 2)},
              {partition(2), changes({{kStart, 1, 1}}, {}, 2)}})
      .value();
  index.clear(partition(1)).value();
  EXPECT_FALSE(index.header(partition(1)).value());
  EXPECT_TRUE(load_all(index, 1).empty());
  EXPECT_EQ(load_all(index, 2).size(), 1U);
}

// Whatever the size of the slices, they are disjoint, in order and complete.
TEST(DueIndex, LoadInSlices_EqualsOneLoad) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  DueIndex index = in_memory();
  std::set<IndexedEntry> model;
  log::Offset offset = 0;
  for (int round = 0; round < 30; ++round) {
    IndexChanges made;
    for (int i = 0; i < 100; ++i) {
      const std::int64_t spread = random() % 4 == 0 ? 10 : 20 * kBucketMs;
      const IndexedEntry entry{kStart + static_cast<std::int64_t>(random()) % spread, offset,
                               offset};
      ++offset;
      made.added.push_back(entry);
      model.insert(entry);
    }
    for (auto it = model.begin(); it != model.end();) {
      const bool was_written = it->entry < offset - 100;
      if (was_written && random() % 10 == 0) {
        made.done.push_back(*it);
        it = model.erase(it);
      } else {
        ++it;
      }
    }
    made.header.position = offset;
    index.write({{partition(0), made}}).value();
  }
  std::vector<IndexedEntry> loaded;
  std::int64_t from = 0;
  while (from < kFar) {
    const std::size_t most = 1 + random() % 300;
    const Loaded slice = index.load(partition(0), {from, kFar, most}).value();
    ASSERT_GT(slice.below_ms, from);
    for (const IndexedEntry& entry : slice.entries) {
      ASSERT_GE(entry.due_ms, from);
      ASSERT_LT(entry.due_ms, slice.below_ms);
    }
    loaded.insert(loaded.end(), slice.entries.begin(), slice.entries.end());
    from = slice.below_ms;
  }
  EXPECT_EQ(loaded, std::vector<IndexedEntry>(model.begin(), model.end()));
}

TEST(DueIndex, HotMinute_IsLoadedInSlices) {
  DueIndex index = in_memory();
  std::vector<IndexedEntry> added;
  for (log::Offset i = 0; i < 10'000; ++i) {
    added.push_back({kStart + i / 10, i, i});
  }
  index.write({{partition(0), changes(added, {}, 10'000)}}).value();
  const Loaded slice = index.load(partition(0), {0, kFar, 500}).value();
  EXPECT_EQ(slice.entries.size(), 500U);
  EXPECT_EQ(slice.below_ms, kStart + 50);
}

TEST(DueIndex, OnDisk_IsThereAfterReopening) {
  const test::TempDir dir;
  {
    auto index = DueIndex::open(dir.file("index")).value();
    index->write({{partition(0), changes({{kStart, 1, 1}}, {}, 2)}}).value();
    index->flush().value();
  }
  const auto index = DueIndex::open(dir.file("index")).value();
  EXPECT_EQ(load_all(*index, 0).size(), 1U);
}

TEST(DueIndex, GarbledFiles_AreReplacedByAnEmptyIndex) {
  const test::TempDir dir;
  {
    auto index = DueIndex::open(dir.file("index")).value();
    index->write({{partition(0), changes({{kStart, 1, 1}}, {}, 2)}}).value();
    index->flush().value();
  }
  for (const auto& file : std::filesystem::directory_iterator(dir.file("index"))) {
    if (file.path().filename().string().starts_with("MANIFEST")) {
      std::ofstream(file.path()) << "rot";
    }
  }
  const auto index = DueIndex::open(dir.file("index")).value();
  EXPECT_FALSE(index->header(partition(0)).value());
}

}  // namespace
}  // namespace orloj::scheduler
