#include <algorithm>
#include <stdexcept>
#include <string>

#include "bench/load/records.h"
#include "bench/load/verbs.h"
#include "log/bytes.h"
#include "log/record_reader.h"

namespace orloj::bench {
namespace {

constexpr int kRecordsPerBatch = 500;
constexpr std::int64_t kFarMs = 3'600'000;
constexpr std::int64_t kLeadMs = 3'000;  // to schedule the last records before the first is due
constexpr std::int32_t kMaxWaitMs = 500;
constexpr std::int64_t kPatienceUs = 30'000'000;
constexpr std::int64_t kBeyondAnyDueMs = INT64_MAX;

// A record's value: its number and its due instant, then filling.
struct Scheduled {
  std::int64_t number = 0;
  std::int64_t due_ms = 0;
};
constexpr std::size_t kNumberBytes = sizeof(std::int64_t);

class FireRun {
 public:
  explicit FireRun(const FireLoad& load)
      : load_(load),
        fleet_(load.target.port, 1),
        window_(load.target.broker_process),
        total_(static_cast<std::int64_t>(load.rate * load.seconds)),
        seen_(static_cast<std::size_t>(total_), false) {
    if (load.record_bytes < static_cast<int>(2 * kNumberBytes)) {
      throw std::runtime_error("a record needs 16 bytes at least");
    }
    next_offset_ = end_offset(fleet_[0], load.target.topic);
  }

  Figures run() {
    const std::int64_t accept_from_us = wall_us();
    schedule(load_.pending, [](std::int64_t) { return kBeyondAnyDueMs; });
    const double accept_seconds = static_cast<double>(wall_us() - accept_from_us) / 1e6;
    first_due_ms_ = wall_us() / 1000 + kLeadMs;
    schedule(total_, [this](std::int64_t number) { return due_ms_of(number); });
    if (wall_us() / 1000 > first_due_ms_) {
      throw std::runtime_error("scheduling took too long: the first record is due already");
    }
    window_.open();
    consume();
    window_.close();
    Figures figures;
    window_.report({static_cast<double>(total_), static_cast<double>(fired_bytes_)}, figures);
    figures.emplace_back("accepted_per_second", load_.pending / accept_seconds);
    figures.emplace_back("pending", load_.pending);
    figures.emplace_back("fired", static_cast<double>(fired_));
    figures.emplace_back("fired_early", static_cast<double>(early_));
    lateness_.report("lateness", figures);
    return figures;
  }

 private:
  std::int64_t due_ms_of(std::int64_t number) const {
    return first_due_ms_ + number * 1000 / load_.rate;
  }

  template <class DueOf>
  void schedule(std::int64_t count, const DueOf& due_of) {
    for (std::int64_t first = 0; first < count; first += kRecordsPerBatch) {
      const std::int64_t last = std::min<std::int64_t>(first + kRecordsPerBatch, count);
      log::RecordBatchBuilder builder({});
      for (std::int64_t number = first; number < last; ++number) {
        add(builder, {number, due_of(number)});
      }
      const auto batch = std::move(builder).build().value();
      const auto frame = produce_frame({load_.target.topic, 0, -1}, std::span(batch));
      fleet_[0].send(std::span(frame));
      await([](protocol::BytesView answer) { check_produced(answer); });
    }
  }

  void add(log::RecordBatchBuilder& builder, const Scheduled& scheduled) const {
    const std::int64_t now_ms = wall_us() / 1000;
    const std::int64_t due_ms =
        scheduled.due_ms == kBeyondAnyDueMs ? now_ms + kFarMs + scheduled.number : scheduled.due_ms;
    std::vector<std::byte> value(static_cast<std::size_t>(load_.record_bytes));
    log::store_big(value.data(), scheduled.number);
    log::store_big(value.data() + kNumberBytes, due_ms);
    const std::string due_text = std::to_string(due_ms);
    const log::HeaderView header{"schedule-at", log::to_bytes(due_text)};
    log::NewRecord record;
    record.timestamp_ms = now_ms;
    record.value = value;
    record.headers = {&header, 1};
    builder.append(record);
  }

  // The answer to what was sent.
  template <class OnAnswer>
  void await(const OnAnswer& on_answer) {
    bool answered = false;
    const std::int64_t deadline_us = wall_us() + kPatienceUs;
    while (!answered) {
      fleet_.wait(steady_ns() + kMaxWaitMs * 1'000'000LL,
                  [&](std::size_t, protocol::BytesView frame) {
                    on_answer(frame);
                    answered = true;
                  });
      if (!answered && wall_us() > deadline_us) throw std::runtime_error("no answer for long");
    }
  }

  void consume() {
    const std::int64_t deadline_us = due_ms_of(total_) * 1000 + kPatienceUs;
    while (fired_ < total_) {
      if (wall_us() > deadline_us) {
        throw std::runtime_error(std::to_string(total_ - fired_) + " records did not fire");
      }
      const auto frame = fetch_frame(
          {.topic = load_.target.topic, .offset = next_offset_, .max_wait_ms = kMaxWaitMs});
      fleet_[0].send(std::span(frame));
      await([this](protocol::BytesView answer) { arrived(answer); });
    }
  }

  void arrived(protocol::BytesView frame) {
    const std::int64_t now_us = wall_us();
    const Fetched fetched = fetched_in(frame);
    fired_bytes_ += fetched.records.size();
    for_each_batch(fetched.records, log::CrcCheck::kVerify,
                   [this, now_us](const log::RecordBatchView& batch) {
                     auto reader = log::RecordReader::open(batch, scratch_).value();
                     log::RecordView record;
                     while (reader.next(record)) note(record, now_us);
                     next_offset_ = batch.next_offset();
                   });
  }

  void note(const log::RecordView& record, std::int64_t now_us) {
    const auto number = log::load_big<std::int64_t>(record.value.value().data());
    const auto due_ms = log::load_big<std::int64_t>(record.value->data() + kNumberBytes);
    if (number < 0 || number >= total_ || due_ms != due_ms_of(number)) {
      throw std::runtime_error("a record fired that was not to fire");
    }
    if (seen_[static_cast<std::size_t>(number)]) throw std::runtime_error("a record fired twice");
    seen_[static_cast<std::size_t>(number)] = true;
    ++fired_;
    const std::int64_t late_us = now_us - due_ms * 1000;
    if (late_us < 0) ++early_;
    lateness_.add(late_us * 1000);
  }

  const FireLoad& load_;
  Fleet fleet_;
  Window window_;
  Latencies lateness_;
  log::ScratchBuffer scratch_;
  const std::int64_t total_;
  std::vector<bool> seen_;
  std::int64_t first_due_ms_ = 0;
  std::int64_t next_offset_ = 0;
  std::int64_t fired_ = 0;
  std::int64_t early_ = 0;
  std::uint64_t fired_bytes_ = 0;
};

}  // namespace

Figures fire(const FireLoad& load) {
  return FireRun(load).run();
}

}  // namespace orloj::bench
