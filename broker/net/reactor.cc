#include "broker/net/reactor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <vector>

#include "broker/logger.h"

namespace orloj::broker {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::int64_t kSweepMinMs = 5;
constexpr std::int64_t kSweepMaxMs = 1'000;

// A quarter of the shortest limit, so that none is missed by much.
std::int64_t sweep_interval_ms(const NetOptions& options) {
  const std::int64_t shortest = std::min(
      {options.connection_idle_max_ms, options.frame_deadline_ms, options.write_deadline_ms});
  return std::clamp(shortest / 4, kSweepMinMs, kSweepMaxMs);
}

void rethrow(const std::exception_ptr& failure) {
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

Reactor::Reactor(const NetOptions& options)
    : options_(options), work_(asio::make_work_guard(context_)) {
}

Reactor::~Reactor() {
  stop();
}

void Reactor::start() {
  every(sweep_interval_ms(options_), [this] { sweep(); });
  thread_ = std::thread([this] { context_.run(); });
}

void Reactor::stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void Reactor::adopt(int descriptor, std::shared_ptr<const Client> client,
                    const ConnectionServices& services) {
  load_.fetch_add(1, std::memory_order_relaxed);
  asio::post(context_, [this, descriptor, client = std::move(client), &services] {
    tcp::socket socket(context_);
    boost::system::error_code error;
    socket.assign(tcp::v4(), descriptor, error);
    if (!error) socket.native_non_blocking(true, error);
    if (error) {
      log_error(
          fmt::format("cannot take over a connection from {}: {}", client->host, error.message()));
      if (!socket.is_open()) ::close(descriptor);
      load_.fetch_sub(1, std::memory_order_relaxed);
      services.limits.leave(client->host);
      return;
    }
    socket.set_option(tcp::no_delay(true), error);
    // Left alone the system grows it to megabytes: a client that does not read would hold as much
    // kernel memory, and over loopback large answers cost up to twice the processor time.
    if (options_.send_buffer_bytes > 0) {
      socket.set_option(tcp::socket::send_buffer_size(options_.send_buffer_bytes), error);
    }
    clock_ = &services.clock;
    const auto connection =
        std::make_shared<Connection>(std::move(socket), client, services, *this);
    connections_.insert(connection.get());
    connection->start();
    if (draining_) connection->close();
  });
}

void Reactor::forget(Connection& connection) {
  connections_.erase(&connection);
  load_.fetch_sub(1, std::memory_order_relaxed);
}

void Reactor::sweep() {
  if (connections_.empty()) return;
  std::vector<std::shared_ptr<Connection>> held;
  held.reserve(connections_.size());
  for (Connection* connection : connections_) held.push_back(connection->shared_from_this());
  const std::int64_t now_boot_ms = clock_->boot_ms();
  for (const auto& connection : held) connection->sweep(now_boot_ms);
}

void Reactor::drain() {
  asio::post(context_, [this] {
    draining_ = true;
    std::vector<std::shared_ptr<Connection>> held;
    for (Connection* connection : connections_) held.push_back(connection->shared_from_this());
    for (const auto& connection : held) connection->drain();
  });
}

void Reactor::every(std::int64_t interval_ms, std::function<void()> work) {
  asio::co_spawn(context_, repeat(interval_ms, std::move(work)), rethrow);
}

asio::awaitable<void> Reactor::repeat(std::int64_t interval_ms, std::function<void()> work) {
  asio::steady_timer timer(context_);
  while (true) {
    timer.expires_after(std::chrono::milliseconds(interval_ms));
    co_await timer.async_wait(asio::use_awaitable);
    work();
  }
}

void Reactor::warn(const std::string& line) {
  const auto now = std::chrono::steady_clock::now();
  if (now - warning_window_ >= std::chrono::seconds(1)) {
    if (warnings_left_out_ > 0) {
      log_warning(fmt::format("{} more warnings were left out", warnings_left_out_));
    }
    warning_window_ = now;
    warnings_in_window_ = 0;
    warnings_left_out_ = 0;
  }
  if (warnings_in_window_ < kWarningsPerSecondMax) {
    ++warnings_in_window_;
    log_warning(line);
  } else {
    ++warnings_left_out_;
  }
}

}  // namespace orloj::broker
