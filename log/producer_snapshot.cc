#include "log/producer_snapshot.h"

#include <algorithm>
#include <cstdio>

#include "log/crc32c.h"
#include "log/env/whole_file.h"

namespace orloj::log {
namespace {

constexpr std::int16_t kVersion = 1;
constexpr std::size_t kCrcPosition = 2;
constexpr std::size_t kBodyPosition = 6;
constexpr std::string_view kSuffix = ".snapshot";

template <class Integer>
void put(std::vector<std::byte>& out, Integer value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  store_big(out.data() + at, value);
}

std::string snapshot_name(Offset offset) {
  std::string digits = std::to_string(offset);
  return std::string(20 - digits.size(), '0') + digits + std::string(kSuffix);
}

}  // namespace

std::vector<std::byte> encode_producer_snapshot(const ProducerFacts& facts) {
  std::vector<std::byte> out;
  put(out, kVersion);
  put(out, std::uint32_t{0});
  // Kafka knows no schedule log: only producers whose last batch has a data half can be shown.
  std::int32_t count = 0;
  put(out, count);
  for (const ProducerEntry& entry : facts.entries) {
    const auto last = std::find_if(entry.batches.rbegin(), entry.batches.rend(),
                                   [](const ProducerBatch& batch) { return batch.data.stored(); });
    if (last == entry.batches.rend()) {
      continue;
    }
    ++count;
    put(out, entry.producer_id);
    put(out, entry.epoch);
    put(out, last->last_sequence());
    put(out, last->data.end_offset() - 1);
    put(out, last->data.last_delta);
    put(out, last->appended_ms);
    put(out, std::int32_t{-1});  // coordinator epoch
    put(out, std::int64_t{-1});  // first offset of an open transaction
  }
  store_big(out.data() + kBodyPosition, count);
  store_big(out.data() + kCrcPosition, crc32c(ByteView(out).subspan(kBodyPosition)));
  return out;
}

Status write_producer_snapshot(FileSystem& files, const std::string& directory,
                               const ProducerFacts& facts) {
  const std::string name = snapshot_name(facts.data_position);
  const auto entries = files.list(directory);
  if (!entries) {
    return entries.error();
  }
  for (const DirectoryEntry& entry : *entries) {
    if (entry.name.ends_with(kSuffix) && entry.name != name) {
      if (const Status removed = files.remove(join_path(directory, entry.name)); !removed) {
        return removed;
      }
    }
  }
  return replace_file(files, join_path(directory, name), encode_producer_snapshot(facts));
}

}  // namespace orloj::log
