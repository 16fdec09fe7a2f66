#include "broker/net/listener.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>

#include "broker/logger.h"

namespace orloj::broker {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {
constexpr std::chrono::milliseconds kAcceptPause{100};  // when descriptors have run out
constexpr int kAcceptsPerTurn = 64;

// The address without a port; IPv4 in IPv6 clothes is shown as IPv4.
std::string host_of(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}
}  // namespace

Listener::Listener(Reactor& home, const std::vector<std::unique_ptr<Reactor>>& reactors,
                   const NetOptions& options)
    : home_(home),
      reactors_(reactors),
      options_(options),
      acceptor_(home.context()),
      pause_(home.context()) {
}

Status Listener::bind(const ListenerOptions& options, std::size_t index) {
  index_ = index;
  shown_ = fmt::format("{}://{}:{}", options.name, options.host, options.port);
  error_code error;
  tcp::resolver resolver(home_.context());
  tcp::endpoint endpoint(tcp::v6(), options.port);
  if (!options.host.empty()) {
    const auto found = resolver.resolve(options.host, std::to_string(options.port), error);
    if (error || found.empty()) {
      return Error{ErrorCode::kListener,
                   fmt::format("listener {} cannot be resolved: {}", shown_, error.message())};
    }
    endpoint = found.begin()->endpoint();
  }
  acceptor_.open(endpoint.protocol(), error);
  if (error && options.host.empty()) {
    endpoint = tcp::endpoint(tcp::v4(), options.port);
    acceptor_.open(endpoint.protocol(), error);
  }
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) {
    acceptor_.set_option(asio::ip::v6_only(!options.host.empty()), error);
  }
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.native_non_blocking(true, error);
  if (error) return cannot_listen(error);
  port_ = acceptor_.local_endpoint(error).port();
  return {};
}

Error Listener::cannot_listen(const error_code& error) const {
  return {ErrorCode::kListener, fmt::format("cannot listen on {}: {}; is another broker running?",
                                            shown_, error.message())};
}

Status Listener::start(const ConnectionServices& services) {
  services_ = &services;
  error_code error;
  acceptor_.listen(options_.listen_backlog, error);
  if (error) return cannot_listen(error);
  asio::post(home_.context(), [this] { accept(); });
  return {};
}

void Listener::accept() {
  if (!acceptor_.is_open()) return;
  acceptor_.async_wait(tcp::acceptor::wait_read, [this](const error_code& error) {
    if (!error) accept_all();
  });
}

void Listener::accept_all() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    tcp::endpoint peer;
    auto length = static_cast<socklen_t>(peer.capacity());
    const int descriptor =
        ::accept4(acceptor_.native_handle(), peer.data(), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      peer.resize(length);
      hand_over(descriptor, host_of(peer));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      // Out of descriptors or memory: the connection stays in the backlog, trying at once would
      // spin.
      log_error(fmt::format("cannot accept connections: {}", std::strerror(errno)));
      pause_.expires_after(kAcceptPause);
      pause_.async_wait([this](const error_code& error) {
        if (!error) accept();
      });
      return;
    }
  }
  accept();
}

void Listener::hand_over(int descriptor, const std::string& host) {
  if (const auto exceeded = services_->limits.enter(host)) {
    services_->stats.connections_refused_total.fetch_add(1, std::memory_order_relaxed);
    home_.warn(fmt::format("refusing connection from {}: {}", host, *exceeded));
    ::close(descriptor);
    return;
  }
  services_->stats.connections_accepted_total.fetch_add(1, std::memory_order_relaxed);
  const auto least = std::ranges::min_element(
      reactors_, {}, [](const std::unique_ptr<Reactor>& reactor) { return reactor->load(); });
  const auto client = std::make_shared<Client>();
  client->host = host;
  client->listener = index_;
  (*least)->adopt(descriptor, client, *services_);
}

void Listener::stop() {
  asio::post(home_.context(), [this] {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  });
}

}  // namespace orloj::broker
