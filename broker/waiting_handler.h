// A handler whose answer may wait: for the disk, for other clients, for a blocking thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <variant>

#include "broker/request.h"

namespace orloj::broker {

class WaitingHandler {
 public:
  virtual ~WaitingHandler() = default;
  // Runs on the connection's reactor and returns to it; whatever comes from another thread is
  // awaited with broker/later.h. Everything up to the first wait happens before this returns.
  virtual boost::asio::awaitable<Answer> handle(std::shared_ptr<Request> request) = 0;
  // The answer itself where nothing has to be waited for: a coroutine costs as much as a small
  // request. Called instead of handle() for pipelined requests.
  using Begun = std::variant<Answer, boost::asio::awaitable<Answer>>;
  virtual Begun begin(std::shared_ptr<Request> request);
};

}  // namespace orloj::broker
