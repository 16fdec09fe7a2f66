// The body of every fuzz program: two bytes choose the version, the rest is a request body.
// A body that decodes must encode, and what comes out must decode to the same bytes again.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "protocol/message.h"

namespace orloj::protocol {

template <class Request>
int fuzz_request(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const BytesView input(std::as_bytes(std::span(data, size)));
  const int versions = Request::kMaxVersion - Request::kMinVersion + 1;
  const auto version = static_cast<std::int16_t>(Request::kMinVersion + data[0] % versions);
  const Result<Request> request = Request::decode(BytesView(input.subspan(2)), version);
  if (!request) return 0;
  const Result<Encoded> first = request->encode(version);
  if (!first) std::abort();
  const Result<Request> again = Request::decode(first->bytes, version);
  if (!again || !(*again == *request)) std::abort();
  return 0;
}

}  // namespace orloj::protocol
