#include "broker/net/response_sender.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace orloj::broker {

namespace {
constexpr std::size_t kGatherPartsMax = 64;
constexpr std::size_t kGatherBytesMax = 256 * 1024;
constexpr std::int64_t kFileReadMaxBytes = 256 * 1024;  // of a file that has no descriptor
constexpr std::size_t kSendfileMaxBytes = 1 << 20;  // one call; others get their turn in between

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}
}  // namespace

void ResponseSender::push(Response response) {
  for (auto& part : response.parts) {
    const auto* bytes = std::get_if<std::vector<std::byte>>(&part);
    const bool empty =
        bytes != nullptr ? bytes->empty() : std::get<log::FileSlice>(part).length == 0;
    if (!empty) parts_.push_back(std::move(part));
  }
}

ResponseSender::Outcome ResponseSender::send(int socket) {
  while (!parts_.empty()) {
    const Step step = goes_by_sendfile(parts_.front()) ? send_file(socket) : send_memory(socket);
    if (step == Step::kWouldBlock) return Outcome::kWouldBlock;
    if (step == Step::kFailed) return Outcome::kFailed;
  }
  return Outcome::kEmpty;
}

bool ResponseSender::goes_by_sendfile(const Response::Part& part) const {
  const auto* slice = std::get_if<log::FileSlice>(&part);
  return slice != nullptr && slice->length >= sendfile_min_bytes_ &&
         slice->file->native_handle() >= 0;
}

bool ResponseSender::read_into_memory(Response::Part& part) {
  auto& slice = std::get<log::FileSlice>(part);
  const auto length = static_cast<std::size_t>(std::min(slice.length, kFileReadMaxBytes));
  std::vector<std::byte> bytes(length);
  const auto got = slice.file->pread(bytes, static_cast<std::uint64_t>(slice.position));
  if (!got || *got != length) return false;
  part = std::move(bytes);
  return true;
}

ResponseSender::Step ResponseSender::send_memory(int socket) {
  std::array<iovec, kGatherPartsMax> vectors;
  std::size_t count = 0;
  std::size_t gathered = 0;
  bool more = false;
  for (std::size_t i = 0; i < parts_.size() && count < vectors.size(); ++i) {
    if (goes_by_sendfile(parts_[i]) || gathered >= kGatherBytesMax) {
      more = true;
      break;
    }
    if (const auto* slice = std::get_if<log::FileSlice>(&parts_[i])) {
      const log::FileSlice whole = *slice;
      if (!read_into_memory(parts_[i])) return Step::kFailed;
      const auto read = static_cast<std::int64_t>(std::get<0>(parts_[i]).size());
      if (read < whole.length) {
        const log::FileSlice rest{whole.file, whole.position + read, whole.length - read};
        parts_.insert(parts_.begin() + static_cast<std::ptrdiff_t>(i) + 1, rest);
      }
    }
    auto& bytes = std::get<std::vector<std::byte>>(parts_[i]);
    const std::size_t skip = i == 0 ? head_sent_ : 0;
    vectors[count++] = {bytes.data() + skip, bytes.size() - skip};
    gathered += bytes.size() - skip;
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return would_block() ? Step::kWouldBlock : Step::kFailed;
  sent_bytes_ += static_cast<std::uint64_t>(sent);
  auto left = static_cast<std::size_t>(sent);
  while (left > 0) {
    const std::size_t head = std::get<0>(parts_.front()).size() - head_sent_;
    if (left < head) {
      head_sent_ += left;
      break;
    }
    left -= head;
    head_sent_ = 0;
    parts_.pop_front();
  }
  return Step::kProgress;
}

ResponseSender::Step ResponseSender::send_file(int socket) {
  auto& slice = std::get<log::FileSlice>(parts_.front());
  off_t position = slice.position;
  const auto wanted = std::min(static_cast<std::size_t>(slice.length), kSendfileMaxBytes);
  ssize_t sent = 0;
  do {
    sent = ::sendfile(socket, slice.file->native_handle(), &position, wanted);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return would_block() ? Step::kWouldBlock : Step::kFailed;
  if (sent == 0) return Step::kFailed;  // the file is shorter than the log believes
  sent_bytes_ += static_cast<std::uint64_t>(sent);
  slice.position += sent;
  slice.length -= sent;
  if (slice.length == 0) parts_.pop_front();
  return Step::kProgress;
}

}  // namespace orloj::broker
