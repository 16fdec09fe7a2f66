#include <algorithm>
#include <stdexcept>
#include <string>

#include "bench/load/records.h"
#include "bench/load/verbs.h"

namespace orloj::bench {
namespace {

constexpr std::size_t kProducer = 0;
constexpr std::size_t kConsumer = 1;
constexpr std::int32_t kMaxWaitMs = 500;
constexpr std::int64_t kPatienceNs = 30'000'000'000;
constexpr double kNsPerSecond = 1e9;

class EndToEndRun {
 public:
  explicit EndToEndRun(const EndToEndLoad& load)
      : load_(load),
        fleet_(load.target.port, 2),
        window_(load.target.broker_process),
        warm_(static_cast<std::int64_t>(load.rate * load.warm_seconds)),
        last_(warm_ +
              std::max<std::int64_t>(1, static_cast<std::int64_t>(load.rate * load.seconds))) {
    const auto batch = make_batch(load.records, load.record_bytes);
    batch_bytes_ = batch.size();
    frame_ = produce_frame({load.target.topic, 0, load.acks}, std::span(batch));
    first_offset_ = end_offset(fleet_[kConsumer], load.target.topic);
    next_offset_ = first_offset_;
  }

  Figures run() {
    ask();
    begun_ns_ = steady_ns();
    while (acknowledged_ < last_ || consumed() < last_) {
      const std::int64_t next_ns = send_what_is_due();
      fleet_.wait(next_ns, [this](std::size_t index, protocol::BytesView frame) {
        index == kProducer ? acknowledged(frame) : arrived(frame);
      });
      if (sent_ == last_ && steady_ns() > intended_ns(last_) + kPatienceNs) {
        throw std::runtime_error(std::to_string(last_ - consumed()) + " batches never arrived");
      }
    }
    window_.close();
    Figures figures;
    const auto requests = static_cast<double>(last_ - warm_);
    window_.report({requests, requests * static_cast<double>(batch_bytes_)}, figures);
    acks_.report("ack", figures);
    arrivals_.report("end_to_end", figures);
    return figures;
  }

 private:
  std::int64_t consumed() const { return (next_offset_ - first_offset_) / load_.records; }
  std::int64_t intended_ns(std::int64_t request) const {
    return begun_ns_ +
           static_cast<std::int64_t>(static_cast<double>(request) / load_.rate * kNsPerSecond);
  }

  // When to wake up next.
  std::int64_t send_what_is_due() {
    while (sent_ < last_) {
      if (intended_ns(sent_) > steady_ns()) return intended_ns(sent_);
      if (sent_ == warm_) window_.open();
      fleet_.send(kProducer, std::span(frame_));
      ++sent_;
    }
    return steady_ns() + kPatienceNs / 100;
  }

  void acknowledged(protocol::BytesView frame) {
    check_produced(frame);
    if (acknowledged_ >= warm_) acks_.add(steady_ns() - intended_ns(acknowledged_));
    ++acknowledged_;
  }

  void arrived(protocol::BytesView frame) {
    const std::int64_t now_ns = steady_ns();
    const Fetched fetched = fetched_in(frame);
    for_each_batch(fetched.records, log::CrcCheck::kVerify, [&](const log::RecordBatchView& batch) {
      if (batch.base_offset() != next_offset_) {
        throw std::runtime_error("offset " + std::to_string(next_offset_) + " is missing");
      }
      if (consumed() >= warm_) arrivals_.add(now_ns - intended_ns(consumed()));
      next_offset_ = batch.next_offset();
    });
    ask();
  }

  void ask() {
    wanted_ = fetch_frame(
        {.topic = load_.target.topic, .offset = next_offset_, .max_wait_ms = kMaxWaitMs});
    fleet_.send(kConsumer, std::span(wanted_));
  }

  const EndToEndLoad& load_;
  Fleet fleet_;
  Window window_;
  Latencies acks_;
  Latencies arrivals_;
  const std::int64_t warm_;  // requests before the measured ones
  const std::int64_t last_;  // requests in all
  protocol::Bytes frame_;
  protocol::Bytes wanted_;
  std::size_t batch_bytes_ = 0;
  std::int64_t first_offset_ = 0;
  std::int64_t next_offset_ = 0;  // that the consumer waits for
  std::int64_t begun_ns_ = 0;
  std::int64_t sent_ = 0;
  std::int64_t acknowledged_ = 0;
};

}  // namespace

Figures end_to_end(const EndToEndLoad& load) {
  return EndToEndRun(load).run();
}

}  // namespace orloj::bench
