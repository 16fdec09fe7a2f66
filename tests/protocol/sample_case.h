// One case per message: what tests need to know about it without knowing its type.
// The cases are generated beside the codecs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/message.h"
#include "tests/protocol/fuzz_message.h"
#include "tests/protocol/sample_source.h"

namespace orloj::protocol {

enum class Side { kRequest, kResponse };

struct SampleCase {
  std::string_view name;  // "ListOffsetsRequest"
  ApiKey key{};
  Side side = Side::kRequest;
  std::int16_t min_version = 0;
  std::int16_t max_version = 0;
  // The body of a random message.
  std::function<Bytes(std::int16_t version, SampleSource& source)> sample;
  // Decodes only.
  std::function<Status(BytesView body, std::int16_t version)> decode;
  // Decodes and encodes again.
  std::function<Result<Bytes>(BytesView body, std::int16_t version)> recode;
  // fuzz_message.h
  std::function<bool(BytesView body, std::int16_t version)> survives;
  // Encodes a random message, decodes that, and compares field by field and byte by byte. The
  // answer is empty, or says what differs.
  std::function<std::string(std::int16_t version, SampleSource& source)> round_trip;
};

// Ascending by API key, the request before the response.
std::vector<SampleCase> all_sample_cases();

template <class Message>
std::string round_trip(const Message& message, std::int16_t version) {
  const Result<Encoded> first = message.encode(version);
  if (!first) return "not encoded: " + first.error().message;
  const Result<Message> decoded = Message::decode(first->bytes, version);
  if (!decoded) return "not decoded: " + decoded.error().message;
  if (!(*decoded == message)) return "a field differs";
  const Result<Encoded> second = decoded->encode(version);
  if (!second) return "not encoded again: " + second.error().message;
  return second->bytes == first->bytes ? "" : "the bytes differ";
}

template <class Message>
SampleCase sample_case(Side side, void (*fill)(Message&, std::int16_t, SampleSource&)) {
  SampleCase result;
  result.name = Message::kName;
  result.key = Message::kApiKey;
  result.side = side;
  result.min_version = Message::kMinVersion;
  result.max_version = Message::kMaxVersion;
  result.sample = [fill](std::int16_t version, SampleSource& source) {
    Message message;
    fill(message, version, source);
    return message.encode(version).value().bytes;
  };
  result.decode = [](BytesView body, std::int16_t version) -> Status {
    const Result<Message> message = Message::decode(body, version);
    if (!message) return message.error();
    return {};
  };
  result.recode = [](BytesView body, std::int16_t version) -> Result<Bytes> {
    const Result<Message> message = Message::decode(body, version);
    if (!message) return message.error();
    Result<Encoded> encoded = message->encode(version);
    if (!encoded) return encoded.error();
    return std::move(encoded->bytes);
  };
  result.survives = &survives<Message>;
  result.round_trip = [fill](std::int16_t version, SampleSource& source) {
    Message message;
    fill(message, version, source);
    return round_trip(message, version);
  };
  return result;
}

}  // namespace orloj::protocol
