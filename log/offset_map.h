// Latest offset for each key, in bounded memory: what a pass of the cleaner knows.
//
// Keys are kept as 16 bytes of SHA-256: two keys that collide would lose a record, so the hash must
// be one that nobody can find collisions of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "log/bytes.h"
#include "log/types.h"

namespace orloj::log {

// One thread.
class OffsetMap {
 public:
  // Room for `keys_wanted` keys, or for as many as fit `bytes_max`.
  OffsetMap(std::int64_t keys_wanted, std::int64_t bytes_max);

  // False when the map is full and the key is new: nothing was noted.
  bool put(ByteView key, Offset offset);
  // kNoOffset when the key is not known.
  Offset find(ByteView key) const;
  std::size_t size() const { return size_; }

 private:
  using Hash = std::array<std::byte, 16>;
  struct Slot {
    Hash hash{};
    Offset offset = kNoOffset;
  };

  static Hash hash_of(ByteView key);
  std::size_t slot_of(const Hash& hash) const;

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
  std::size_t size_max_ = 0;
};

}  // namespace orloj::log
