// The Kafka port: reactors and listeners. The only door of net/ for the rest of the room; no Asio
// in here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "broker/error.h"
#include "broker/options.h"
#include "broker/router.h"
#include "broker/stats.h"
#include "log/env/env.h"

namespace orloj::broker {

class Server {
 public:
  // `options`, `stats` and `clock` outlive it. Reactors run from here on.
  Server(const BrokerOptions& options, BrokerStats& stats, const log::Clock& clock);
  // Destroys what still waits on a reactor. Nobody may call back into it any more.
  ~Server();

  // Takes all addresses, so that a busy one is known before anything is recovered; clients are
  // refused until start(). kListener.
  Status bind();
  std::uint16_t port(std::size_t listener) const;

  // Runs `work` on the first reactor every so often until stop(); not earlier than start().
  void every(std::int64_t interval_ms, std::function<void()> work);

  // From here on clients are answered. `router` outlives stop(). kListener.
  Status start(const Router& router);

  // No new connections; requests in flight are finished, long polls are cut. True: all connections
  // were gone within the time.
  bool drain(std::int64_t max_ms);
  // Joins the reactors.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace orloj::broker
