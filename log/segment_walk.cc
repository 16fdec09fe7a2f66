#include "log/segment_walk.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace orloj::log {
namespace {

constexpr std::size_t kHeaderReadBytes = 4096;
constexpr std::size_t kBatchReadBytes = 256U << 10;  // stays in the processor's cache

Error no_batch(const File& file, std::int64_t position, std::string_view why) {
  return {ErrorCode::kCorrupt, file.path() + " holds no valid batch at byte " +
                                   std::to_string(position) + ": " + std::string(why)};
}

// Makes `buffer` hold at least `wanted` bytes from `position` on (fewer at `end`), reading `ahead`
// at once. What it holds of them already is not read again.
struct Refill {
  std::int64_t position;
  std::int64_t end;
  std::size_t wanted;
  std::size_t ahead;
};

Result<ByteView> refill(const File& file, const Refill& need, ScratchBuffer& buffer,
                        std::int64_t& buffer_at) {
  const auto left = static_cast<std::size_t>(std::max<std::int64_t>(need.end - need.position, 0));
  const std::size_t wanted = std::min(need.wanted, left);
  const auto skip = static_cast<std::size_t>(need.position - buffer_at);
  const bool ahead_of_buffer = need.position >= buffer_at && skip < buffer.size();
  const ByteView held = ahead_of_buffer ? buffer.view().subspan(skip) : ByteView{};
  if (held.size() >= wanted) {
    return held;
  }
  const std::size_t kept = held.size();
  if (kept > 0) {
    std::memmove(buffer.space().data(), held.data(), kept);
  }
  buffer.set_size(kept);
  const std::size_t size = std::min(std::max(wanted, need.ahead), left);
  buffer.reserve(size);
  buffer_at = need.position;
  const auto read = file.pread(buffer.space().subspan(kept, size - kept),
                               static_cast<std::uint64_t>(need.position) + kept);
  if (!read) {
    buffer.clear();
    return read.error();
  }
  buffer.set_size(kept + *read);
  return buffer.view();
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
