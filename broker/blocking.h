// Work that waits for the disk, awaited from a reactor.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>

#include "broker/blocking_pool.h"
#include "broker/waiting_handler.h"

namespace orloj::broker {

// Runs `work` on the pool; false: the pool is full (blocking_queue_max) or stops, and `work` does
// not run. The awaiting coroutine may be gone before the work ends, so `work` owns what it touches.
// Give `work` a name before the co_await expression: GCC 12 destroys a lambda inside it twice.
boost::asio::awaitable<bool> on_blocking_thread(BlockingPool& pool, std::function<void()> work);

// For APIs whose whole answer is made where waiting is allowed: `answer`, mostly of answering.h,
// runs on the pool. When that is full, the connection is closed.
std::shared_ptr<WaitingHandler> on_blocking_pool(BlockingPool& pool,
                                                 std::function<Answer(Request&)> answer);

}  // namespace orloj::broker
