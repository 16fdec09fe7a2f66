// Rules of the key-value store that both implementations keep.
#include "log/kv/kv_store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "log/kv/memory_kv_store.h"
#include "log/kv/rocksdb_kv_store.h"
#include "tests/support/temp_dir.h"

namespace orloj::log {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs scan_all(const KvStore& store, const KvRange& range) {
  Pairs pairs;
  EXPECT_TRUE(store.scan(range, [&](std::string_view key, std::string_view value) {
    pairs.emplace_back(key, value);
    return KvVisit::kContinue;
  }));
  return pairs;
}

enum class Kind { kMemory, kRocksdbWal, kRocksdbNoWal };

class EveryKvStore : public ::testing::TestWithParam<Kind> {
 protected:
  EveryKvStore() : store_(make()) {}

  std::unique_ptr<KvStore> make() const {
    if (GetParam() == Kind::kMemory) {
      return make_memory_kv_store();
    }
    const KvWal wal = GetParam() == Kind::kRocksdbWal ? KvWal::kOn : KvWal::kOff;
    return open_rocksdb_kv_store({.directory = dir_.file("db"), .wal = wal}).value();
  }

  void put(const std::string& key, const std::string& value) {
    KvBatch batch;
    batch.put(key, value);
    ASSERT_TRUE(store_->write(batch, KvSync::kNone));
  }

  test::TempDir dir_;
  std::unique_ptr<KvStore> store_;
};

TEST_P(EveryKvStore, GetPutDelete) {
  EXPECT_EQ(store_->get("a").value(), std::nullopt);
  put("a", "1");
  put("a", "2");
  put(std::string("b\0c", 3), "");
  EXPECT_EQ(store_->get("a").value(), "2");
  EXPECT_EQ(store_->get(std::string_view("b\0c", 3)).value(), "");
  EXPECT_EQ(store_->get("b").value(), std::nullopt);
  KvBatch batch;
  batch.remove("a");
  batch.remove("never there");
  ASSERT_TRUE(store_->write(batch, KvSync::kNone));
  EXPECT_EQ(store_->get("a").value(), std::nullopt);
}

TEST_P(EveryKvStore, StepsOfABatch_ActInOrder) {
  put("k1", "old");
  KvBatch batch;
  batch.put("k0", "gone");
  batch.remove_range("k0", "k2");
  batch.put("k1", "new");
  batch.remove_range("k9", "k1");
  ASSERT_TRUE(store_->write(batch, KvSync::kNone));
  EXPECT_EQ(scan_all(*store_, {}), (Pairs{{"k1", "new"}}));
}

TEST_P(EveryKvStore, Scan_KeepsBoundsOrderAndStops) {
  for (const char* key : {"b", "d", "a", "c", "\xff"}) {
    put(key, key);
  }
  EXPECT_EQ(scan_all(*store_, {"b", "d"}), (Pairs{{"b", "b"}, {"c", "c"}}));
  EXPECT_EQ(scan_all(*store_, {"d", ""}), (Pairs{{"d", "d"}, {"\xff", "\xff"}}));
  EXPECT_TRUE(scan_all(*store_, {"d", "b"}).empty());
  std::string seen;
  ASSERT_TRUE(store_->scan({}, [&](std::string_view key, std::string_view) {
    seen += key;
    return key == "b" ? KvVisit::kStop : KvVisit::kContinue;
  }));
  EXPECT_EQ(seen, "ab");
}

TEST_P(EveryKvStore, VisitorMayWrite_AndSeesOneMoment) {
  put("a", "");
  put("b", "");
  int seen = 0;
  ASSERT_TRUE(store_->scan({}, [&](std::string_view, std::string_view) {
    put("z" + std::to_string(++seen), "");
    return KvVisit::kContinue;
  }));
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(scan_all(*store_, {}).size(), 4U);
}

TEST_P(EveryKvStore, RandomOperations_AgreeWithAMap) {
  const std::uint32_t seed = 7;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto random_key = [&] { return std::to_string(random() % 300); };
  std::map<std::string, std::string> model;
  for (int round = 0; round < 500; ++round) {
    KvBatch batch;
    for (int i = 0; i < 5; ++i) {
      const std::string key = random_key();
      batch.put(key, std::to_string(round));
      model[key] = std::to_string(round);
    }
    const std::string removed = random_key();
    batch.remove(removed);
    model.erase(removed);
    if (round % 20 == 0) {
      const std::string from = random_key();
      const std::string below = from + "5";
      batch.remove_range(from, below);
      model.erase(model.lower_bound(from), model.lower_bound(below));
    }
    ASSERT_TRUE(store_->write(batch, KvSync::kNone));
  }
  EXPECT_EQ(scan_all(*store_, {}), Pairs(model.begin(), model.end()));
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryKvStore,
                         ::testing::Values(Kind::kMemory, Kind::kRocksdbWal, Kind::kRocksdbNoWal));

TEST(RocksdbKvStore, ReopenedStore_HasWhatWasWritten) {
  const test::TempDir dir;
  KvBatch batch;
  batch.put("k", "v");
  for (const KvWal wal : {KvWal::kOn, KvWal::kOff}) {
    const RocksdbKvOptions options{.directory = dir.file(wal == KvWal::kOn ? "on" : "off"),
                                   .wal = wal};
    {
      auto store = open_rocksdb_kv_store(options);
      ASSERT_TRUE(store) << store.error().message;
      ASSERT_TRUE((*store)->write(batch, wal == KvWal::kOn ? KvSync::kDurable : KvSync::kNone));
      ASSERT_TRUE((*store)->flush());
    }
    EXPECT_EQ(open_rocksdb_kv_store(options).value()->get("k").value(), "v");
    ASSERT_TRUE(destroy_rocksdb_kv_store(options.directory));
    EXPECT_EQ(open_rocksdb_kv_store(options).value()->get("k").value(), std::nullopt);
  }
}

TEST(RocksdbKvStore, SecondOpen_SaysLocked) {
  const test::TempDir dir;
  const RocksdbKvOptions options{.directory = dir.file("db")};
  const auto first = open_rocksdb_kv_store(options);
  ASSERT_TRUE(first);
  const auto second = open_rocksdb_kv_store(options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kLocked) << second.error().message;
}

// The size limit of files stands in for a full disk: writes fail the same way, the log file of
// RocksDB's own included.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(RocksdbKvStore, FilesThatCannotGrow_FailWritesAndOpensButNotTheProcess) {
  const test::TempDir dir;
  const RocksdbKvOptions options{.directory = dir.file("db")};
  KvBatch batch;
  batch.put("k", std::string(10'000, 'v'));
  {
    const auto store = open_rocksdb_kv_store(options).value();
    ASSERT_TRUE(store->write(batch, KvSync::kDurable));
    const FileSizeLimit limit(12'000);
    for (int attempt = 0; attempt < 3; ++attempt) {
      EXPECT_FALSE(store->write(batch, KvSync::kDurable));
    }
  }
  {
    const FileSizeLimit limit(1);
    EXPECT_FALSE(open_rocksdb_kv_store(options));
  }
  EXPECT_EQ(open_rocksdb_kv_store(options).value()->get("k").value(), std::string(10'000, 'v'));
}

TEST(AfterPrefix, IsTheNextKeyAboveThePrefix) {
  EXPECT_EQ(after_prefix("ab"), "ac");
  EXPECT_EQ(after_prefix("a\xff\xff"), "b");
  EXPECT_EQ(after_prefix("\xff"), "");
  EXPECT_EQ(after_prefix(""), "");
}

}  // namespace
}  // namespace orloj::log
