#include "broker/net/server.h"

#include <optional>
#include <thread>

#include "broker/net/listener.h"

namespace orloj::broker {

namespace {

std::size_t reactor_count(const NetOptions& options) {
  if (options.reactor_threads > 0) return static_cast<std::size_t>(options.reactor_threads);
  const unsigned cores = std::thread::hardware_concurrency();
  return cores <= 2 ? 1 : cores / 2;
}

}  // namespace

struct Server::Impl {
  Impl(const BrokerOptions& broker_options, BrokerStats& broker_stats, const log::Clock& the_clock)
      : options(broker_options),
        stats(broker_stats),
        clock(the_clock),
        memory(broker_options.net.request_memory_max_bytes),
        limits(broker_options.net.connections_max, broker_options.net.connections_per_ip_max,
               broker_stats) {}

  const BrokerOptions& options;
  BrokerStats& stats;
  const log::Clock& clock;
  MemoryBudget memory;
  ConnectionLimits limits;
  std::optional<ConnectionServices> services;
  std::vector<std::unique_ptr<Reactor>> reactors;
  std::vector<std::unique_ptr<Listener>> listeners;
};

Server::Server(const BrokerOptions& options, BrokerStats& stats, const log::Clock& clock)
    : impl_(std::make_unique<Impl>(options, stats, clock)) {
  for (std::size_t i = 0; i < reactor_count(options.net); ++i) {
    impl_->reactors.push_back(std::make_unique<Reactor>(options.net));
  }
}

Server::~Server() {
  stop();
}

Status Server::bind() {
  for (std::size_t i = 0; i < impl_->options.listeners.size(); ++i) {
    auto listener =
        std::make_unique<Listener>(*impl_->reactors.front(), impl_->reactors, impl_->options.net);
    const Status bound = listener->bind(impl_->options.listeners[i], i);
    if (!bound) return bound;
    impl_->listeners.push_back(std::move(listener));
  }
  return {};
}

std::uint16_t Server::port(std::size_t listener) const {
  return impl_->listeners[listener]->port();
}

void Server::every(std::int64_t interval_ms, std::function<void()> work) {
  impl_->reactors.front()->every(interval_ms, std::move(work));
}

Status Server::start(const Router& router) {
  impl_->services.emplace(ConnectionServices{impl_->options.net, router, impl_->memory,
                                             impl_->limits, impl_->stats, impl_->clock});
  for (const auto& listener : impl_->listeners) {
    const Status started = listener->start(*impl_->services);
    if (!started) return started;
  }
  for (const auto& reactor : impl_->reactors) reactor->start();
  return {};
}

bool Server::drain(std::int64_t max_ms) {
  for (const auto& listener : impl_->listeners) listener->stop();
  for (const auto& reactor : impl_->reactors) reactor->drain();
  return impl_->limits.wait_until_none(max_ms);
}

void Server::stop() {
  for (const auto& reactor : impl_->reactors) reactor->stop();
}

}  // namespace orloj::broker
