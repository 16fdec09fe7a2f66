#include "log/types.h"

#include <boost/endian/conversion.hpp>
#include <string_view>

namespace orloj::log {
namespace {

// One round of splitmix64: spreads ids whose low bits are alike.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

}  // namespace

std::string TopicId::to_string() const {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  text.reserve(22);
  std::uint32_t pending = 0;
  int pending_bits = 0;
  for (const std::uint8_t byte : bytes) {
    pending = (pending << 8) | byte;
    pending_bits += 8;
    while (pending_bits >= 6) {
      pending_bits -= 6;
      text.push_back(kAlphabet[(pending >> pending_bits) & 63U]);
    }
  }
  text.push_back(kAlphabet[(pending << (6 - pending_bits)) & 63U]);
  return text;
}

}  // namespace orloj::log

std::size_t std::hash<orloj::log::TopicId>::operator()(
    const orloj::log::TopicId& id) const noexcept {
  const std::uint64_t high = boost::endian::load_big_u64(id.bytes.data());
  const std::uint64_t low = boost::endian::load_big_u64(id.bytes.data() + 8);
  return orloj::log::mix(high ^ orloj::log::mix(low));
}

std::size_t std::hash<orloj::log::PartitionId>::operator()(
    const orloj::log::PartitionId& id) const noexcept {
  return orloj::log::mix(std::hash<orloj::log::TopicId>{}(id.topic_id) ^
                         static_cast<std::uint32_t>(id.partition));
}

std::size_t std::hash<orloj::log::LogId>::operator()(const orloj::log::LogId& id) const noexcept {
  const std::hash<orloj::log::PartitionId> hash_partition;
  return orloj::log::mix(hash_partition({id.topic_id, id.partition}) ^
                         static_cast<std::uint64_t>(id.kind));
}
