#include "broker/blocking.h"

#include <boost/asio/this_coro.hpp>

#include "broker/later.h"

namespace orloj::broker {

boost::asio::awaitable<bool> on_blocking_thread(BlockingPool& pool, std::function<void()> work) {
  const WakeUp done(co_await boost::asio::this_coro::executor);
  const bool queued = pool.submit([done, work = std::move(work)]() mutable {
    work();
    work = nullptr;  // whoever is answered may count on what it held being free again
    done.call();
  });
  if (queued) co_await done.wait_until(std::chrono::steady_clock::time_point::max());
  co_return queued;
}

}  // namespace orloj::broker
