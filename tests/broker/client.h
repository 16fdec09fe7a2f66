// A client on a loopback socket, for tests: writes raw bytes and frames, reads frames with a
// deadline.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "log/bytes.h"
#include "protocol/message.h"

namespace orloj::test {

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
  }

  void close() {
    ::close(socket_);
    socket_ = -1;
  }
  int socket() const { return socket_; }

  // False when the broker has closed the connection.
  bool send(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }

  template <class Request>
  bool send(const Request& request, std::int16_t version, std::int32_t correlation_id = 1) {
    protocol::RequestHeader header;
    header.api_version = version;
    header.correlation_id = correlation_id;
    header.client_id = "test";
    return send(protocol::encode_request_frame(request, header).value().bytes);
  }

  // A frame without its length; nullopt: the broker closed the connection. Throws after 10 s.
  std::optional<std::vector<std::byte>> receive_frame() {
    std::vector<std::byte> length(4);
    if (!read(length)) return std::nullopt;
    std::vector<std::byte> frame(
        static_cast<std::size_t>(log::load_big<std::int32_t>(length.data())));
    if (!read(frame)) return std::nullopt;
    return frame;
  }

  // Nothing has arrived and the connection is open.
  bool is_quiet() const {
    pollfd waiting{socket_, POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 0;
  }
  bool is_closed_by_broker() {
    std::vector<std::byte> one(1);
    return !read(one);
  }

  template <class Response>
  struct Received {
    std::int32_t correlation_id = 0;
    Response message;
    std::vector<std::byte> frame;
  };

  template <class Response>
  Received<Response> receive(std::int16_t version) {
    auto frame = receive_frame();
    if (!frame) throw std::runtime_error("the broker closed the connection");
    Received<Response> received;
    received.frame = std::move(*frame);
    const auto split =
        protocol::split_response(protocol::BytesView(std::span<const std::byte>(received.frame)),
                                 Response::kApiKey, version)
            .value();
    received.correlation_id = split.correlation_id;
    received.message = protocol::decode_message<Response>(split.body, version).value();
    return received;
  }

  template <class Response, class Request>
  Response call(const Request& request, std::int16_t version) {
    last_correlation_id_ += 1;
    if (!send(request, version, last_correlation_id_)) throw std::runtime_error("send failed");
    auto received = receive<Response>(version);
    if (received.correlation_id != last_correlation_id_) throw std::runtime_error("wrong order");
    last_frame_ = std::move(received.frame);  // views of the message point into it
    return received.message;
  }

 private:
  static constexpr int kReceiveDeadlineMs = 10'000;

  bool read(std::span<std::byte> into) {
    while (!into.empty()) {
      pollfd waiting{socket_, POLLIN, 0};
      if (::poll(&waiting, 1, kReceiveDeadlineMs) == 0) {
        throw std::runtime_error("no answer within " + std::to_string(kReceiveDeadlineMs) + " ms");
      }
      const ssize_t got = ::recv(socket_, into.data(), into.size(), 0);
      if (got <= 0) return false;
      into = into.subspan(static_cast<std::size_t>(got));
    }
    return true;
  }

  int socket_;
  std::int32_t last_correlation_id_ = 100;
  std::vector<std::byte> last_frame_;
};

}  // namespace orloj::test
