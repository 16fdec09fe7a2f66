#include "broker/net/connection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <cerrno>
#include <exception>

#include "broker/logger.h"
#include "broker/net/reactor.h"

namespace orloj::broker {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// A large request may take longer than its deadline if it arrives at this pace at least.
constexpr std::int64_t kSlowestBytesPerSecond = 64 * 1024;
// While others wait for memory, a request that holds some must be so much faster.
constexpr std::int64_t kHasteWhenWanted = 10;

std::string what(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, std::shared_ptr<const Client> client,
                       const ConnectionServices& services, Reactor& reactor)
    : socket_(std::move(socket)),
      client_(std::move(client)),
      services_(services),
      reactor_(reactor),
      sender_(services.options.sendfile_min_bytes),
      progress_(socket_.get_executor(), asio::steady_timer::time_point::max()),
      last_activity_boot_ms_(services.clock.boot_ms()) {
}

Connection::~Connection() {
  reactor_.forget(*this);
  services_.limits.leave(client_->host);
}

void Connection::start() {
  memory_freed_ = [weak = weak_from_this(), executor = socket_.get_executor()] {
    asio::post(executor, [weak] {
      if (const auto self = weak.lock()) self->progress_.cancel();
    });
  };
  auto ended = [self = shared_from_this()](const std::exception_ptr& failure) {
    if (failure && !self->closed_) {
      log_error(fmt::format("connection from {} failed: {}", self->client_->host, what(failure)));
    }
    self->close();
  };
  asio::co_spawn(socket_.get_executor(), run(),
                 asio::bind_cancellation_slot(stop_.slot(), std::move(ended)));
}

asio::awaitable<void> Connection::run() {
  while (!closed_ && !draining_) {
    BudgetLease lease(services_.memory);
    const bool complete = co_await read_frame(lease);
    if (!complete) co_return;
    const auto request = std::make_shared<Request>(reader_.take(), std::move(lease));
    request->client = client_;
    request->arrival_boot_ns = services_.clock.boot_ns();
    const auto found = services_.router.find(*request);
    if (const auto* refusal = std::get_if<Refusal>(&found)) {
      refuse(refusal->reason);
      co_return;
    }
    trusted_ = true;
    const Route& route = *std::get<const Route*>(found);
    const std::size_t ahead_max =
        route.course == Course::kAlone
            ? 0
            : static_cast<std::size_t>(services_.options.requests_in_flight_max) - 1;
    while (slots_.size() > ahead_max && !closed_) co_await progress();
    if (closed_) co_return;
    co_await serve(request, route);
  }
  while (!slots_.empty() && !closed_) co_await progress();
}

asio::awaitable<bool> Connection::read_frame(BudgetLease& lease) {
  const NetOptions& options = services_.options;
  const std::int64_t max_bytes = trusted_ ? options.frame_max_bytes : options.first_frame_max_bytes;
  const char* const max_name =
      trusted_ ? "socket.request.max.bytes" : "socket.first.request.max.bytes";
  while (!closed_) {
    switch (reader_.advance(max_bytes)) {
      case FrameReader::Event::kFrame:
        half_frame_since_boot_ms_ = 0;  // the next one has its own time
        co_return true;
      case FrameReader::Event::kNegative:
        refuse("negative frame length");
        co_return false;
      case FrameReader::Event::kTooLarge:
        refuse(fmt::format("frame of {} bytes; {} is {}", reader_.announced_bytes(), max_name,
                           max_bytes));
        co_return false;
      case FrameReader::Event::kNeedLease:
        waits_for_memory_ = !lease_more(lease);
        if (waits_for_memory_) co_await progress();
        break;
      case FrameReader::Event::kNeedBytes: {
        const auto room = reader_.writable();
        error_code error;
        const auto buffer = asio::buffer(room.data(), room.size());
        const std::size_t got = co_await socket_.async_read_some(
            buffer, asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return false;
        reader_.commit(got);
        last_activity_boot_ms_ = services_.clock.boot_ms();
        services_.stats.received_bytes_total.fetch_add(got, std::memory_order_relaxed);
        break;
      }
    }
  }
  co_return false;
}

bool Connection::lease_more(BudgetLease& lease) {
  BudgetUse use = BudgetUse::kWhole;
  if (!reader_.is_here()) {
    use = reader_.has_lease() ? BudgetUse::kRest : BudgetUse::kBeginning;
  }
  const auto bytes = static_cast<std::int64_t>(reader_.want_bytes());
  if (!lease.grow(bytes, use, memory_freed_)) return false;
  reader_.leased();
  return true;
}

asio::awaitable<void> Connection::serve(std::shared_ptr<Request> request, const Route& route) {
  const std::uint64_t slot = first_slot_ + slots_.size();
  slots_.push_back(Slot{&route, request->arrival_boot_ns, false, {}});
  if (route.answer) {
    Answer answer = route.answer(*request);
    finish(slot, *request, std::move(answer));
  } else if (route.course == Course::kAlone) {
    in_long_poll_ = route.long_poll;
    if (route.long_poll) watch_for_hangup(slot);
    Answer answer = co_await route.waiting->handle(request);
    in_long_poll_ = false;
    finish(slot, *request, std::move(answer));
  } else {
    auto begun = route.waiting->begin(request);
    if (auto* answer = std::get_if<Answer>(&begun)) {
      finish(slot, *request, std::move(*answer));
      co_return;
    }
    asio::co_spawn(socket_.get_executor(), std::get<asio::awaitable<Answer>>(std::move(begun)),
                   [self = shared_from_this(), slot, request](const std::exception_ptr& failure,
                                                              Answer answer) {
                     self->finish(slot, *request,
                                  failure ? Answer::close("handler failed: " + what(failure))
                                          : std::move(answer));
                   });
    while (request->holds_up && first_slot_ <= slot && !closed_) co_await progress();
  }
}

asio::awaitable<void> Connection::progress() {
  error_code ignored;
  co_await progress_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void Connection::finish(std::uint64_t slot, const Request& request, Answer answer) {
  if (closed_) return;
  if (answer.kind == Answer::Kind::kClose) {
    refuse(answer.reason);
    return;
  }
  Slot& done = slots_[slot - first_slot_];
  assert(!done.done);
  done.done = true;
  done.reply = std::move(answer.response);
  ApiStats& stats = services_.stats.apis[static_cast<std::size_t>(done.route->api->key)];
  stats.observe((services_.clock.boot_ns() - done.arrival_boot_ns) / 1000);
  if (request.failed) stats.errors_total.fetch_add(1, std::memory_order_relaxed);
  flush();
}

void Connection::flush() {
  if (write_blocked_since_boot_ms_ != 0) return;  // wait_writable() goes on
  // A slot stays until its reply is sent: what a slow reader leaves unread is bounded by the
  // requests in flight.
  while (!slots_.empty() && slots_.front().done) {
    sender_.push(std::move(slots_.front().reply));
    slots_.front().reply = {};
    const std::uint64_t before = sender_.sent_bytes();
    const auto outcome = sender_.send(socket_.native_handle());
    services_.stats.sent_bytes_total.fetch_add(sender_.sent_bytes() - before,
                                               std::memory_order_relaxed);
    if (outcome == ResponseSender::Outcome::kFailed) {
      close();
      return;
    }
    if (outcome == ResponseSender::Outcome::kWouldBlock) {
      wait_writable();
      return;
    }
    slots_.pop_front();
    ++first_slot_;
  }
  last_activity_boot_ms_ = services_.clock.boot_ms();
  progress_.cancel();
  if (draining_ && slots_.empty()) close();
}

void Connection::wait_writable() {
  write_blocked_since_boot_ms_ = services_.clock.boot_ms();
  socket_.async_wait(asio::ip::tcp::socket::wait_write,
                     [self = shared_from_this()](const error_code& error) {
                       self->write_blocked_since_boot_ms_ = 0;
                       if (error || self->closed_) return;
                       self->flush();
                     });
}

// Nobody reads while a request waits for other clients: a peer that leaves meanwhile would be
// noticed at the end of the wait only, which the client itself chose.
void Connection::watch_for_hangup(std::uint64_t slot) {
  const auto look = [self = shared_from_this(), slot](const error_code& error) {
    if (error || self->closed_ || self->first_slot_ > slot || !self->in_long_poll_) return;
    char next = 0;
    const ssize_t got =
        ::recv(self->socket_.native_handle(), &next, sizeof next, MSG_PEEK | MSG_DONTWAIT);
    const bool gone = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    if (gone) self->close();
  };
  socket_.async_wait(asio::ip::tcp::socket::wait_read, look);
}

void Connection::refuse(const std::string& reason) {
  services_.stats.malformed_requests_total.fetch_add(1, std::memory_order_relaxed);
  reactor_.warn(fmt::format("closing connection from {}: {}", client_->host, reason));
  close();
}

bool Connection::half_frame_is_late(std::int64_t now_boot_ms) {
  // Who waits for memory with empty hands keeps nobody waiting.
  const bool is_held_up = waits_for_memory_ && !reader_.has_lease();
  if (!reader_.half_frame() || !slots_.empty() || is_held_up) {
    half_frame_since_boot_ms_ = 0;
    return false;
  }
  if (half_frame_since_boot_ms_ == 0) half_frame_since_boot_ms_ = now_boot_ms;
  const auto arrived = static_cast<std::int64_t>(reader_.filled_bytes());
  const std::int64_t allowed_ms =
      services_.options.frame_deadline_ms + arrived * 1000 / kSlowestBytesPerSecond;
  const bool must_hurry = reader_.has_lease() && !waits_for_memory_ && services_.memory.is_wanted();
  const std::int64_t haste = must_hurry ? kHasteWhenWanted : 1;
  return now_boot_ms - half_frame_since_boot_ms_ >= allowed_ms / haste;
}

// After a stall of the reactor a sweep may come before the read of what arrived meanwhile.
bool Connection::has_unread_bytes() {
  error_code error;
  return socket_.available(error) > 0 && !error;
}

void Connection::sweep(std::int64_t now_boot_ms) {
  if (closed_) return;
  const NetOptions& options = services_.options;
  std::string late;
  if (half_frame_is_late(now_boot_ms)) {
    late = fmt::format("request was not complete in time; socket.frame.deadline.ms is {}",
                       options.frame_deadline_ms);
  } else if (write_blocked_since_boot_ms_ != 0 &&
             now_boot_ms - write_blocked_since_boot_ms_ >= options.write_deadline_ms) {
    late = fmt::format("replies are not read; socket.write.deadline.ms is {}",
                       options.write_deadline_ms);
  } else if (slots_.empty() &&
             now_boot_ms - last_activity_boot_ms_ >= options.connection_idle_max_ms &&
             !has_unread_bytes()) {
    late = fmt::format("idle; connections.max.idle.ms is {}", options.connection_idle_max_ms);
  }
  if (late.empty()) return;
  services_.stats.connections_timed_out_total.fetch_add(1, std::memory_order_relaxed);
  reactor_.warn(fmt::format("closing connection from {}: {}", client_->host, late));
  close();
}

void Connection::drain() {
  draining_ = true;
  if (slots_.empty() || in_long_poll_) close();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  slots_.clear();
  progress_.cancel();
  stop_.emit(asio::cancellation_type::terminal);
}

}  // namespace orloj::broker
