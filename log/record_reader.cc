#include "log/record_reader.h"

#include <cassert>
#include <string>

#include "log/batch_format.h"
#include "log/varint.h"

namespace orloj::log {
namespace {

// A length and so many bytes; -1 is null.
bool read_nullable(VarintReader& reader, std::optional<ByteView>& out) {
  std::int32_t length = 0;
  if (!reader.read_i32(length) || length < -1) {
    return false;
  }
  if (length == -1) {
    out.reset();
    return true;
  }
  ByteView bytes;
  if (!reader.read_bytes(static_cast<std::size_t>(length), bytes)) {
    return false;
  }
  out = bytes;
  return true;
}

bool read_header(VarintReader& reader, HeaderView& header) {
  std::optional<ByteView> key;
  if (!read_nullable(reader, key) || !key) {
    return false;
  }
  header.key = to_text(*key);
  return read_nullable(reader, header.value);
}

}  // namespace

HeaderRange::Iterator& HeaderRange::Iterator::operator++() {
  VarintReader reader(rest_);
  if (left_ == 0 || !read_header(reader, current_)) {
    assert(left_ == 0);  // the range was checked when its record was read
    at_end_ = true;
    return *this;
  }
  --left_;
  rest_ = reader.rest();
  return *this;
}

Result<RecordReader> RecordReader::open(const RecordBatchView& batch, ScratchBuffer& scratch,
                                        const RecordLimits& limits) {
  if (batch.codec() == Codec::kNone) {
    return RecordReader(batch, batch.records(), limits);
  }
  if (batch.record_count() == 0 && batch.records().empty()) {
    return RecordReader(batch, {}, limits);
  }
  if (Status done =
          decompress(batch.codec(), batch.records(), scratch, limits.decompressed_max_bytes);
      !done) {
    const ErrorCode code = done.error().code;
    return Error{code == ErrorCode::kCorrupt ? ErrorCode::kInvalidBatch : code,
                 done.error().message};
  }
  return RecordReader(batch, scratch.view(), limits);
}

RecordReader::RecordReader(const RecordBatchView& batch, ByteView records,
                           const RecordLimits& limits)
    : rest_(records),
      base_timestamp_(batch.base_timestamp()),
      record_count_(batch.record_count()),
      last_offset_delta_(batch.last_offset_delta()),
      headers_max_(limits.headers_max) {
}

bool RecordReader::next(RecordView& record) {
  if (fault_) {
    return false;
  }
  if (index_ == record_count_) {
    return rest_.empty() ? false : fail(ErrorCode::kInvalidRecord, "bytes follow the last record");
  }
  if (rest_.empty()) {
    return fail(ErrorCode::kInvalidRecord, "the batch holds fewer records than its header says");
  }
  VarintReader reader(rest_);
  std::int32_t length = 0;
  if (!reader.read_i32(length) || length < 0) {
    return fail(ErrorCode::kInvalidRecord, "its length is not a valid varint");
  }
  ByteView body;
  if (!reader.read_bytes(static_cast<std::size_t>(length), body)) {
    return fail(ErrorCode::kInvalidRecord, "it passes the end of the batch");
  }
  record.encoded_bytes = rest_.size() - reader.rest().size();
  if (!read_body(body, record)) {
    return false;
  }
  rest_ = reader.rest();
  ++index_;
  return true;
}

bool RecordReader::read_body(ByteView body, RecordView& record) {
  if (body.empty()) {
    return fail(ErrorCode::kInvalidRecord, "it is empty");
  }
  VarintReader reader(body.subspan(1));  // the attributes of a record have no meaning yet
  std::int64_t timestamp_delta = 0;
  if (!reader.read_i64(timestamp_delta) || !reader.read_i32(record.offset_delta)) {
    return fail(ErrorCode::kInvalidRecord, "its timestamp or offset delta is not a valid varint");
  }
  record.timestamp_ms = static_cast<TimestampMs>(static_cast<std::uint64_t>(base_timestamp_) +
                                                 static_cast<std::uint64_t>(timestamp_delta));
  if (record.offset_delta <= previous_offset_delta_) {
    return fail(ErrorCode::kInvalidRecord, "its offset delta does not rise");
  }
  if (record.offset_delta > last_offset_delta_) {
    return fail(ErrorCode::kInvalidRecord, "its offset delta passes the last one of the batch");
  }
  if (!read_nullable(reader, record.key)) {
    return fail(ErrorCode::kInvalidRecord, "its key does not fit");
  }
  if (!read_nullable(reader, record.value)) {
    return fail(ErrorCode::kInvalidRecord, "its value does not fit");
  }
  if (!read_headers(reader.rest(), record)) {
    return false;
  }
  previous_offset_delta_ = record.offset_delta;
  return true;
}

bool RecordReader::read_headers(ByteView body, RecordView& record) {
  VarintReader reader(body);
  std::int32_t count = 0;
  if (!reader.read_i32(count) || count < 0) {
    return fail(ErrorCode::kInvalidRecord, "its number of headers is not a valid varint");
  }
  if (count > headers_max_) {
    return fail(ErrorCode::kTooLarge, "it has " + std::to_string(count) +
                                          " headers, more than record.headers.max (" +
                                          std::to_string(headers_max_) + ")");
  }
  const ByteView encoded = reader.rest();
  if (static_cast<std::size_t>(count) > encoded.size() / batch_format::kRecordHeaderBytesMin) {
    return fail(ErrorCode::kInvalidRecord, "it is too short for its number of headers");
  }
  HeaderView header;
  for (std::int32_t i = 0; i < count; ++i) {
    if (!read_header(reader, header)) {
      return fail(ErrorCode::kInvalidRecord, "one of its headers does not fit");
    }
  }
  if (!reader.rest().empty()) {
    return fail(ErrorCode::kInvalidRecord, "bytes follow its headers");
  }
  record.headers = HeaderRange(encoded, count);
  return true;
}

bool RecordReader::fail(ErrorCode code, std::string_view what) {
  fault_ = Error{code, "record " + std::to_string(index_) + ": " + std::string(what)};
  return false;
}

}  // namespace orloj::log
