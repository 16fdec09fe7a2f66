// The store on RocksDB: one database in one directory. The only place that knows RocksDB.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "log/kv/kv_store.h"

namespace orloj::log {

enum class KvWal : std::uint8_t {
  kOn,   // truth: metadata
  kOff,  // derived data: after any crash the store holds some earlier state, whole batches in order
};

struct RocksdbKvOptions {
  std::string directory;  // made when absent; its parent exists
  KvWal wal = KvWal::kOn;
  std::uint64_t memtable_bytes = 4U << 20;
  std::uint64_t block_cache_bytes = 8U << 20;
  std::int32_t open_files_max = 256;
};

// kLocked when another process has it open, kCorrupt when it cannot be read: a derived store may
// then be deleted.
Result<std::unique_ptr<KvStore>> open_rocksdb_kv_store(const RocksdbKvOptions& options);

// Deletes the whole database.
Status destroy_rocksdb_kv_store(const std::string& directory);

}  // namespace orloj::log
