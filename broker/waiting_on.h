// A waiting handler made of two functions, for APIs that ask another room once and answer with what
// it says.
#pragma once

#include <boost/asio/this_coro.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "broker/answering.h"
#include "broker/later.h"
#include "broker/waiting_handler.h"

namespace orloj::broker {

// start(const Message&, const Request&, callback) begins; the callback takes one Outcome, from any
// thread. finish(const Message&, Request&, Outcome) makes the response message, on the connection's
// reactor.
template <class Message, class Outcome, class Start, class Finish>
class WaitingOn : public WaitingHandler {
 public:
  WaitingOn(Start start, Finish finish) : start_(std::move(start)), finish_(std::move(finish)) {}

  boost::asio::awaitable<Answer> handle(std::shared_ptr<Request> request) override {
    const auto message =
        protocol::decode_request<Message>(request->body, request->header.api_version);
    if (!message) co_return Answer::close(message.error().message);
    Later<Outcome> later(co_await boost::asio::this_coro::executor);
    start_(*message, *request, later.callback());
    co_await later.wait();
    co_return reply(*request, finish_(*message, *request, std::move(*later.take())));
  }

 private:
  Start start_;
  Finish finish_;
};

template <class Message, class Outcome, class Start, class Finish>
std::shared_ptr<WaitingHandler> waiting_on(Start start, Finish finish) {
  return std::make_shared<WaitingOn<Message, Outcome, Start, Finish>>(std::move(start),
                                                                      std::move(finish));
}

}  // namespace orloj::broker
