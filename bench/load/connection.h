// Client connections of the load generator: requests go out pipelined, answers come back in order.
// Faults are std::runtime_error: a load that meets one is of no use. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/message.h"

namespace orloj::bench {

// A request frame of version `version`. Correlation ids are all 0: answers come in order.
template <class Request>
protocol::Bytes frame_of(const Request& request, std::int16_t version) {
  protocol::RequestHeader header;
  header.api_version = version;
  header.client_id = "load";
  return protocol::encode_request_frame(request, header).value().bytes;
}

// The body of an answer; views point into `frame`.
template <class Response>
Response answer_in(protocol::BytesView frame, std::int16_t version) {
  const auto split = protocol::split_response(frame, Response::kApiKey, version).value();
  return protocol::decode_message<Response>(split.body, version).value();
}

class Connection {
 public:
  // To a broker on 127.0.0.1. When it returns, the broker has answered: it has accepted too.
  explicit Connection(std::uint16_t port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sends what the socket takes now and the rest with flush(). The bytes must live until then.
  void send(protocol::BytesView frame);
  void flush();
  bool has_unsent() const { return !unsent_.empty(); }

  // Takes in what has arrived.
  void receive();
  // The next complete frame without its length; valid until receive().
  std::optional<protocol::BytesView> next_frame();

  // One request and its answer while nothing else is under way. Views in the answer are valid until
  // receive().
  template <class Response, class Request>
  Response call(const Request& request, std::int16_t version) {
    const protocol::Bytes frame = frame_of(request, version);
    return answer_in<Response>(exchange(frame), version);
  }

  int descriptor() const { return descriptor_; }

 private:
  protocol::BytesView exchange(protocol::BytesView frame);

  int descriptor_;
  std::deque<protocol::BytesView> unsent_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// Connections that are waited for together.
class Fleet {
 public:
  Fleet(std::uint16_t port, std::size_t count);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  std::size_t size() const { return connections_.size(); }
  Connection& operator[](std::size_t index) { return *connections_[index]; }
  void send(std::size_t index, protocol::BytesView frame);

  // Waits until something arrives or the steady clock shows `until_ns`, and calls back for each
  // answer that is there. The last moment before `until_ns` is spent awake, so as not to be late.
  using OnFrame = std::function<void(std::size_t index, protocol::BytesView frame)>;
  void wait(std::int64_t until_ns, const OnFrame& on_frame);

 private:
  void watch(std::size_t index, int operation);

  int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<char> wants_to_write_;
};

}  // namespace orloj::bench
