// One door: accepts on an address and hands each socket to the least loaded reactor.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/error.h"
#include "broker/net/connection.h"
#include "broker/net/reactor.h"
#include "broker/options.h"

namespace orloj::broker {

class Listener {
 public:
  // Lives on `home`; all must outlive it.
  Listener(Reactor& home, const std::vector<std::unique_ptr<Reactor>>& reactors,
           const NetOptions& options);

  // Takes the address; clients are refused until start(). kListener.
  Status bind(const ListenerOptions& options, std::size_t index);
  std::uint16_t port() const { return port_; }
  // `services` outlives the reactors.
  Status start(const ConnectionServices& services);
  // Any thread.
  void stop();

 private:
  Error cannot_listen(const boost::system::error_code& error) const;
  void accept();
  void accept_all();
  void hand_over(int descriptor, const std::string& host);

  Reactor& home_;
  const std::vector<std::unique_ptr<Reactor>>& reactors_;
  const NetOptions& options_;
  const ConnectionServices* services_ = nullptr;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::string shown_;  // for messages
  std::size_t index_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace orloj::broker
