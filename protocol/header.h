// Headers in front of every request and response (protocol guide, "Headers").
// Request header version 1 has a nullable client id; version 2 adds tagged fields but keeps the
// client id in the classic form. Response header 0 is the correlation id; version 1 adds tagged
// fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/api_key.h"
#include "protocol/reader.h"
#include "protocol/writer.h"

namespace orloj::protocol {

struct RequestHeader {
  std::int16_t api_key = 0;
  std::int16_t api_version = 0;
  std::int32_t correlation_id = 0;
  std::optional<std::string_view> client_id{};
};

struct RequestFrame {
  RequestHeader header;
  BytesView body;
};

// Splits a frame (without its size prefix) into header and body; both are views of `frame`.
// An API that is not spoken here, or a version of it that is not, is kUnsupportedVersion: the
// length of its header cannot be known. ApiVersions is the exception: the header of any version is
// read, since the broker must answer a version from the future (KIP-511); its body may then not be
// decodable.
Result<RequestFrame> split_request(BytesView frame);

void write_request_header(Writer& writer, const RequestHeader& header);
void write_response_header(Writer& writer, ApiKey key, std::int16_t version,
                           std::int32_t correlation_id);

struct ResponseFrame {
  std::int32_t correlation_id = 0;
  BytesView body;
};

// The client's side of the above, for tests and replication.
Result<ResponseFrame> split_response(BytesView frame, ApiKey key, std::int16_t version);

}  // namespace orloj::protocol
