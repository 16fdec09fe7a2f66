#include "tests/protocol/sample_source.h"

namespace orloj::protocol {

// SplitMix64: small, and equal on every platform.
std::uint64_t SampleSource::next() {
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

// Mostly short; now and then long enough for a varint length of two bytes.
std::size_t SampleSource::length() {
  return below(8) == 0 ? 100 + below(200) : below(12);
}

void SampleSource::fill(Uuid& value) {
  for (std::uint8_t& byte : value.bytes) byte = static_cast<std::uint8_t>(next());
}

void SampleSource::fill(std::string& value) {
  value.resize(length());
  for (char& letter : value) letter = static_cast<char>('a' + below(26));
}

void SampleSource::fill(Bytes& value) {
  value.resize(length());
  for (std::byte& byte : value) byte = static_cast<std::byte>(next());
}

void SampleSource::fill(RecordsField& value, bool nullable) {
  if (nullable && below(4) == 0) {
    value = RecordsField();
    return;
  }
  BytesView view;
  fill(view);
  value = view;
}

}  // namespace orloj::protocol
