// From bytes to a typed request and from a typed response to bytes: what every row of the router's
// table does.
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "broker/request.h"
#include "protocol/message.h"

namespace orloj::broker {

// Cuts the encoded frame at its splices; handle i stands for the slices `files[i]`.
Response to_response(protocol::Encoded encoded,
                     std::span<const std::vector<log::FileSlice>> files = {});

// A reply of the request's version, or of another one (ApiVersions' downgrade).
template <class Message>
Answer reply_as(const Request& request, std::int16_t version, const Message& message,
                std::span<const std::vector<log::FileSlice>> files = {}) {
  auto encoded = protocol::encode_response_frame(message, request.header.correlation_id, version);
  if (!encoded) return Answer::close(encoded.error().message);
  return Answer{Answer::Kind::kReply, to_response(std::move(*encoded), files), {}};
}

template <class Message>
Answer reply(const Request& request, const Message& message,
             std::span<const std::vector<log::FileSlice>> files = {}) {
  return reply_as(request, request.header.api_version, message, files);
}

// Wraps `handler`, a function of (const Message&, Request&) that returns the response message.
template <class Message, class Handler>
std::function<Answer(Request&)> answering(Handler handler) {
  return [handler = std::move(handler)](Request& request) {
    const auto message =
        protocol::decode_request<Message>(request.body, request.header.api_version);
    if (!message) return Answer::close(message.error().message);
    return reply(request, handler(*message, request));
  };
}

}  // namespace orloj::broker
