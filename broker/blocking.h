// Work that waits for the disk, awaited from a reactor.
#pragma once

#include <boost/asio/this_coro.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "broker/blocking_pool.h"
#include "broker/later.h"

namespace orloj::broker {

// Runs `work` on the pool; nullopt: the pool is full (blocking_queue_max) or stops.
template <class T>
boost::asio::awaitable<std::optional<T>> on_blocking_thread(BlockingPool& pool,
                                                            std::function<T()> work) {
  const auto executor = co_await boost::asio::this_coro::executor;
  Later<std::shared_ptr<T>> later(executor);
  const auto done = later.callback();
  const bool queued = pool.submit([done, work = std::move(work)]() mutable {
    auto result = std::make_shared<T>(work());
    work = nullptr;  // whoever is answered may count on what it held being free again
    done(std::move(result));
  });
  if (!queued) co_return std::nullopt;
  const std::shared_ptr<T> result = co_await later.wait();
  co_return std::move(*result);
}

}  // namespace orloj::broker
