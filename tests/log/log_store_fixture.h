// A store with one topic, "t", on a simulated disk.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <semaphore>
#include <utility>

#include "log/log_store.h"
#include "tests/support/batches.h"
#include "tests/support/sim_env.h"

namespace orloj::log {

class LogStoreFixture : public ::testing::Test {
 protected:
  explicit LogStoreFixture(const TopicLogConfig& config = {}) {
    options_.data_dir = "/data";
    options_.journal_file_bytes = 256 << 10;
    topic_.topic_id.bytes[0] = 1;
    topic_.name = "t";
    topic_.partition_count = 1;
    topic_.config = config;
    open();
    facts_.topics = {topic_};
    EXPECT_TRUE(store_->create_topic(topic_).has_value());
  }

  Result<std::unique_ptr<LogStore>> try_to_open() {
    return LogStore::open(
        sim_.env(), options_, [this]() -> Result<CatalogFacts> { return facts_; },
        [this](const Error&) { failed_.release(); });
  }
  void open() {
    auto opened = try_to_open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = *std::move(opened);
  }
  // Until a store has told that the process must stop.
  void await_failure() { failed_.acquire(); }
  void kill() {
    end_all_writes();
    sim_.disk.kill_process();
    sim_.disk.disarm();
  }
  void cut_power() {
    end_all_writes();
    sim_.disk.restart_after_power_cut();
    sim_.disk.disarm();
  }
  std::shared_ptr<Partition> partition(std::int32_t index = 0) const {
    return store_->find({topic_.topic_id, index});
  }
  Result<AppendResult> append(std::int32_t index, int records) {
    auto batch = test::make_batch(0, records);
    AppendRequest request;
    request.data = batch;
    return partition(index)->append(request);
  }

  std::counting_semaphore<> failed_{0};
  test::SimEnv sim_{1};
  LogOptions options_;
  KnownTopic topic_;
  CatalogFacts facts_;
  std::unique_ptr<LogStore> store_;

 private:
  void end_all_writes() {
    sim_.disk.arm("now", 1);
    sim_.disk.reached("now");
    store_.reset();
  }
};

}  // namespace orloj::log
