#include "log/segment_walk.h"

#include <algorithm>
#include <string>

namespace orloj::log {
namespace {

constexpr std::size_t kHeaderReadBytes = 4096;
constexpr std::size_t kBatchReadBytes = 1U << 20;

Error no_batch(const File& file, std::int64_t position, std::string_view why) {
  return {ErrorCode::kCorrupt, file.path() + " holds no valid batch at byte " +
                                   std::to_string(position) + ": " + std::string(why)};
}

// Makes `buffer` hold at least `wanted` bytes from `position` on (fewer at `end`), reading `ahead`
// at once.
struct Refill {
  std::int64_t position;
  std::int64_t end;
  std::size_t wanted;
  std::size_t ahead;
};

Result<ByteView> refill(const File& file, const Refill& need, std::vector<std::byte>& buffer,
                        std::int64_t& buffer_at) {
  const auto left = static_cast<std::size_t>(std::max<std::int64_t>(need.end - need.position, 0));
  const std::size_t wanted = std::min(need.wanted, left);
  const std::int64_t skip = need.position - buffer_at;
  if (skip >= 0 && static_cast<std::size_t>(skip) + wanted <= buffer.size()) {
    return ByteView(buffer).subspan(static_cast<std::size_t>(skip));
  }
  buffer.resize(std::min(std::max(wanted, need.ahead), left));
  buffer_at = need.position;
  const auto read = file.pread(buffer, static_cast<std::uint64_t>(need.position));
  if (!read) {
    return read.error();
  }
  buffer.resize(*read);
  return ByteView(buffer);
}

}  // namespace

Result<std::optional<BatchHeader>> HeaderWalk::next() {
  if (range_.from >= range_.end) {
    return std::optional<BatchHeader>();
  }
  const auto bytes = header_bytes();
  if (!bytes) {
    return bytes.error();
  }
  if (bytes->size() < batch_format::kHeaderBytes) {
    return no_batch(file_, range_.from, "the file ends within its header");
  }
  const std::byte* const at = bytes->data();
  const auto size = batch_size(*bytes);
  const auto base_offset = load_big<std::int64_t>(at + batch_format::kBaseOffset);
  const auto last_delta = load_big<std::int32_t>(at + batch_format::kLastOffsetDelta);
  if (!size || load_big<std::int8_t>(at + batch_format::kMagic) != batch_format::kMagicV2 ||
      last_delta < 0 || base_offset < 0 || base_offset >= INT64_MAX - last_delta) {
    return no_batch(file_, range_.from, "its header is damaged");
  }
  BatchHeader header;
  header.position = range_.from;
  header.size_bytes = static_cast<std::int64_t>(*size);
  header.base_offset = base_offset;
  header.last_offset = base_offset + last_delta;
  header.max_timestamp_ms = load_big<std::int64_t>(at + batch_format::kMaxTimestamp);
  header.leader_epoch = load_big<std::int32_t>(at + batch_format::kLeaderEpoch);
  if (header.end() > range_.end) {
    return no_batch(file_, range_.from, "it passes the end of the file");
  }
  range_.from = header.end();
  return std::optional(header);
}

Result<ByteView> HeaderWalk::header_bytes() {
  return refill(file_, {range_.from, range_.end, batch_format::kHeaderBytes, kHeaderReadBytes},
                buffer_, buffer_at_);
}

Result<std::optional<RecordBatchView>> BatchWalk::next() {
  if (range_.from >= range_.end) {
    return std::optional<RecordBatchView>();
  }
  auto bytes = bytes_from_here(batch_format::kHeaderBytes);
  if (!bytes) {
    return bytes.error();
  }
  if (bytes->size() >= batch_format::kHeaderBytes) {
    const auto size = batch_size(*bytes);
    if (!size || *size > static_cast<std::uint64_t>(range_.end - range_.from)) {
      return no_batch(file_, range_.from, "its length cannot be right");
    }
    bytes = bytes_from_here(*size);
    if (!bytes) {
      return bytes.error();
    }
  }
  const auto batch = RecordBatchView::parse(*bytes, check_);
  if (!batch) {
    return Error{batch.error().code, file_.path() + " at byte " + std::to_string(range_.from) +
                                         ": " + batch.error().message};
  }
  range_.from += static_cast<std::int64_t>(batch->size());
  return std::optional(*batch);
}

Result<ByteView> BatchWalk::bytes_from_here(std::size_t wanted) {
  return refill(file_, {range_.from, range_.end, wanted, kBatchReadBytes}, buffer_, buffer_at_);
}

}  // namespace orloj::log
