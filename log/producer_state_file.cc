#include "log/producer_state_file.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "log/crash_point.h"
#include "log/crc32c.h"
#include "log/env/whole_file.h"

namespace orloj::log {
namespace {

constexpr std::uint32_t kMagic = 0x4F505253;  // "OPRS"
constexpr std::int16_t kVersion = 1;
constexpr std::uint16_t kDamagedBit = 0x0001;
constexpr std::uint8_t kOpenStartBit = 0x01;
constexpr std::uint8_t kHasDataBit = 0x01;
constexpr std::uint8_t kHasScheduleBit = 0x02;
constexpr std::size_t kCrcBytes = 4;

class Writer {
 public:
  template <class Integer>
  void put(Integer value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    store_big(bytes_.data() + at, value);
  }
  void put_half(const StoredHalf& half) {
    put(half.base_offset);
    put(half.last_delta);
  }
  std::vector<std::byte> finish() && {
    put(crc32c(bytes_));
    return std::move(bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
};

// Reads zero behind the end, and remembers that it did.
class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}
  template <class Integer>
  Integer get() {
    if (rest_.size() < sizeof(Integer)) {
      failed_ = true;
      return {};
    }
    const auto value = load_big<Integer>(rest_.data());
    rest_ = rest_.subspan(sizeof(Integer));
    return value;
  }
  StoredHalf get_half() {
    StoredHalf half;
    half.base_offset = get<std::int64_t>();
    half.last_delta = get<std::int32_t>();
    return half;
  }
  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }

 private:
  ByteView rest_;
  bool failed_ = false;
};

void put_batch(Writer& out, const ProducerBatch& batch) {
  out.put(batch.base_sequence);
  out.put(batch.sequence_count);
  out.put(static_cast<std::uint8_t>((batch.has_data_half ? kHasDataBit : 0) |
                                    (batch.has_schedule_half ? kHasScheduleBit : 0)));
  out.put_half(batch.data);
  out.put_half(batch.schedule);
  out.put(batch.appended_ms);
}

ProducerBatch get_batch(Reader& in) {
  ProducerBatch batch;
  batch.base_sequence = in.get<std::int32_t>();
  batch.sequence_count = in.get<std::int32_t>();
  const auto halves = in.get<std::uint8_t>();
  batch.has_data_half = (halves & kHasDataBit) != 0;
  batch.has_schedule_half = (halves & kHasScheduleBit) != 0;
  batch.data = in.get_half();
  batch.schedule = in.get_half();
  batch.appended_ms = in.get<std::int64_t>();
  return batch;
}

// Anything else was never written; arithmetic with it would overflow.
bool is_possible(const StoredHalf& half) {
  constexpr Offset kOffsetMax =
      std::numeric_limits<Offset>::max() - std::numeric_limits<std::int32_t>::max() - Offset{1};
  return half.base_offset >= kNoOffset && half.base_offset <= kOffsetMax && half.last_delta >= -1;
}

bool is_possible(const ProducerBatch& batch) {
  return batch.base_sequence >= -1 && batch.sequence_count >= 0 && is_possible(batch.data) &&
         is_possible(batch.schedule);
}

Error corrupt(const std::string& what) {
  return {ErrorCode::kCorrupt, "producer state: " + what};
}

}  // namespace

std::vector<std::byte> encode_producer_facts(const ProducerFacts& facts, std::uint64_t generation) {
  Writer out;
  out.put(kMagic);
  out.put(kVersion);
  out.put(facts.damaged ? kDamagedBit : std::uint16_t{0});
  out.put(generation);
  out.put(facts.data_position);
  out.put(facts.schedule_position);
  out.put(static_cast<std::int32_t>(facts.entries.size()));
  for (const ProducerEntry& entry : facts.entries) {
    out.put(entry.producer_id);
    out.put(entry.epoch);
    out.put(entry.last_append_ms);
    out.put(static_cast<std::uint8_t>(entry.has_open_start ? kOpenStartBit : 0));
    out.put(static_cast<std::uint8_t>(entry.batches.size()));
    for (const ProducerBatch& batch : entry.batches) {
      put_batch(out, batch);
    }
  }
  return std::move(out).finish();
}

