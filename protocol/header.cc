#include "protocol/header.h"

#include "protocol/api_table.h"
#include "protocol/message.h"

namespace orloj::protocol {

Result<RequestFrame> split_request(BytesView frame) {
  Reader reader(frame, Encoding::kClassic);
  RequestFrame request;
  reader.read(request.header.api_key);
  reader.read(request.header.api_version);
  reader.read(request.header.correlation_id);
  if (reader.failed()) return reader.finish().error();

  const std::int16_t version = request.header.api_version;
  const ApiRow* row = find_api(request.header.api_key);
  if (row == nullptr) {
    return Error{Fault::kUnsupportedVersion,
                 "API key " + std::to_string(request.header.api_key) + " is not supported"};
  }
  if (row->key != ApiKey::kApiVersions || version < 0) {
    const Status known = check_version(row->name, version, row->min_version, row->max_version);
    if (!known) return known.error();
  }

  reader.read_classic_string(request.header.client_id);
  if (row->request_header_version(version) >= 2) reader.skip_tagged_fields();
  if (reader.failed()) return in_message(reader.finish().error(), "Request header", version);
  request.body = reader.rest();
  return request;
}

void write_request_header(Writer& writer, const RequestHeader& header) {
  writer.write(header.api_key);
  writer.write(header.api_version);
  writer.write(header.correlation_id);
  writer.write_classic_string(header.client_id);
  const ApiRow* row = find_api(header.api_key);
  if (row != nullptr && row->request_header_version(header.api_version) >= 2) {
    writer.write_uvarint(0);
  }
}

void write_response_header(Writer& writer, ApiKey key, std::int16_t version,
                           std::int32_t correlation_id) {
  writer.write(correlation_id);
  const ApiRow* row = find_api(key);
  if (row != nullptr && row->response_header_version(version) >= 1) writer.write_uvarint(0);
}

Result<ResponseFrame> split_response(BytesView frame, ApiKey key, std::int16_t version) {
  Reader reader(frame, Encoding::kClassic);
  ResponseFrame response;
  reader.read(response.correlation_id);
  const ApiRow* row = find_api(key);
  if (row != nullptr && row->response_header_version(version) >= 1) reader.skip_tagged_fields();
  if (reader.failed()) return in_message(reader.finish().error(), "Response header", version);
  response.body = reader.rest();
  return response;
}

}  // namespace orloj::protocol
