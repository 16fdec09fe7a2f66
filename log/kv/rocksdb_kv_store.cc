#include "log/kv/rocksdb_kv_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <cassert>
#include <cstdarg>
#include <utility>

namespace orloj::log {
namespace {

constexpr int kMemtables = 2;       // one fills while the other is written out
constexpr int kBackgroundJobs = 2;  // one flush, one compaction
constexpr double kFilterBitsPerKey = 10;

Error from_rocksdb(std::string_view operation, const std::string& directory,
                   const rocksdb::Status& status) {
  ErrorCode code = ErrorCode::kIo;
  std::string_view remedy = "check the disk and the kernel log";
  if (status.IsNoSpace()) {
    code = ErrorCode::kNoSpace;
    remedy = "free or add disk space";
  } else if (status.IsCorruption()) {
    code = ErrorCode::kCorrupt;
    remedy = "restore it from a copy";
  } else if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
    code = ErrorCode::kLocked;
    remedy = "another process has it open";
  }
  std::string message = "cannot ";
  message.append(operation).append(" the store ").append(directory).append(": ");
  message.append(status.ToString()).append("; ").append(remedy);
  return {code, std::move(message)};
}

// RocksDB's own log file asserts when it cannot be written twice, which would end the process on a
// full disk. What went wrong comes back as a Status.
class NoInfoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::Options to_rocksdb(const RocksdbKvOptions& options) {
  rocksdb::Options translated;
  translated.create_if_missing = true;
  translated.write_buffer_size = options.memtable_bytes;
  translated.max_write_buffer_number = kMemtables;
  translated.max_background_jobs = kBackgroundJobs;
  translated.max_open_files = options.open_files_max;
  translated.info_log = std::make_shared<NoInfoLog>();
  translated.compression = rocksdb::kLZ4Compression;
  translated.level_compaction_dynamic_level_bytes = true;
  // A torn tail of the WAL is what a crash leaves; anything else in it is damage and is told.
  translated.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBitsPerKey));
  translated.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return translated;
}

class RocksdbKvStore final : public KvStore {
 public:
  RocksdbKvStore(std::unique_ptr<rocksdb::DB> database, const RocksdbKvOptions& options)
      : database_(std::move(database)), directory_(options.directory), wal_(options.wal) {}

  Result<std::optional<std::string>> get(std::string_view key) const override {
    std::string value;
    const rocksdb::Status status =
        database_->Get(rocksdb::ReadOptions(), rocksdb::Slice(key), &value);
    if (status.IsNotFound()) {
      return std::optional<std::string>();
    }
    if (!status.ok()) {
      return from_rocksdb("read", directory_, status);
    }
    return std::optional(std::move(value));
  }

  Status write(const KvBatch& batch, KvSync sync) override {
    assert(sync == KvSync::kNone || wal_ == KvWal::kOn);
    rocksdb::WriteBatch translated;
    for (const KvBatch::Step& step : batch.steps()) {
      if (rocksdb::Status status = add(translated, step); !status.ok()) {
        return from_rocksdb("prepare a write to", directory_, status);
      }
    }
    rocksdb::WriteOptions options;
    options.sync = sync == KvSync::kDurable;
    options.disableWAL = wal_ == KvWal::kOff;
    return check("write to", database_->Write(options, &translated));
  }

  Status scan(const KvRange& range, const Visitor& visit) const override {
    rocksdb::ReadOptions options;
    const rocksdb::Slice below(range.below);
    if (!range.below.empty()) {
      options.iterate_upper_bound = &below;
    }
    const std::unique_ptr<rocksdb::Iterator> at(database_->NewIterator(options));
    for (at->Seek(range.from); at->Valid(); at->Next()) {
      if (visit(at->key().ToStringView(), at->value().ToStringView()) == KvVisit::kStop) {
        break;
      }
    }
    return check("scan", at->status());
  }

  Status flush() override {
    if (wal_ == KvWal::kOn) {
      return check("sync", database_->SyncWAL());
    }
    return check("flush", database_->Flush(rocksdb::FlushOptions()));
  }

 private:
  static rocksdb::Status add(rocksdb::WriteBatch& batch, const KvBatch::Step& step) {
    switch (step.kind) {
      case KvBatch::Kind::kPut:
        return batch.Put(step.key, step.value);
      case KvBatch::Kind::kDelete:
        return batch.Delete(step.key);
      case KvBatch::Kind::kDeleteRange:
        break;
    }
    // RocksDB refuses a range that ends before it starts; an empty one is nothing to do.
    return step.key < step.value ? batch.DeleteRange(step.key, step.value) : rocksdb::Status::OK();
  }

  Status check(std::string_view operation, const rocksdb::Status& status) const {
    return status.ok() ? Status{} : Status(from_rocksdb(operation, directory_, status));
  }

  const std::unique_ptr<rocksdb::DB> database_;
  const std::string directory_;
  const KvWal wal_;
};

}  // namespace

Result<std::unique_ptr<KvStore>> open_rocksdb_kv_store(const RocksdbKvOptions& options) {
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(to_rocksdb(options), options.directory, &opened);
  if (!status.ok()) {
    return from_rocksdb("open", options.directory, status);
  }
  return std::unique_ptr<KvStore>(
      std::make_unique<RocksdbKvStore>(std::unique_ptr<rocksdb::DB>(opened), options));
}

Status destroy_rocksdb_kv_store(const std::string& directory) {
  const rocksdb::Status status = rocksdb::DestroyDB(directory, rocksdb::Options());
  if (!status.ok()) {
    return from_rocksdb("delete", directory, status);
  }
  return {};
}

}  // namespace orloj::log