Result<DecodedProducerFile> decode_producer_facts(ByteView bytes) {
  Reader in(bytes);
  if (in.get<std::uint32_t>() != kMagic) {
    return corrupt("the file does not start with its magic number");
  }
  const auto version = in.get<std::int16_t>();
  if (in.failed() || bytes.size() < kCrcBytes ||
      load_big<std::uint32_t>(bytes.last(kCrcBytes).data()) !=
          crc32c(bytes.first(bytes.size() - kCrcBytes))) {
    return corrupt("the checksum is wrong");
  }
  if (version != kVersion) {
    return Error{ErrorCode::kUnsupportedFormat,
                 "producer state of version " + std::to_string(version) +
                     "; this broker reads version 1: start the newer one"};
  }
  in = Reader(bytes.subspan(sizeof kMagic + sizeof kVersion,
                            bytes.size() - sizeof kMagic - sizeof kVersion - kCrcBytes));
  DecodedProducerFile file;
  file.facts.damaged = (in.get<std::uint16_t>() & kDamagedBit) != 0;
  file.generation = in.get<std::uint64_t>();
  file.facts.data_position = in.get<std::int64_t>();
  file.facts.schedule_position = in.get<std::int64_t>();
  const auto count = in.get<std::int32_t>();
  for (std::int32_t i = 0; i < count && !in.failed(); ++i) {
    ProducerEntry entry;
    entry.producer_id = in.get<std::int64_t>();
    entry.epoch = in.get<std::int16_t>();
    entry.last_append_ms = in.get<std::int64_t>();
    entry.has_open_start = (in.get<std::uint8_t>() & kOpenStartBit) != 0;
    const auto batches = in.get<std::uint8_t>();
    if (batches > kProducerWindow) {
      return corrupt("a producer has " + std::to_string(batches) + " batches");
    }
    for (std::uint8_t k = 0; k < batches; ++k) {
      entry.batches.push_back(get_batch(in));
      if (!is_possible(entry.batches.back())) {
        return corrupt("a batch of producer " + std::to_string(entry.producer_id) +
                       " has offsets or sequence numbers that no batch has");
      }
    }
    file.facts.entries.push_back(std::move(entry));
  }
  if (in.failed() || !in.at_end() || file.generation == 0) {
    return corrupt("the lengths do not add up");
  }
  return file;
}

std::string ProducerStateFile::path(std::size_t slot) const {
  return join_path(directory_, "producer-state." + std::to_string(slot));
}

Result<ProducerStateFile::Loaded> ProducerStateFile::load() {
  Loaded loaded;
  std::uint64_t newest = 0;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    slots_[slot] = {};
    const auto bytes = read_whole_file(env_.files(), path(slot), kProducerFileBytesMax);
    if (!bytes) {
      if (bytes.error().code == ErrorCode::kNotFound) {
        continue;
      }
      if (bytes.error().code == ErrorCode::kTooLarge) {
        ++loaded.damaged_files;
        continue;
      }
      return bytes.error();
    }
    auto file = decode_producer_facts(*bytes);
    if (!file) {
      if (file.error().code == ErrorCode::kUnsupportedFormat) {
        return file.error();
      }
      ++loaded.damaged_files;
      continue;
    }
    slots_[slot] = {file->generation, file->facts.data_position, file->facts.schedule_position};
    if (file->generation > newest) {
      newest = file->generation;
      loaded.facts = std::move(file->facts);
    }
  }
  return loaded;
}

Status ProducerStateFile::write_slot(std::size_t slot, const ProducerFacts& facts) {
  const std::uint64_t generation = std::max(slots_[0].generation, slots_[1].generation) + 1;
  const auto bytes = encode_producer_facts(facts, generation);
  env_.reached(crash_point::kProducerFileBeforeWrite);
  if (bytes.size() > kProducerFileBytesMax) {
    return Error{ErrorCode::kTooLarge,
                 "the producer state in " + directory_ + " takes " + std::to_string(bytes.size()) +
                     " bytes, more than kProducerFileBytesMax = " +
                     std::to_string(kProducerFileBytesMax) + "; lower producers_per_partition_max"};
  }
  if (const Status written = replace_file(env_.files(), path(slot), bytes); !written) {
    return written;
  }
  env_.reached(crash_point::kProducerFileAfterWrite);
  slots_[slot] = {generation, facts.data_position, facts.schedule_position};
  return {};
}

Status ProducerStateFile::write(const ProducerFacts& facts) {
  return write_slot(older_slot(), facts);
}

Status ProducerStateFile::write_both(const ProducerFacts& facts) {
  if (const Status first = write_slot(older_slot(), facts); !first) {
    return first;
  }
  env_.reached(crash_point::kProducerFileBetweenGenerations);
  return write_slot(older_slot(), facts);
}

bool ProducerStateFile::both_cover(Offset data_position, Offset schedule_position) const {
  return std::ranges::all_of(slots_, [&](const Slot& slot) {
    return slot.generation > 0 && slot.data_position >= data_position &&
           slot.schedule_position >= schedule_position;
  });
}

bool ProducerStateFile::is_current(Offset data_position, Offset schedule_position) const {
  const Slot& newest = slots_[1 - older_slot()];
  return newest.generation > 0 && newest.data_position == data_position &&
         newest.schedule_position == schedule_position;
}

}  // namespace orloj::log
