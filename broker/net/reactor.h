// One thread with one io_context, and the connections that live on it.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "broker/net/connection.h"

namespace orloj::broker {

class Reactor {
 public:
  explicit Reactor(const NetOptions& options);
  ~Reactor();

  boost::asio::io_context& context() { return context_; }
  void start();
  // Nothing runs here any more when it returns; what waits is destroyed with the reactor.
  void stop();

  // Connections now, for the acceptor's choice. Any thread.
  std::int32_t load() const { return load_.load(std::memory_order_relaxed); }
  // Any thread: counted in load() at once. Takes over the descriptor.
  void adopt(int descriptor, std::shared_ptr<const Client> client,
             const ConnectionServices& services);
  // Any thread.
  void drain();
  // Any thread; runs `work` on this reactor every `interval_ms` until stop().
  void every(std::int64_t interval_ms, std::function<void()> work);

  // On the reactor's thread.
  void forget(Connection& connection);
  // Logs at most kWarningsPerSecondMax lines a second; says how many were left out.
  void warn(const std::string& line);

 private:
  static constexpr int kWarningsPerSecondMax = 10;

  boost::asio::awaitable<void> repeat(std::int64_t interval_ms, std::function<void()> work);
  void sweep();

  const NetOptions& options_;
  std::atomic<std::int32_t> load_{0};
  std::unordered_set<Connection*> connections_;
  std::chrono::steady_clock::time_point warning_window_;
  bool draining_ = false;
  int warnings_in_window_ = 0;
  int warnings_left_out_ = 0;
  const log::Clock* clock_ = nullptr;   // of the first connection's services
  boost::asio::io_context context_{1};  // below what its handlers touch on destruction
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace orloj::broker
