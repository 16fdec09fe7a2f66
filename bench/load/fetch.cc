#include <stdexcept>

#include "bench/load/records.h"
#include "bench/load/verbs.h"

namespace orloj::bench {
namespace {

class FetchRun {
 public:
  explicit FetchRun(const FetchLoad& load)
      : load_(load),
        fleet_(load.target.port, static_cast<std::size_t>(load.connections)),
        window_(load.target.broker_process),
        begun_ns_(steady_ns()),
        readers_(fleet_.size()) {}

  Figures run() {
    for (std::size_t index = 0; index < fleet_.size(); ++index) ask(index);
    while (under_way_ > 0) {
      fleet_.wait(steady_ns() + kLookEveryNs,
                  [this](std::size_t index, protocol::BytesView frame) { answered(index, frame); });
      look_at_clock();
    }
    Figures figures;
    window_.report({static_cast<double>(measured_), static_cast<double>(measured_bytes_)}, figures);
    latencies_.report("answer", figures);
    return figures;
  }

 private:
  static constexpr std::int64_t kLookEveryNs = 20'000'000;

  struct Reader {
    protocol::Bytes frame;
    std::int64_t offset = 0;
    std::int64_t asked_ns = 0;
  };

  void ask(std::size_t index) {
    Reader& reader = readers_[index];
    reader.frame = fetch_frame({.topic = load_.target.topic,
                                .offset = reader.offset,
                                .max_wait_ms = 0,
                                .partition_max_bytes = load_.partition_max_bytes});
    reader.asked_ns = steady_ns();
    fleet_.send(index, std::span(reader.frame));
    ++under_way_;
  }

  void answered(std::size_t index, protocol::BytesView frame) {
    --under_way_;
    Reader& reader = readers_[index];
    const Fetched fetched = fetched_in(frame);
    const auto check = load_.verify ? log::CrcCheck::kVerify : log::CrcCheck::kSkip;
    const std::int64_t from = reader.offset;
    for_each_batch(fetched.records, check, [&reader](const log::RecordBatchView& batch) {
      reader.offset = batch.next_offset();
    });
    if (fetched.high_watermark == 0) throw std::runtime_error("there is nothing to fetch");
    if (reader.offset == from) throw std::runtime_error("Fetch does not go on");
    if (reader.offset >= fetched.high_watermark) reader.offset = 0;
    if (window_.is_open()) {
      ++measured_;
      measured_bytes_ += static_cast<std::int64_t>(fetched.records.size());
      latencies_.add(steady_ns() - reader.asked_ns);
      if (measured_bytes_ >= load_.bytes) window_.close();
    }
    if (!window_.is_closed()) ask(index);
  }

  void look_at_clock() {
    const double so_far = static_cast<double>(steady_ns() - begun_ns_) / 1e9;
    if (!window_.is_open() && !window_.is_closed() && so_far >= load_.warm_seconds) {
      window_.open();
    } else if (window_.is_open() && window_.seconds() >= load_.seconds) {
      window_.close();
    }
  }

  const FetchLoad& load_;
  Fleet fleet_;
  Window window_;
  Latencies latencies_;
  std::int64_t begun_ns_;
  std::vector<Reader> readers_;
  std::int64_t under_way_ = 0;
  std::int64_t measured_ = 0;
  std::int64_t measured_bytes_ = 0;
};

}  // namespace

Figures fetch(const FetchLoad& load) {
  return FetchRun(load).run();
}

}  // namespace orloj::bench
