#include "broker/handlers/pending_acks.h"

#include <cassert>
#include <utility>

namespace orloj::broker {

std::function<void(const log::Status&)> PendingAcks::add() {
  const std::lock_guard lock(mutex_);
  outcomes_.emplace_back();
  ++open_;
  return [self = shared_from_this(), index = outcomes_.size() - 1](const log::Status& status) {
    self->complete(index, status);
  };
}

bool PendingAcks::on_complete(std::function<void()> done) {
  const std::lock_guard lock(mutex_);
  if (open_ == 0) return false;
  done_ = std::move(done);
  return true;
}

void PendingAcks::complete(std::size_t index, const log::Status& status) {
  std::function<void()> done;
  {
    const std::lock_guard lock(mutex_);
    assert(!outcomes_[index]);
    outcomes_[index] = status;
    if (--open_ == 0) done = std::exchange(done_, nullptr);
  }
  if (done) done();
}

bool PendingAcks::all_here() const {
  const std::lock_guard lock(mutex_);
  return open_ == 0;
}

std::optional<log::Status> PendingAcks::outcome(std::size_t index) const {
  const std::lock_guard lock(mutex_);
  return outcomes_[index];
}

std::size_t PendingAcks::size() const {
  const std::lock_guard lock(mutex_);
  return outcomes_.size();
}

}  // namespace orloj::broker
