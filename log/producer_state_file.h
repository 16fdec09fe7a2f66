// The producer state of a partition on disk: two generations, each a whole, checksummed file
// (docs/on-disk-formats.md).
//
// It is not derived data (log-protocol §5): before anything removes batches from a log, both
// generations hold what those batches say. Otherwise one generation at a time is replaced, so that
// a torn write leaves the other.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/bytes.h"
#include "log/env/env.h"
#include "log/error.h"
#include "log/producer_state.h"
#include "log/types.h"

namespace orloj::log {

inline constexpr std::size_t kProducerFileBytesMax = 128U << 20;

// What a file holds: the state after every batch below both positions.
struct ProducerFacts {
  Offset data_position = 0;
  Offset schedule_position = 0;
  bool damaged =
      false;  // an earlier start found both generations damaged; nothing repairs that silently
  std::vector<ProducerEntry> entries;
};

std::vector<std::byte> encode_producer_facts(const ProducerFacts& facts, std::uint64_t generation);

struct DecodedProducerFile {
  std::uint64_t generation = 0;
  ProducerFacts facts;
};
// kCorrupt, or kUnsupportedFormat for a newer version.
Result<DecodedProducerFile> decode_producer_facts(ByteView bytes);

// One thread at a time.
class ProducerStateFile {
 public:
  ProducerStateFile(const Env& env, std::string directory)
      : env_(env), directory_(std::move(directory)) {}

  struct Loaded {
    std::optional<ProducerFacts> facts;  // of the newest good generation
    int damaged_files = 0;
  };
  // kIo, kUnsupportedFormat. Damaged files are no error: they are counted.
  Result<Loaded> load();

  // Durable when it returns. Replaces the older generation.
  Status write(const ProducerFacts& facts);
  // The same for both generations.
  Status write_both(const ProducerFacts& facts);

  // True when both generations hold everything below these positions.
  bool both_cover(Offset data_position, Offset schedule_position) const;
  // True when the newest generation holds exactly what lies below these positions.
  bool is_current(Offset data_position, Offset schedule_position) const;

 private:
  struct Slot {
    std::uint64_t generation = 0;  // 0: absent or damaged
    Offset data_position = kNoOffset;
    Offset schedule_position = kNoOffset;
  };

  std::string path(std::size_t slot) const;
  Status write_slot(std::size_t slot, const ProducerFacts& facts);
  std::size_t older_slot() const { return slots_[0].generation <= slots_[1].generation ? 0 : 1; }

  Env env_;
  std::string directory_;
  std::array<Slot, 2> slots_;
};

}  // namespace orloj::log
