// A scheduler over a whole log store, on a disk and a clock that the test controls. The index is a
// real database in a temporary directory.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "log/log_store.h"
#include "scheduler/log_scan.h"
#include "scheduler/scheduler.h"
#include "tests/scheduler/record_fixture.h"
#include "tests/support/sim_env.h"
#include "tests/support/temp_dir.h"

namespace orloj::test {

class SchedulerHouse {
 public:
  explicit SchedulerHouse(std::uint64_t seed) : sim(seed) {
    known.topic_id.bytes.fill(5);
    known.name = "orders";
    known.partition_count = 1;
    topic_config.topic = known.name;
    topic_config.first_reserved_producer_id = log::kFirstReservedProducerId;
    log_options.data_dir = "/data";
    log_options.journal_file_bytes = 4 << 20;
    scheduler_options.index_dir = index_home.file("index");
  }

  // Opens everything, creating the topic the first time, and recovers. False when the power goes on
  // the way.
  bool open() {
    const log::CatalogFacts facts{created ? std::vector{known} : std::vector<log::KnownTopic>{},
                                  {}};
    auto opened = log::LogStore::open(
        sim.env(), log_options, [&facts]() -> log::Result<log::CatalogFacts> { return facts; },
        [this](const log::Error& error) { fatal(error); });
    if (!opened) {
      return false;
    }
    store = std::move(*opened);
    if (!created) {
      if (!store->create_topic(known)) {
        return false;
      }
      created = true;
    }
    auto opened_scheduler = scheduler::Scheduler::open(
        sim.env(), scheduler_options, [this](const std::string& line) { note_alarm(line); });
    if (!opened_scheduler) {
      ADD_FAILURE() << opened_scheduler.error().message;
      return false;
    }
    scheduler = std::move(*opened_scheduler);
    for (std::int32_t number = 0; number < known.partition_count; ++number) {
      const auto attached = scheduler->attach(partition(number), topic_config);
      if (!attached) {
        attach_error = attached.error().message;
        return false;
      }
    }
    return true;
  }

  // The process is gone: nothing is flushed but what the operating system already has.
  void drop() {
    scheduler.reset();
    store.reset();
  }
  void kill_and_open() {
    sim.disk.kill_process();
    drop();
    ASSERT_TRUE(open()) << attach_error;
  }
  void close_and_open() {
    scheduler->stop();
    scheduler.reset();
    store->close().value();
    store.reset();
    ASSERT_TRUE(open()) << attach_error;
  }
  void delete_index() { std::filesystem::remove_all(scheduler_options.index_dir); }

  std::shared_ptr<log::Partition> partition(std::int32_t number = 0) const {
    return store->find({known.topic_id, number});
  }

  // As the produce handler does it with acks=all. False: refused, or the power went first.
  bool produce(const std::vector<TextRecord>& records, log::BatchHeaderFields fields = {},
               std::int32_t number = 0) {
    return produce_bytes(build_batch(records, fields), number).has_value();
  }
  log::Result<log::AppendResult> produce_bytes(std::vector<std::byte> batch,
                                               std::int32_t number = 0) {
    auto prepared = scheduler->prepare(batch, topic_config).value();
    log::AppendRequest request;
    auto* split = std::get_if<scheduler::Split>(&prepared);
    if (split != nullptr) {
      request.data = split->data;
      request.schedule = split->schedule;
      request.producer = split->producer;
    } else {
      const auto view = log::RecordBatchView::parse(batch, log::CrcCheck::kSkip).value();
      request.data = batch;
      request.producer = {view.producer_id(), view.producer_epoch(), view.base_sequence(),
                          view.record_count()};
    }
    auto appended = partition(number)->append(request);
    if (!appended) {
      return appended;
    }
    const auto acknowledged = std::make_shared<std::promise<log::Status>>();
    partition(number)->when_acknowledged(
        appended->durable,
        [acknowledged](const log::Status& status) { acknowledged->set_value(status); });
    auto answer = acknowledged->get_future();
    while (answer.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) {
      if (sim.disk.power_is_off()) {
        return log::Error{log::ErrorCode::kClosed, "the power went before the answer"};
      }
    }
    const log::Status status = answer.get();
    return status ? appended : log::Result<log::AppendResult>(status.error());
  }

  // Everything that consumers can read.
  std::vector<ReadRecord> consume(std::int32_t number = 0) const {
    std::vector<ReadRecord> records;
    const log::Offset start = partition(number)->offsets().log_start;
    scheduler::scan_data(*partition(number), start,
                         [&records](const log::RecordBatchView& batch) -> log::Status {
                           for (ReadRecord& record : read_batch(batch)) {
                             records.push_back(std::move(record));
                           }
                           return {};
                         })
        .value();
    return records;
  }

  // Lets the scheduler work until nothing that is due is left and every DONE is durable.
  void run_until_pending(std::int64_t pending, std::int32_t number = 0) {
    while (!sim.disk.power_is_off()) {
      scheduler->run_once().value();
      const auto stats = scheduler->stats();
      const auto offsets = partition(number)->schedule_offsets();
      if (stats.topics.at(0).pending == pending && stats.overdue == 0 &&
          offsets.high_watermark == offsets.log_end &&
          partition(number)->offsets().high_watermark == partition(number)->offsets().log_end) {
        scheduler->run_once().value();
        return;
      }
      std::this_thread::yield();
    }
  }

  std::string alarms() const {
    const std::lock_guard lock(mutex_);
    return alarms_;
  }

  SimEnv sim;
  TempDir index_home;
  log::KnownTopic known;
  log::LogOptions log_options;
  scheduler::SchedulerOptions scheduler_options;
  scheduler::TopicScheduleConfig topic_config;
  bool created = false;
  std::string attach_error;
  std::unique_ptr<log::LogStore> store;
  std::unique_ptr<scheduler::Scheduler> scheduler;

 private:
  void note_alarm(const std::string& line) {
    const std::lock_guard lock(mutex_);
    alarms_ += line + "\n";
  }
  void fatal(const log::Error& error) {
    if (!sim.disk.power_is_off()) {
      note_alarm("fatal: " + error.message);
    }
  }

  mutable std::mutex mutex_;
  std::string alarms_;
};

// "schedule-delay" with so many milliseconds.
inline TextHeaders delayed(std::int64_t ms) {
  return {{"schedule-delay", std::to_string(ms)}};
}

}  // namespace orloj::test
