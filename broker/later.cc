#include "broker/later.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace orloj::broker {

namespace asio = boost::asio;

struct WakeUp::State {
  explicit State(asio::any_io_executor on) : executor(on), timer(std::move(on)) {}
  asio::any_io_executor executor;
  asio::steady_timer timer;
  bool called = false;  // on the executor
};

WakeUp::WakeUp(asio::any_io_executor executor)
    : state_(std::make_shared<State>(std::move(executor))) {
}

void WakeUp::call() const {
  asio::post(state_->executor, [state = state_] {
    state->called = true;
    state->timer.cancel();
  });
}

asio::awaitable<void> WakeUp::wait_until(std::chrono::steady_clock::time_point deadline) const {
  const auto state = state_;
  while (!state->called && std::chrono::steady_clock::now() < deadline) {
    state->timer.expires_at(deadline);
    boost::system::error_code ignored;
    co_await state->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace orloj::broker
