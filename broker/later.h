// One value that some thread delivers once and one coroutine awaits on its own executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace orloj::broker {

// What does not depend on the value. The executor's context must outlive every call.
class WakeUp {
 public:
  explicit WakeUp(boost::asio::any_io_executor executor);

  void call() const;  // any thread
  // Returns when called, or when the deadline has passed. The executor only.
  boost::asio::awaitable<void> wait_until(std::chrono::steady_clock::time_point deadline) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The executor's context must outlive every callback. Not thread-safe but for the callbacks.
template <class T>
class Later {
 public:
  explicit Later(boost::asio::any_io_executor executor) : wake_up_(std::move(executor)) {}

  // Any thread, any number of times; the first call counts.
  std::function<void(T)> callback() const {
    return [wake_up = wake_up_, arrived = arrived_](T value) {
      {
        const std::lock_guard lock(arrived->mutex);
        if (arrived->value) return;
        arrived->value.emplace(std::move(value));
      }
      wake_up.call();
    };
  }

  boost::asio::awaitable<void> wait() const {
    return wait_until(std::chrono::steady_clock::time_point::max());
  }
  boost::asio::awaitable<void> wait_until(std::chrono::steady_clock::time_point deadline) const {
    return wake_up_.wait_until(deadline);
  }
  // Once, after a wait; nullopt: the deadline passed first.
  std::optional<T> take() const {
    const std::lock_guard lock(arrived_->mutex);
    return std::move(arrived_->value);
  }

 private:
  struct Arrived {
    std::mutex mutex;
    std::optional<T> value;
  };
  WakeUp wake_up_;
  std::shared_ptr<Arrived> arrived_ = std::make_shared<Arrived>();
};

}  // namespace orloj::broker
