#include "scheduler/due_index.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_set>

#include "log/bytes.h"
#include "log/kv/rocksdb_kv_store.h"
#include "log/varint.h"

namespace orloj::scheduler {
namespace {

// Keys: topic id, partition, kind; behind kAdded and kDone the bucket and the schedule-log position
// of the write, all big-endian. Values of packs: for each entry the milliseconds into the bucket
// (u16), the entry number, and for kAdded the distance of its place.
enum class KeyKind : char { kHeader = 'h', kAdded = 'p', kDone = 'x' };

constexpr std::string_view kVersionKey = "version";
constexpr std::string_view kVersion = "1";
constexpr std::size_t kHeaderValueBytes = 4 * sizeof(std::int64_t);
constexpr std::size_t kKeyPrefixBytes = 16 + 4 + 1;
constexpr std::size_t kPackKeyBytes = kKeyPrefixBytes + 2 * sizeof(std::int64_t);

template <class Integer>
void append_big(std::string& out, Integer value) {
  std::array<std::byte, sizeof value> bytes{};
  log::store_big(bytes.data(), value);
  out.append(log::to_text(bytes));
}

std::string partition_prefix(const log::PartitionId& id) {
  std::string key(reinterpret_cast<const char*>(id.topic_id.bytes.data()),
                  id.topic_id.bytes.size());
  append_big(key, id.partition);
  return key;
}

std::string key_of(const log::PartitionId& id, KeyKind kind) {
  return partition_prefix(id) + static_cast<char>(kind);
}

std::string bucket_key(const log::PartitionId& id, KeyKind kind, std::int64_t bucket) {
  std::string key = key_of(id, kind);
  append_big(key, bucket);
  return key;
}

std::string pack_key(const log::PartitionId& id, KeyKind kind, std::int64_t bucket,
                     log::Offset position) {
  std::string key = bucket_key(id, kind, bucket);
  append_big(key, position);
  return key;
}

std::int64_t bucket_in(std::string_view key) {
  return log::load_big<std::int64_t>(log::to_bytes(key).data() + kKeyPrefixBytes);
}

Error from_log(const log::Error& error) {
  return {error.code == log::ErrorCode::kCorrupt ? ErrorCode::kCorrupt : ErrorCode::kLog,
          "schedule index: " + error.message};
}

Error garbled(std::string_view what) {
  return {ErrorCode::kCorrupt, "schedule index: " + std::string(what) + " does not decode"};
}

std::string encode_pack(KeyKind kind, const std::vector<IndexedEntry>& entries) {
  std::vector<std::byte> bytes;
  for (const IndexedEntry& entry : entries) {
    const std::size_t at = bytes.size();
    bytes.resize(at + sizeof(std::uint16_t));
    log::store_big(bytes.data() + at, static_cast<std::uint16_t>(entry.due_ms % kBucketMs));
    log::append_varint(bytes, entry.entry);
    if (kind == KeyKind::kAdded) {
      log::append_varint(bytes, entry.place - entry.entry);
    }
  }
  return std::string(log::to_text(bytes));
}

template <class Visit>
bool decode_pack(KeyKind kind, std::int64_t bucket, std::string_view value, Visit visit) {
  log::VarintReader in(log::to_bytes(value));
  while (!in.rest().empty()) {
    log::ByteView offset;
    IndexedEntry entry;
    std::int64_t distance = 0;
    if (!in.read_bytes(sizeof(std::uint16_t), offset) || !in.read_i64(entry.entry) ||
        (kind == KeyKind::kAdded && !in.read_i64(distance)) || entry.entry < 0 ||
        entry.entry > INT64_MAX / 2 || distance < 0 || distance > INT64_MAX / 2) {
      return false;
    }
    const auto within = log::load_big<std::uint16_t>(offset.data());
    if (within >= kBucketMs) {
      return false;
    }
    entry.due_ms = bucket * kBucketMs + within;
    entry.place = entry.entry + distance;
    visit(entry);
  }
  return true;
}

// Calls `visit` for the entries of one kind in one bucket.
template <class Visit>
Status visit_bucket(const log::KvStore& store, const log::PartitionId& id, KeyKind kind,
                    std::int64_t bucket, Visit visit) {
  bool decodes = true;
  const log::Status scanned =
      store.scan({bucket_key(id, kind, bucket), bucket_key(id, kind, bucket + 1)},
                 [&](std::string_view key, std::string_view value) {
                   decodes = key.size() == kPackKeyBytes && decode_pack(kind, bucket, value, visit);
                   return decodes ? log::KvVisit::kContinue : log::KvVisit::kStop;
                 });
  if (!scanned) {
    return from_log(scanned.error());
  }
  if (!decodes) {
    return garbled("a pack");
  }
  return {};
}

// The first instant of the bucket by which more than `entries_max` entries would be due; at least
// one millisecond behind the first entry.
std::int64_t cut_off(const std::vector<std::uint32_t>& per_ms, std::int64_t bucket,
                     std::size_t entries_max) {
  std::size_t total = 0;
  for (std::size_t ms = 0; ms < per_ms.size(); ++ms) {
    if (total > 0 && total + per_ms[ms] > entries_max) {
      return bucket * kBucketMs + static_cast<std::int64_t>(ms);
    }
    total += per_ms[ms];
  }
  return (bucket + 1) * kBucketMs;
}

// Sorted by (due, entry); of several places the last.
void keep_last_places(std::vector<IndexedEntry>& entries) {
  std::sort(entries.begin(), entries.end());
  const auto same = [](const IndexedEntry& a, const IndexedEntry& b) { return a.entry == b.entry; };
  // From behind, so that of equal entries the one with the largest place stays.
  const auto kept = std::unique(entries.rbegin(), entries.rend(), same);
  entries.erase(entries.begin(), kept.base());
}

}  // namespace

Result<std::unique_ptr<DueIndex>> DueIndex::open(const std::string& directory) {
  const log::RocksdbKvOptions options{.directory = directory, .wal = log::KvWal::kOff};
  for (int tries = 0;; ++tries) {
    auto store = log::open_rocksdb_kv_store(options);
    std::string fault;
    if (store) {
      const auto version = (*store)->get(kVersionKey);
      if (version && (!*version || **version == kVersion)) {
        log::KvBatch batch;
        batch.put(std::string(kVersionKey), std::string(kVersion));
        if (const log::Status written = (*store)->write(batch, log::KvSync::kNone); !written) {
          return from_log(written.error());
        }
        return std::make_unique<DueIndex>(std::move(*store));
      }
      fault = version ? "is of another version" : version.error().message;
      *store = nullptr;
    } else if (store.error().code != log::ErrorCode::kCorrupt) {
      return from_log(store.error());
    }
    if (tries > 0) {
      return Error{ErrorCode::kLog, "schedule index in " + directory + " cannot be begun anew: " +
                                        (fault.empty() ? store.error().message : fault)};
    }
    if (const log::Status gone = log::destroy_rocksdb_kv_store(directory); !gone) {
      return from_log(gone.error());
    }
  }
}

Result<std::optional<IndexHeader>> DueIndex::header(const log::PartitionId& id) const {
  const auto value = store_->get(key_of(id, KeyKind::kHeader));
  if (!value) {
    return from_log(value.error());
  }
  if (!*value || (*value)->size() != kHeaderValueBytes) {
    return std::optional<IndexHeader>();
  }
  const std::byte* bytes = log::to_bytes(**value).data();
  IndexHeader header;
  header.start = log::load_big<std::int64_t>(bytes);
  header.position = log::load_big<std::int64_t>(bytes + 8);
  header.pending = log::load_big<std::int64_t>(bytes + 16);
  header.done_position = log::load_big<std::int64_t>(bytes + 24);
  return std::optional(header);
}

Status DueIndex::clear(const log::PartitionId& id) {
  log::KvBatch batch;
  const std::string prefix = partition_prefix(id);
  batch.remove_range(prefix, log::after_prefix(prefix));
  if (const log::Status written = store_->write(batch, log::KvSync::kNone); !written) {
    return from_log(written.error());
  }
  return {};
}

Status DueIndex::write(const std::vector<std::pair<log::PartitionId, IndexChanges>>& changes) {
  log::KvBatch batch;
  const auto put_packs = [&batch](const log::PartitionId& id, KeyKind kind, log::Offset position,
                                  const std::vector<IndexedEntry>& entries) {
    std::map<std::int64_t, std::vector<IndexedEntry>> by_bucket;
    for (const IndexedEntry& entry : entries) {
      by_bucket[bucket_of(entry.due_ms)].push_back(entry);
    }
    for (const auto& [bucket, pack] : by_bucket) {
      batch.put(pack_key(id, kind, bucket, position), encode_pack(kind, pack));
    }
  };
  for (const auto& [id, change] : changes) {
    put_packs(id, KeyKind::kAdded, change.header.position, change.added);
    put_packs(id, KeyKind::kDone, change.header.position, change.done);
    for (const std::int64_t bucket : change.finished_buckets) {
      for (const KeyKind kind : {KeyKind::kAdded, KeyKind::kDone}) {
        batch.remove_range(bucket_key(id, kind, bucket), bucket_key(id, kind, bucket + 1));
      }
    }
    std::string value;
    append_big(value, change.header.start);
    append_big(value, change.header.position);
    append_big(value, change.header.pending);
    append_big(value, change.header.done_position);
    batch.put(key_of(id, KeyKind::kHeader), std::move(value));
  }
  if (batch.empty()) {
    return {};
  }
  if (const log::Status written = store_->write(batch, log::KvSync::kNone); !written) {
    return from_log(written.error());
  }
  return {};
}

// Most minutes fit: only those that do not are counted by the millisecond, to be cut.
Status DueIndex::load_bucket(const log::PartitionId& id, std::int64_t bucket,
                             const LoadRequest& request, Loaded& loaded) const {
  const std::size_t room =
      request.entries_max - std::min(request.entries_max, loaded.entries.size());
  std::int64_t below = std::min((bucket + 1) * kBucketMs, request.below_ms);
  const auto wanted = [&](const IndexedEntry& entry) {
    return entry.due_ms >= request.from_ms && entry.due_ms < below;
  };
  std::size_t count = 0;
  const Status counted = visit_bucket(*store_, id, KeyKind::kAdded, bucket,
                                      [&](const IndexedEntry& entry) { count += wanted(entry); });
  if (!counted) {
    return counted;
  }
  if (count > room) {
    std::vector<std::uint32_t> per_ms(kBucketMs);
    const Status spread =
        visit_bucket(*store_, id, KeyKind::kAdded, bucket, [&](const IndexedEntry& entry) {
          per_ms[static_cast<std::size_t>(entry.due_ms % kBucketMs)] += wanted(entry) ? 1 : 0;
        });
    if (!spread) {
      return spread;
    }
    below = std::min(cut_off(per_ms, bucket, room), below);
  }
  std::vector<IndexedEntry> added;
  std::unordered_set<EntryNumber> done;
  const Status read_added =
      visit_bucket(*store_, id, KeyKind::kAdded, bucket, [&](const IndexedEntry& entry) {
        if (wanted(entry)) {
          added.push_back(entry);
        }
      });
  const Status read_done =
      visit_bucket(*store_, id, KeyKind::kDone, bucket, [&](const IndexedEntry& entry) {
        if (wanted(entry)) {
          done.insert(entry.entry);
        }
      });
  if (!read_added || !read_done) {
    return read_added ? read_done : read_added;
  }
  std::erase_if(added, [&done](const IndexedEntry& entry) { return done.contains(entry.entry); });
  keep_last_places(added);
  loaded.entries.insert(loaded.entries.end(), added.begin(), added.end());
  loaded.buckets.push_back(bucket);
  loaded.below_ms = below;
  return {};
}

Result<Loaded> DueIndex::load(const log::PartitionId& id, const LoadRequest& request) const {
  Loaded loaded;
  loaded.below_ms = request.from_ms;
  while (loaded.below_ms < request.below_ms) {
    const auto bucket = next_bucket(id, bucket_of(loaded.below_ms));
    if (!bucket) {
      return bucket.error();
    }
    if (!*bucket || **bucket * kBucketMs >= request.below_ms) {
      loaded.below_ms = request.below_ms;
      break;
    }
    if (!loaded.entries.empty() && loaded.entries.size() >= request.entries_max) {
      loaded.below_ms = std::max(loaded.below_ms, **bucket * kBucketMs);
      break;
    }
    LoadRequest rest = request;
    rest.from_ms = std::max(loaded.below_ms, request.from_ms);
    if (const Status status = load_bucket(id, **bucket, rest, loaded); !status) {
      return status.error();
    }
    if (loaded.below_ms < (**bucket + 1) * kBucketMs) {
      break;
    }
  }
  return loaded;
}

Result<std::optional<std::int64_t>> DueIndex::next_bucket(const log::PartitionId& id,
                                                          std::int64_t bucket) const {
  std::optional<std::int64_t> found;
  bool decodes = true;
  const std::string below = log::after_prefix(key_of(id, KeyKind::kAdded));
  const log::Status scanned = store_->scan({bucket_key(id, KeyKind::kAdded, bucket), below},
                                           [&](std::string_view key, std::string_view) {
                                             decodes = key.size() == kPackKeyBytes;
                                             found = decodes ? bucket_in(key) : 0;
                                             return log::KvVisit::kStop;
                                           });
  if (!scanned) {
    return from_log(scanned.error());
  }
  if (!decodes) {
    return garbled("a key");
  }
  return found;
}

Status DueIndex::flush() {
  if (const log::Status flushed = store_->flush(); !flushed) {
    return from_log(flushed.error());
  }
  return {};
}

}  // namespace orloj::scheduler
