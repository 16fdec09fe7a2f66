#include "broker/blocking.h"

#include <boost/asio/this_coro.hpp>

#include "broker/later.h"

namespace orloj::broker {

namespace {

class OnBlockingPool : public WaitingHandler {
 public:
  OnBlockingPool(BlockingPool& pool, std::function<Answer(Request&)> answer)
      : pool_(pool), answer_(std::move(answer)) {}

  boost::asio::awaitable<Answer> handle(std::shared_ptr<Request> request) override {
    const auto made = std::make_shared<Answer>();
    std::function<void()> work = [this, request, made] { *made = answer_(*request); };
    const bool done = co_await on_blocking_thread(pool_, std::move(work));
    if (!done) co_return Answer::close("blocking_queue_max is exceeded");
    co_return std::move(*made);
  }

 private:
  BlockingPool& pool_;
  const std::function<Answer(Request&)> answer_;
};

}  // namespace

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

std::shared_ptr<WaitingHandler> on_blocking_pool(BlockingPool& pool,
                                                 std::function<Answer(Request&)> answer) {
  return std::make_shared<OnBlockingPool>(pool, std::move(answer));
}

}  // namespace orloj::broker
