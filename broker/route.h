// A row of the router's table: which API, which versions, who answers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "broker/request.h"
#include "protocol/api_table.h"

namespace orloj::broker {

// How requests of one connection follow each other. Replies leave in request order either way.
enum class Course : std::uint8_t {
  kAlone,      // starts when every earlier reply is sent, as Kafka does
  kPipelined,  // starts in order, finishes freely: Produce, which waits for the disk; a request may
               // hold up the later ones (Request::holds_up)
};

// An answer that may have to wait (broker/waiting_handler.h).
class WaitingHandler;

struct Route {
  const protocol::ApiRow* api = nullptr;
  Course course = Course::kAlone;
  bool long_poll = false;  // may wait for other clients: cut short when the broker stops
  // Exactly one of the two is set. Both run on the connection's reactor.
  std::function<Answer(Request&)> answer;
  std::shared_ptr<WaitingHandler> waiting;
};

}  // namespace orloj::broker
