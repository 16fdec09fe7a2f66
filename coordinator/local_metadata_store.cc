#include "coordinator/local_metadata_store.h"

#include <optional>
#include <utility>

#include "coordinator/codec.h"
#include "log/kv/rocksdb_kv_store.h"

namespace orloj::coordinator {
namespace {

constexpr std::int32_t kFormat = 1;
constexpr std::string_view kFormatKey = "f";
constexpr std::string_view kRevisionKey = "r";
constexpr char kEntryPrefix = 'k';

Error store_error(const log::Error& error) {
  return Error{ErrorCode::kStore, "metadata store: " + error.message};
}

Error corrupt(std::string_view key) {
  return Error{ErrorCode::kCorrupt, "metadata store: key " + std::string(key) +
                                        " cannot be decoded; restore it from a snapshot"};
}

}  // namespace

LocalMetadataStore::LocalMetadataStore(std::unique_ptr<log::KvStore> kv,
                                       const CoordinatorOptions& options)
    : EmbeddedMetadataStore(options), kv_(std::move(kv)) {
}

Result<std::unique_ptr<LocalMetadataStore>> LocalMetadataStore::open(
    const CoordinatorOptions& options) {
  log::RocksdbKvOptions kv_options;
  kv_options.directory = options.metadata_dir;
  kv_options.wal = log::KvWal::kOn;
  auto kv = log::open_rocksdb_kv_store(kv_options);
  if (!kv) return store_error(kv.error());
  return open(std::move(*kv), options);
}

Result<std::unique_ptr<LocalMetadataStore>> LocalMetadataStore::open(
    std::unique_ptr<log::KvStore> kv, const CoordinatorOptions& options) {
  std::unique_ptr<LocalMetadataStore> store(new LocalMetadataStore(std::move(kv), options));
  if (Status known = store->check_format(); !known) return known.error();
  if (Status loaded = store->load(); !loaded) return loaded.error();
  return store;
}

Status LocalMetadataStore::check_format() {
  const auto stored = kv_->get(kFormatKey);
  if (!stored) return store_error(stored.error());
  if (!*stored) {
    log::KvBatch batch;
    batch.put(std::string(kFormatKey), Writer().integer(kFormat).take());
    const log::Status written = kv_->write(batch, log::KvSync::kDurable);
    if (!written) return store_error(written.error());
    return {};
  }
  Reader reader(**stored);
  const auto format = reader.integer<std::int32_t>();
  if (!reader.ok()) return corrupt(kFormatKey);
  if (format == kFormat) return {};
  return Error{ErrorCode::kUnsupportedFormat,
               "metadata store has format " + std::to_string(format) +
                   "; this version reads format 1: start a newer one"};
}

Status LocalMetadataStore::load() {
  const auto stored = kv_->get(kRevisionKey);
  if (!stored) return store_error(stored.error());
  Revision revision = 0;
  if (*stored) {
    Reader reader(**stored);
    revision = reader.integer<std::int64_t>();
    if (!reader.ok()) return corrupt(kRevisionKey);
  }
  std::map<std::string, Entry, std::less<>> entries;
  std::optional<std::string> bad;
  const std::string prefix(1, kEntryPrefix);
  const log::Status scanned = kv_->scan(
      {prefix, log::after_prefix(prefix)}, [&](std::string_view key, std::string_view value) {
        Reader reader(value);
        Entry entry;
        entry.revision = reader.integer<std::int64_t>();
        entry.lease = reader.integer<std::int64_t>();
        if (!reader.ok()) {
          bad = std::string(key.substr(1));
          return log::KvVisit::kStop;
        }
        entry.value = std::string(value.substr(2 * sizeof(std::int64_t)));
        entries.emplace(std::string(key.substr(1)), std::move(entry));
        return log::KvVisit::kContinue;
      });
  if (!scanned) return store_error(scanned.error());
  if (bad) return corrupt(*bad);
  return restore(std::move(entries), revision);
}

Status LocalMetadataStore::persist(const std::vector<EntryChange>& changes, Revision revision) {
  log::KvBatch batch;
  for (const auto& change : changes) {
    std::string key = kEntryPrefix + change.key;
    if (change.entry) {
      Writer value;
      value.integer(change.entry->revision).integer(change.entry->lease).raw(change.entry->value);
      batch.put(std::move(key), value.take());
    } else {
      batch.remove(std::move(key));
    }
  }
  batch.put(std::string(kRevisionKey), Writer().integer(revision).take());
  const log::Status written = kv_->write(batch, log::KvSync::kDurable);
  if (!written) return store_error(written.error());
  return {};
}

}  // namespace orloj::coordinator
