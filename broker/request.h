// One request on its way through the broker: facts only, no services.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "broker/memory_budget.h"
#include "broker/net/frame_reader.h"
#include "broker/net/response.h"
#include "protocol/header.h"

namespace orloj::broker {

// Who asks; the same for the life of a connection.
struct Client {
  std::string host;          // "127.0.0.1"
  std::size_t listener = 0;  // index into BrokerOptions::listeners: Metadata answers for it
};

struct Request {
  Request(FrameBytes frame_bytes, BudgetLease budget_lease)
      : frame(std::move(frame_bytes)), lease(std::move(budget_lease)) {}

  FrameBytes frame;   // owns what header and body point into; record batches are patched in place
  BudgetLease lease;  // the frame's share of the memory budget
  protocol::RequestHeader header;
  protocol::BytesView body;
  std::shared_ptr<const Client> client;
  std::int64_t arrival_boot_ns = 0;
  bool failed = false;  // set by handlers: the answer carries an error code
  // Set by pipelined handlers before they first wait: later requests of the connection start behind
  // the answer to this one.
  bool holds_up = false;

  std::string_view client_id() const { return header.client_id.value_or(std::string_view{}); }
};

// What becomes of a request.
struct Answer {
  enum class Kind : std::uint8_t {
    kReply,    // `response` is a whole frame
    kSilence,  // nothing is sent (acks=0)
    kClose,    // nothing more can be said on this connection; `reason` goes to the log
  };
  Kind kind = Kind::kReply;
  Response response;
  std::string reason;

  static Answer silence() { return {Kind::kSilence, {}, {}}; }
  static Answer close(std::string why) { return {Kind::kClose, {}, std::move(why)}; }
};

}  // namespace orloj::broker
