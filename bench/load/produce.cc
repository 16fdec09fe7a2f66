#include <deque>

#include "bench/load/records.h"
#include "bench/load/verbs.h"

namespace orloj::bench {
namespace {

constexpr double kNsPerSecond = 1e9;

class ProduceRun {
 public:
  explicit ProduceRun(const ProduceLoad& load)
      : load_(load),
        fleet_(load.target.port, static_cast<std::size_t>(load.connections)),
        window_(load.target.broker_process),
        begun_ns_(steady_ns()),
        asked_ns_(fleet_.size()) {
    const auto batch = make_batch(load.records, load.record_bytes);
    batch_bytes_ = batch.size();
    for (int partition = 0; partition < load.partitions; ++partition) {
      frames_.push_back(produce_frame({load.target.topic, partition, load.acks}, std::span(batch)));
    }
  }

  Figures run() {
    const auto on_frame = [this](std::size_t index, protocol::BytesView frame) {
      answered(index, frame);
    };
    if (!is_open_loop()) fill();
    while (!window_.is_closed()) {
      fleet_.wait(is_open_loop() ? send_what_is_due() : wake_up_at(), on_frame);
      look_at_clock();
    }
    while (under_way_ > 0) fleet_.wait(wake_up_at(), on_frame);
    Figures figures;
    const auto requests = static_cast<double>(measured_);
    window_.report({requests, requests * static_cast<double>(batch_bytes_)}, figures);
    latencies_.report("ack", figures);
    return figures;
  }

 private:
  static constexpr std::int64_t kLookEveryNs = 20'000'000;

  bool is_open_loop() const { return load_.rate > 0; }
  std::int64_t wake_up_at() const { return steady_ns() + kLookEveryNs; }

  void fill() {
    for (int depth = 0; depth < load_.in_flight; ++depth) {
      for (std::size_t index = 0; index < fleet_.size(); ++index) send(index, steady_ns());
    }
  }

  // When the next request is to be sent.
  std::int64_t send_what_is_due() {
    while (true) {
      const std::int64_t due_ns = begun_ns_ + static_cast<std::int64_t>(static_cast<double>(sent_) /
                                                                        load_.rate * kNsPerSecond);
      if (due_ns > steady_ns()) return due_ns;
      send(sent_ % fleet_.size(), due_ns);
    }
  }

  void send(std::size_t index, std::int64_t intended_ns) {
    asked_ns_[index].push_back(intended_ns);
    fleet_.send(index, std::span(frames_[index % frames_.size()]));
    ++sent_;
    ++under_way_;
  }

  void answered(std::size_t index, protocol::BytesView frame) {
    check_produced(frame);
    const std::int64_t now_ns = steady_ns();
    if (window_.is_open()) {
      ++measured_;
      latencies_.add(now_ns - asked_ns_[index].front());
      if (measured_ == load_.requests) window_.close();
    }
    asked_ns_[index].pop_front();
    --under_way_;
    if (!is_open_loop() && !window_.is_closed()) send(index, now_ns);
  }

  void look_at_clock() {
    const double so_far = static_cast<double>(steady_ns() - begun_ns_) / kNsPerSecond;
    if (!window_.is_open() && !window_.is_closed() && so_far >= load_.warm_seconds) {
      window_.open();
    } else if (window_.is_open() && window_.seconds() >= load_.seconds) {
      window_.close();
    }
  }

  const ProduceLoad& load_;
  Fleet fleet_;
  Window window_;
  Latencies latencies_;
  std::vector<protocol::Bytes> frames_;  // one a partition
  std::size_t batch_bytes_ = 0;
  std::int64_t begun_ns_;
  std::vector<std::deque<std::int64_t>> asked_ns_;  // of each connection, what is under way
  std::size_t sent_ = 0;
  std::int64_t under_way_ = 0;
  std::int64_t measured_ = 0;
};

}  // namespace

Figures produce(const ProduceLoad& load) {
  return ProduceRun(load).run();
}

}  // namespace orloj::bench
