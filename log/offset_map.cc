#include "log/offset_map.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

namespace orloj::log {
namespace {

// Open addressing slows down beyond.
constexpr double kFillMax = 0.75;

}  // namespace

OffsetMap::OffsetMap(std::int64_t keys_wanted, std::int64_t bytes_max) {
  const auto slots_max = std::max<std::int64_t>(bytes_max / std::int64_t{sizeof(Slot)}, 2);
  const auto slots = static_cast<std::int64_t>(static_cast<double>(keys_wanted) / kFillMax) + 2;
  slots_.resize(static_cast<std::size_t>(std::clamp<std::int64_t>(slots, 2, slots_max)));
  size_max_ = std::max<std::size_t>(
      static_cast<std::size_t>(static_cast<double>(slots_.size()) * kFillMax), 1);
}

OffsetMap::Hash OffsetMap::hash_of(ByteView key) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  Hash hash;
  std::memcpy(hash.data(), digest.data(), hash.size());
  return hash;
}

std::size_t OffsetMap::slot_of(const Hash& hash) const {
  std::uint64_t number = 0;
  std::memcpy(&number, hash.data(), sizeof number);
  std::size_t at = number % slots_.size();
  while (slots_[at].offset != kNoOffset && slots_[at].hash != hash) {
    at = at + 1 == slots_.size() ? 0 : at + 1;
  }
  return at;
}

bool OffsetMap::put(ByteView key, Offset offset) {
  const Hash hash = hash_of(key);
  Slot& slot = slots_[slot_of(hash)];
  if (slot.offset == kNoOffset) {
    if (size_ == size_max_) {
      return false;
    }
    ++size_;
    slot.hash = hash;
  }
  slot.offset = offset;
  return true;
}

Offset OffsetMap::find(ByteView key) const {
  return slots_[slot_of(hash_of(key))].offset;
}

}  // namespace orloj::log
