#include "bench/load/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

#include "bench/load/measuring.h"
#include "log/bytes.h"
#include "protocol/messages/api_versions.h"

namespace orloj::bench {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kBufferBytes = 256 << 10;
constexpr std::size_t kFrameBytesMax = 256 << 20;
constexpr std::size_t kPartsPerSend = 64;
constexpr int kAnswerDeadlineMs = 30'000;
constexpr int kEventsPerWait = 256;
constexpr std::int64_t kAwakeNs = 100'000;
constexpr std::int16_t kApiVersionsVersion = 3;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

bool would_block() {
  return errno == EAGAIN || errno == EINTR;
}

int connected_socket(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("cannot make a socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int at_once = 1;
  if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once) != 0 ||
      ::fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0) {
    const int error = errno;
    ::close(descriptor);
    errno = error;
    fail("cannot connect to the broker");
  }
  return descriptor;
}

}  // namespace

Connection::Connection(std::uint16_t port)
    : descriptor_(connected_socket(port)), buffer_(kBufferBytes) {
  try {
    protocol::ApiVersionsRequest request;
    request.client_software_name = "load";
    request.client_software_version = "1";
    call<protocol::ApiVersionsResponse>(request, kApiVersionsVersion);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

Connection::~Connection() {
  ::close(descriptor_);
}

void Connection::send(protocol::BytesView frame) {
  unsent_.push_back(frame);
  if (unsent_.size() == 1) flush();
}

void Connection::flush() {
  while (!unsent_.empty()) {
    std::array<iovec, kPartsPerSend> parts;
    std::size_t count = 0;
    for (const protocol::BytesView frame : unsent_) {
      if (count == parts.size()) break;
      parts[count++] = {const_cast<std::byte*>(frame.data()), frame.size()};
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (would_block()) return;
      fail("cannot send to the broker");
    }
    auto left = static_cast<std::size_t>(sent);
    while (left > 0 && left >= unsent_.front().size()) {
      left -= unsent_.front().size();
      unsent_.pop_front();
    }
    if (left > 0) unsent_.front() = protocol::BytesView(unsent_.front().subspan(left));
  }
}

void Connection::receive() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const ssize_t got = ::recv(descriptor_, buffer_.data() + end_, buffer_.size() - end_, 0);
  if (got == 0) throw std::runtime_error("the broker closed the connection");
  if (got < 0) {
    if (would_block()) return;
    fail("cannot receive from the broker");
  }
  end_ += static_cast<std::size_t>(got);
}

std::optional<protocol::BytesView> Connection::next_frame() {
  if (end_ - begin_ < kLengthBytes) return std::nullopt;
  const auto length =
      static_cast<std::size_t>(log::load_big<std::uint32_t>(buffer_.data() + begin_));
  if (length > kFrameBytesMax) {
    throw std::runtime_error("the broker answers with a frame of " + std::to_string(length) +
                             " bytes");
  }
  const std::size_t whole = kLengthBytes + length;
  if (end_ - begin_ < whole) {
    if (begin_ + whole > buffer_.size()) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
      // One byte of room beyond, so that receive() has no need to move the frame.
      if (whole >= buffer_.size()) buffer_.resize(whole + 1);
    }
    return std::nullopt;
  }
  const protocol::BytesView frame(
      std::span<const std::byte>(buffer_.data() + begin_ + kLengthBytes, length));
  begin_ += whole;
  return frame;
}

protocol::BytesView Connection::exchange(protocol::BytesView frame) {
  send(frame);
  while (true) {
    if (const auto answer = next_frame()) return *answer;
    const auto events = static_cast<short>(has_unsent() ? POLLIN | POLLOUT : POLLIN);
    pollfd ready{descriptor_, events, 0};
    if (::poll(&ready, 1, kAnswerDeadlineMs) == 0) {
      throw std::runtime_error("no answer within " + std::to_string(kAnswerDeadlineMs) + " ms");
    }
    flush();
    if ((ready.revents & ~POLLOUT) != 0) receive();
  }
}

Fleet::Fleet(std::uint16_t port, std::size_t count)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wants_to_write_(count, 0) {
  if (epoll_ < 0) fail("cannot make an epoll descriptor");
  for (std::size_t index = 0; index < count; ++index) {
    connections_.push_back(std::make_unique<Connection>(port));
    watch(index, EPOLL_CTL_ADD);
  }
}

Fleet::~Fleet() {
  ::close(epoll_);
}

void Fleet::watch(std::size_t index, int operation) {
  epoll_event event{};
  event.events = EPOLLIN | (wants_to_write_[index] != 0 ? EPOLLOUT : 0U);
  event.data.u64 = index;
  if (::epoll_ctl(epoll_, operation, connections_[index]->descriptor(), &event) != 0) {
    fail("cannot watch a connection");
  }
}

void Fleet::send(std::size_t index, protocol::BytesView frame) {
  Connection& connection = *connections_[index];
  connection.send(frame);
  if (connection.has_unsent() && wants_to_write_[index] == 0) {
    wants_to_write_[index] = 1;
    watch(index, EPOLL_CTL_MOD);
  }
}

void Fleet::wait(std::int64_t until_ns, const OnFrame& on_frame) {
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  const std::int64_t asleep_ns = std::max<std::int64_t>(0, until_ns - steady_ns() - kAwakeNs);
  const timespec timeout{asleep_ns / kNsPerSecond, asleep_ns % kNsPerSecond};
  std::array<epoll_event, kEventsPerWait> events;
  const int count = ::epoll_pwait2(epoll_, events.data(), kEventsPerWait, &timeout, nullptr);
  if (count < 0 && errno != EINTR) fail("cannot wait for the broker");
  for (int i = 0; i < count; ++i) {
    const std::size_t index = events[static_cast<std::size_t>(i)].data.u64;
    const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
    Connection& connection = *connections_[index];
    if ((what & EPOLLOUT) != 0) {
      connection.flush();
      if (!connection.has_unsent()) {
        wants_to_write_[index] = 0;
        watch(index, EPOLL_CTL_MOD);
      }
    }
    if ((what & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) continue;
    connection.receive();
    while (const auto frame = connection.next_frame()) on_frame(index, *frame);
  }
}

}  // namespace orloj::bench
