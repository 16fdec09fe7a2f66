// What generated messages share: checked decoding of a body, and encoding of a body or a whole
// frame.
//
// A generated Message has kApiKey, kName, kMinVersion, kMaxVersion, kFirstFlexibleVersion, and the
// functions read(Reader&, version) and write(Writer&, version) const.
#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/api_table.h"
#include "protocol/header.h"
#include "protocol/reader.h"
#include "protocol/writer.h"

namespace orloj::protocol {

template <class Message>
constexpr Encoding encoding_of(std::int16_t version) {
  return version >= Message::kFirstFlexibleVersion ? Encoding::kFlexible : Encoding::kClassic;
}

// Checks that `version` lies in the message's range.
Status check_version(std::string_view message, std::int16_t version, std::int16_t min_version,
                     std::int16_t max_version);
// The same error with the message's name and version in front.
Error in_message(Error error, std::string_view message, std::int16_t version);

// Decodes a body. Views in the result point into `body`, which must outlive them.
template <class Message>
Result<Message> decode_message(BytesView body, std::int16_t version) {
  const Status known =
      check_version(Message::kName, version, Message::kMinVersion, Message::kMaxVersion);
  if (!known) return known.error();
  Reader reader(body, encoding_of<Message>(version));
  Result<Message> message{Message{}};
  message->read(reader, version);
  const Status complete = reader.finish();
  if (!complete) return in_message(complete.error(), Message::kName, version);
  return message;
}

// Decodes the body of a client's request. Bytes behind the last field are not an error, as in
// Kafka: librdkafka 2.11 and later sends three of them with Metadata 11 and later.
template <class Message>
Result<Message> decode_request(BytesView body, std::int16_t version) {
  const Status known =
      check_version(Message::kName, version, Message::kMinVersion, Message::kMaxVersion);
  if (!known) return known.error();
  Reader reader(body, encoding_of<Message>(version));
  Result<Message> message{Message{}};
  message->read(reader, version);
  const Status read = reader.status();
  if (!read) return in_message(read.error(), Message::kName, version);
  return message;
}

// Encodes a body alone.
template <class Message>
Result<Encoded> encode_message(const Message& message, std::int16_t version) {
  const Status known =
      check_version(Message::kName, version, Message::kMinVersion, Message::kMaxVersion);
  if (!known) return known.error();
  Writer writer(encoding_of<Message>(version));
  message.write(writer, version);
  Result<Encoded> encoded = writer.finish();
  if (!encoded) return in_message(encoded.error(), Message::kName, version);
  return encoded;
}

// Encodes a response frame: size, response header, body. Splice positions count from the size on.
template <class Response>
Result<Encoded> encode_response_frame(const Response& response, std::int32_t correlation_id,
                                      std::int16_t version) {
  const Status known =
      check_version(Response::kName, version, Response::kMinVersion, Response::kMaxVersion);
  if (!known) return known.error();
  Writer writer(encoding_of<Response>(version));
  writer.begin_frame();
  write_response_header(writer, Response::kApiKey, version, correlation_id);
  response.write(writer, version);
  Result<Encoded> encoded = writer.finish_frame();
  if (!encoded) return in_message(encoded.error(), Response::kName, version);
  return encoded;
}

// Encodes a request frame: size, request header, body. For clients, that is: tests.
template <class Request>
Result<Encoded> encode_request_frame(const Request& request, RequestHeader header) {
  const std::int16_t version = header.api_version;
  const Status known =
      check_version(Request::kName, version, Request::kMinVersion, Request::kMaxVersion);
  if (!known) return known.error();
  header.api_key = static_cast<std::int16_t>(Request::kApiKey);
  Writer writer(encoding_of<Request>(version));
  writer.begin_frame();
  write_request_header(writer, header);
  request.write(writer, version);
  Result<Encoded> encoded = writer.finish_frame();
  if (!encoded) return in_message(encoded.error(), Request::kName, version);
  return encoded;
}

}  // namespace orloj::protocol
