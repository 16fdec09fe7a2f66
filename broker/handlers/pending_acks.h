// Several durability waits of one Produce, gathered into one wake-up.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "log/error.h"

namespace orloj::broker {

// Filled on the reactor, completed from any thread. Usage: add() for each wait, then on_complete().
class PendingAcks : public std::enable_shared_from_this<PendingAcks> {
 public:
  // A callback for one wait, named by the index that outcome() takes.
  std::function<void(const log::Status&)> add();
  // Calls `done` once all waits are over: at once (false is returned instead) or from another
  // thread.
  bool on_complete(std::function<void()> done);

  bool all_here() const;  // no wait is left
  // nullopt: still waiting.
  std::optional<log::Status> outcome(std::size_t index) const;
  std::size_t size() const;

 private:
  void complete(std::size_t index, const log::Status& status);

  mutable std::mutex mutex_;
  std::vector<std::optional<log::Status>> outcomes_;
  std::size_t open_ = 0;
  std::function<void()> done_;
};

}  // namespace orloj::broker
