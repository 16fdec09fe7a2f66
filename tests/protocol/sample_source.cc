#include "tests/protocol/sample_source.h"

namespace orloj::protocol {

// Mostly short; now and then long enough for a varint length of two bytes.
std::size_t SampleSource::length() {
  return below(8) == 0 ? 100 + below(200) : below(12);
}

void SampleSource::fill(Uuid& value) {
  for (std::uint8_t& byte : value.bytes) byte = static_cast<std::uint8_t>(engine_());
}

void SampleSource::fill(std::string& value) {
  value.resize(length());
  for (char& letter : value) letter = static_cast<char>('a' + below(26));
}

void SampleSource::fill(Bytes& value) {
  value.resize(length());
  for (std::byte& byte : value) byte = static_cast<std::byte>(engine_());
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
