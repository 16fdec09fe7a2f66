// Whoever queues a fact is told its fate exactly once, however the journal ends and whatever its
// log does meanwhile: a retention run or DeleteRecords waits for it under the partition's mutexes.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "log/journal_writer.h"
#include "tests/support/sim_env.h"

namespace orloj::log {
namespace {

using test::SimCall;
using test::SimFault;

constexpr int kLogs = 3;
constexpr int kFactsOfALog = 60;

class QuietLog final : public JournaledLog {
 public:
  explicit QuietLog(int number) { id_.topic_id.bytes[0] = static_cast<std::uint8_t>(number + 1); }
  const LogId& log_id() const override { return id_; }
  void on_durable(Offset) override {}
  Result<Offset> sync_segments() override { return written_.load(); }
  void set_written(Offset end) { written_ = end; }

 private:
  LogId id_;
  std::atomic<Offset> written_{0};
};

// How the journal ends while facts come in.
enum class End : std::uint8_t { kStop, kFailedWrite, kPowerCut, kReportedFailure, kDiskFull };
constexpr std::uint64_t kEnds = 5;

class Round {
 public:
  explicit Round(std::uint64_t seed)
      : sim_(seed), random_(seed), end_(static_cast<End>(below(kEnds))) {
    options_.journal_file_bytes = 64 << 10;
    options_.journal_files_max = 2;
    options_.journal_pending_max_bytes = 3'000;
    options_.checkpoint_interval_ms = 3'600'000;
    for (int i = 0; i < kLogs; ++i) {
      logs_.push_back(std::make_shared<QuietLog>(i));
    }
  }

  void run() {
    ASSERT_TRUE(sim_.env().files().create_directories("/journal"));
    auto opened = JournalWriter::open(sim_.env(), options_, {"/journal", {}, {}},
                                      [this](const Error&) { ++fatal_calls_; });
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    journal_ = *std::move(opened);
    for (const auto& log : logs_) {
      journal_->attach(log);
    }
    plan_end();
    const bool detaches = below(2) == 0;
    const auto pause = below(200);
    std::vector<std::thread> threads;
    for (const auto& log : logs_) {
      threads.emplace_back([this, &log] { use(*log); });
    }
    for (std::uint64_t i = 0; i < pause; ++i) {
      std::this_thread::yield();
    }
    if (detaches) {
      journal_->detach(logs_[0]->log_id());
    }
    if (end_ == End::kReportedFailure) {
      journal_->report_failure({ErrorCode::kIo, "told by a segment"});
    } else if (end_ == End::kStop) {
      EXPECT_TRUE(journal_->stop());
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    const Status stopped = journal_->stop();
    EXPECT_EQ(stopped.has_error() ? 1 : 0, fatal_calls_);
    for (const auto& answers : answers_) {
      for (const auto& calls : answers) {
        ASSERT_EQ(calls, 1);
      }
    }
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  void plan_end() {
    const auto nth = static_cast<std::int64_t>(1 + below(40));
    if (end_ == End::kFailedWrite || end_ == End::kPowerCut) {
      sim_.disk.inject(
          {.call = SimCall::kWrite,
           .nth = nth,
           .fault = end_ == End::kPowerCut ? SimFault::kPowerCut : SimFault::kIoError});
    } else if (end_ == End::kDiskFull) {
      // Enough for the file in use, not for another one.
      sim_.disk.set_capacity(100 << 10);
    }
  }

  // Waits for each fact, as retention does; appends between them fill files, so that checkpoints
  // run too.
  void use(QuietLog& log) {
    auto& answers = answers_[log.log_id().topic_id.bytes[0] - 1U];
    const std::vector<std::byte> batch(1'500);
    for (int i = 0; i < kFactsOfALog; ++i) {
      log.set_written(i + 1);
      (void)journal_->append(log.log_id(), {0, i, i + 1, 0, 0}, batch);
      std::promise<void> answered;
      const auto done = [&](const Status&) {
        if (++answers[static_cast<std::size_t>(i)] == 1) {
          answered.set_value();
        }
      };
      journal_->log_start(log.log_id(), i, done);
      answered.get_future().wait();
    }
  }

  test::SimEnv sim_;
  std::mt19937_64 random_;
  End end_;
  LogOptions options_;
  std::vector<std::shared_ptr<QuietLog>> logs_;
  std::atomic<int> fatal_calls_{0};
  std::array<std::array<std::atomic<int>, kFactsOfALog>, kLogs> answers_{};
  std::unique_ptr<JournalWriter> journal_;
};

TEST(JournalDone, EachFact_IsAnsweredOnce_HoweverTheJournalEnds) {
  const char* given = std::getenv("ORLOJ_SEED");
  const std::uint64_t base = given != nullptr ? std::stoull(given) : std::random_device{}();
  const std::uint64_t rounds = given != nullptr ? 1 : 60;
  for (std::uint64_t i = 0; i < rounds && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("run again with ORLOJ_SEED=" + std::to_string(base + i));
    Round(base + i).run();
  }
}

}  // namespace
}  // namespace orloj::log
