// One value that some thread delivers once and one coroutine awaits on its own executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace orloj::broker {

// The executor's context must outlive every callback. Not thread-safe but for the callbacks.
template <class T>
class Later {
 public:
  explicit Later(boost::asio::any_io_executor executor)
      : state_(std::make_shared<State>(std::move(executor))) {}

  // Any thread, any number of times; the first call counts.
  std::function<void(T)> callback() const {
    return [state = state_](T value) {
      boost::asio::post(state->executor, [state, value = std::move(value)]() mutable {
        if (state->value) return;
        state->value.emplace(std::move(value));
        state->timer.cancel();
      });
    };
  }

  // nullopt: the deadline passed first.
  boost::asio::awaitable<std::optional<T>> wait_until(
      std::chrono::steady_clock::time_point deadline) {
    const auto state = state_;
    while (!state->value && std::chrono::steady_clock::now() < deadline) {
      state->timer.expires_at(deadline);
      boost::system::error_code ignored;
      co_await state->timer.async_wait(
          boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    co_return std::move(state->value);
  }

  boost::asio::awaitable<T> wait() {
    std::optional<T> value = co_await wait_until(std::chrono::steady_clock::time_point::max());
    co_return std::move(*value);
  }

 private:
  struct State {
    explicit State(boost::asio::any_io_executor on) : executor(on), timer(std::move(on)) {}
    boost::asio::any_io_executor executor;
    boost::asio::steady_timer timer;
    std::optional<T> value;
  };
  std::shared_ptr<State> state_;
};

}  // namespace orloj::broker
