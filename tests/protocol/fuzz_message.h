// What must hold for any bytes that claim to be a message, and the body of every fuzz program.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "protocol/message.h"

namespace orloj::protocol {

// Bytes that are refused are fine. Bytes that decode must encode, and what comes out must decode to
// an equal message.
template <class Message>
bool survives(BytesView body, std::int16_t version) {
  const Result<Message> message = Message::decode(body, version);
  if (!message) return true;
  const Result<Encoded> encoded = message->encode(version);
  if (!encoded) return false;
  const Result<Message> again = Message::decode(encoded->bytes, version);
  return again && *again == *message;
}

// The first byte chooses the version, the rest is a body.
template <class Message>
int fuzz_message(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const int versions = Message::kMaxVersion - Message::kMinVersion + 1;
  const auto version = static_cast<std::int16_t>(Message::kMinVersion + data[0] % versions);
  const BytesView input(std::as_bytes(std::span(data, size)));
  if (!survives<Message>(BytesView(input.subspan(1)), version)) std::abort();
  return 0;
}

}  // namespace orloj::protocol
