// One client: frames in, replies out in request order.
//
// Owned by its own operations (shared_ptr); lives on one reactor and is touched by that thread
// only. It ends when the peer closes, breaks the protocol or a time limit, or when the broker
// drains.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "broker/memory_budget.h"
#include "broker/net/connection_limits.h"
#include "broker/net/frame_reader.h"
#include "broker/net/response_sender.h"
#include "broker/options.h"
#include "broker/request.h"
#include "broker/router.h"
#include "broker/stats.h"
#include "broker/waiting_handler.h"
#include "log/env/env.h"

namespace orloj::broker {

// What all connections share; outlives them.
struct ConnectionServices {
  const NetOptions& options;
  const Router& router;
  MemoryBudget& memory;
  ConnectionLimits& limits;
  BrokerStats& stats;
  const log::Clock& clock;
};

class Reactor;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // The socket is non-blocking and counted in services.limits already.
  Connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<const Client> client,
             const ConnectionServices& services, Reactor& reactor);
  ~Connection();

  void start();
  // Closes when a time limit has passed; called every so often.
  void sweep(std::int64_t now_boot_ms);
  // Finishes what is in flight and closes; long polls are cut short.
  void drain();
  void close();

 private:
  struct Slot {
    const Route* route = nullptr;
    std::int64_t arrival_boot_ns = 0;
    bool done = false;
    Response reply;
  };

  boost::asio::awaitable<void> run();
  boost::asio::awaitable<bool> read_frame(BudgetLease& lease);
  boost::asio::awaitable<void> serve(std::shared_ptr<Request> request, const Route& route);
  boost::asio::awaitable<void> progress();
  void finish(std::uint64_t slot, const Request& request, Answer answer);
  void flush();
  void wait_writable();
  void watch_for_hangup(std::uint64_t slot);
  void refuse(const std::string& reason);
  bool lease_more(BudgetLease& lease);
  bool has_unread_bytes();
  bool half_frame_is_late(std::int64_t now_boot_ms);

  boost::asio::ip::tcp::socket socket_;
  const std::shared_ptr<const Client> client_;
  const ConnectionServices& services_;
  Reactor& reactor_;
  FrameReader reader_;
  ResponseSender sender_;
  boost::asio::steady_timer progress_;     // cancelled whenever something moved
  boost::asio::cancellation_signal stop_;  // cuts whatever run() waits for
  std::function<void()> memory_freed_;     // any thread
  std::deque<Slot> slots_;                 // requests in flight, oldest first
  std::uint64_t first_slot_ = 0;           // number of slots_.front()
  std::int64_t last_activity_boot_ms_ = 0;
  std::int64_t half_frame_since_boot_ms_ = 0;     // 0: none
  std::int64_t write_blocked_since_boot_ms_ = 0;  // 0: not blocked
  bool trusted_ = false;                          // has sent a valid request
  bool in_long_poll_ = false;
  bool waits_for_memory_ = false;
  bool draining_ = false;
  bool closed_ = false;
};

}  // namespace orloj::broker
