// Puts replies on a non-blocking socket: memory is gathered, long file ranges go by sendfile, short
// ones are read and gathered. Not thread-safe: used by the connection's reactor only.
#pragma once

#include <cstdint>
#include <deque>

#include "broker/net/response.h"

namespace orloj::broker {

class ResponseSender {
 public:
  enum class Outcome : std::uint8_t {
    kEmpty,       // everything is sent
    kWouldBlock,  // wait until the socket takes more
    kFailed,      // the peer is gone or a file could not be read; the connection is over
  };

  explicit ResponseSender(std::int64_t sendfile_min_bytes)
      : sendfile_min_bytes_(sendfile_min_bytes) {}

  void push(Response response);
  Outcome send(int socket);
  std::uint64_t sent_bytes() const { return sent_bytes_; }
  bool empty() const { return parts_.empty(); }

 private:
  enum class Step : std::uint8_t { kProgress, kWouldBlock, kFailed };

  Step send_memory(int socket);
  Step send_file(int socket);
  bool read_into_memory(Response::Part& part);
  bool goes_by_sendfile(const Response::Part& part) const;

  const std::int64_t sendfile_min_bytes_;
  std::deque<Response::Part> parts_;
  std::size_t head_sent_ = 0;  // bytes of the first part, when it is memory
  std::uint64_t sent_bytes_ = 0;
};

}  // namespace orloj::broker
