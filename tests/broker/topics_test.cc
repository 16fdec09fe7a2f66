#include "broker/topics.h"

#include <gtest/gtest.h>

#include "coordinator/memory_metadata_store.h"
#include "log/env/posix_env.h"
#include "tests/support/temp_dir.h"

namespace orloj::broker {
namespace {

class TopicsTest : public testing::Test {
 protected:
  TopicsTest() {
    catalog_ = coordinator::Catalog::open(env_, metadata_, options_).value();
    log::LogOptions log_options;
    log_options.data_dir = directory_.file("data");
    log_options.journal_file_bytes = 1 << 20;
    store_ = log::LogStore::open(
                 env_, log_options,
                 [this]() -> log::Result<log::CatalogFacts> { return catalog_->log_facts(); },
                 [](const log::Error& error) { ADD_FAILURE() << error.message; })
                 .value();
    scheduler::SchedulerOptions scheduler_options;
    scheduler_options.index_dir = directory_.file("index");
    scheduler_ =
        scheduler::Scheduler::open(env_, scheduler_options, [](const std::string&) {}).value();
    topics_.emplace(Topics::Parts{*catalog_, *store_, *scheduler_, options_.topic_defaults,
                                  [](const std::string& message) { ADD_FAILURE() << message; }});
  }
  ~TopicsTest() override { EXPECT_TRUE(store_->close()); }

  test::TempDir directory_;
  log::PosixEnv machine_;
  log::Env env_ = machine_.env();
  coordinator::CoordinatorOptions options_;
  coordinator::MemoryMetadataStore metadata_{options_};
  std::unique_ptr<coordinator::Catalog> catalog_;
  std::unique_ptr<log::LogStore> store_;
  std::unique_ptr<scheduler::Scheduler> scheduler_;
  std::optional<Topics> topics_;
};

TEST_F(TopicsTest, ScheduleConfig_IsMadeOncePerRevision) {
  const auto topic = topics_->create({.name = "t", .partitions = 1}).value();
  const auto config = topics_->schedule_config(*topic);
  EXPECT_EQ(topics_->schedule_config(*topic), config);
  ASSERT_TRUE(topics_->alter_configs(
      "t", {{{"schedule.enable", coordinator::ConfigOperation::kSet, "false"}}}));
  EXPECT_FALSE(topics_->schedule_config(*catalog_->find("t"))->enable);
}

TEST_F(TopicsTest, ScheduleConfig_OfARequestThatOutlivesItsTopicIsNotKept) {
  const auto topic = topics_->create({.name = "t", .partitions = 1}).value();
  ASSERT_TRUE(topics_->remove(topic->id));
  auto late = topics_->schedule_config(*topic);
  EXPECT_EQ(late->topic, "t");
  const std::weak_ptr<const scheduler::TopicScheduleConfig> kept = late;
  late.reset();
  EXPECT_TRUE(kept.expired());
}

}  // namespace
}  // namespace orloj::broker
