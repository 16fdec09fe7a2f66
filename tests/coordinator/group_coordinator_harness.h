// A node without sockets: catalogue, logs on a simulated disk and groups, to be killed and started
// again.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/catalog.h"
#include "coordinator/group_coordinator.h"
#include "coordinator/memory_metadata_store.h"
#include "coordinator/topic_config.h"
#include "log/log_store.h"
#include "tests/support/sim_env.h"

namespace orloj::coordinator {

// The answer of one asynchronous call; waits for it.
template <class Response>
class Pending {
 public:
  std::function<void(Response)> callback() {
    return [promise = promise_](Response response) { promise->set_value(std::move(response)); };
  }
  bool came() const {
    return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  Response get() const {
    EXPECT_EQ(future_.wait_for(std::chrono::seconds(60)), std::future_status::ready);
    return future_.get();
  }

 private:
  std::shared_ptr<std::promise<Response>> promise_ = std::make_shared<std::promise<Response>>();
  std::shared_future<Response> future_ = promise_->get_future().share();
};

class Node {
 public:
  explicit Node(std::uint64_t seed = 1) : sim_(seed) {
    options_.groups.offsets_topic_partitions = 4;
    options_.groups.initial_rebalance_delay_ms = 0;
    log_options_.data_dir = "data";
    log_options_.journal_file_bytes = 4 << 20;
    open();
  }
  ~Node() { close(); }

  test::SimEnv& sim() { return sim_; }
  GroupOptions& group_options() { return options_.groups; }
  log::LogOptions& log_options() { return log_options_; }
  BrokerTopicSettings& topic_defaults() { return options_.topic_defaults; }
  GroupCoordinator& groups() { return *groups_; }
  Catalog& catalog() { return *catalog_; }
  MetadataStore& metadata() { return metadata_; }
  const std::vector<std::string>& alarms() const { return alarms_; }

  // From now on topics have this id, or do not exist.
  void set_topics(std::optional<log::TopicId> id) {
    const std::lock_guard lock(topics_mutex_);
    all_topics_exist_ = false;
    existing_ = id;
  }

  log::TopicId topic_id;  // what commits are for; zero: commits of an old version

  void kill() {
    sim_.disk.kill_process();
    close();
    open();
  }
  void cut_power() {
    sim_.disk.restart_after_power_cut();
    close();
    open();
  }

  // Smaller segments than a broker allows, until the next start.
  void set_segment_bytes(std::int64_t bytes) {
    for (const auto& partition : store_->all()) {
      auto config = partition->config();
      config.segment_bytes = bytes;
      partition->set_config(config);
    }
  }
  // One pass of the cleaner over the offsets topic.
  void compact_offsets() {
    for (const auto& partition : store_->all()) {
      (void)partition->run_compaction();
      EXPECT_FALSE(partition->stats().compaction_halted);
    }
  }
  std::int64_t offsets_bytes() const {
    std::int64_t bytes = 0;
    for (const auto& partition : store_->all()) bytes += partition->stats().data_bytes;
    return bytes;
  }

  GroupError prepare() {
    Pending<GroupError> done;
    groups_->prepare(done.callback());
    return done.get();
  }

  Pending<JoinResponse> join(const std::string& group, const std::string& member = "") {
    JoinRequest request;
    request.group_id = group;
    request.member_id = member;
    request.client_id = "c";
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 60'000;
    request.protocol_type = "consumer";
    request.protocols = {{"range", {}}};
    Pending<JoinResponse> answer;
    groups_->join(std::move(request), answer.callback());
    return answer;
  }

  Pending<SyncResponse> sync(const std::string& group, const JoinResponse& joined,
                             std::vector<MemberAssignment> assignments) {
    Pending<SyncResponse> answer;
    groups_->sync({group, joined.generation_id, joined.member_id, {}, {}, {}, assignments},
                  answer.callback());
    return answer;
  }

  // A simple consumer's commit to topic "t", partition 0.
  Pending<OffsetCommitResponse> commit(const std::string& group, std::int64_t offset,
                                       const std::string& topic = "t") {
    OffsetCommitRequest request;
    request.group_id = group;
    request.topics = {{topic, {{0, {offset, -1, "", topic_id}}}}};
    Pending<OffsetCommitResponse> answer;
    groups_->commit_offsets(std::move(request), answer.callback());
    return answer;
  }

  static GroupError error_of(const Pending<OffsetCommitResponse>& answer) {
    return answer.get().topics.at(0).partitions.at(0).error;
  }

  std::int64_t fetch(const std::string& group, const std::string& topic = "t") {
    const auto response = groups_->fetch_offsets({group, {{{topic, {0}}}}, true});
    EXPECT_EQ(response.error, GroupError::kNone);
    return response.topics.at(0).partitions.at(0).committed.offset;
  }

  void pass(std::int64_t ms) {
    sim_.clock.advance_ms(ms);
    groups_->tick();
  }

 private:
  void open() {
    catalog_ = Catalog::open(sim_.env(), metadata_, options_).value();
    pin_offsets_durability(*catalog_).value();
    auto store = log::LogStore::open(
        sim_.env(), log_options_,
        [this]() -> log::Result<log::CatalogFacts> { return catalog_->log_facts(); },
        [](const log::Error&) {});
    store_ = std::move(store.value());
    GroupCoordinator::Surroundings surroundings;
    surroundings.open_offsets_topic = [this](GroupCoordinator::IfMissing if_missing) {
      return open_offsets_topic(if_missing);
    };
    surroundings.topic_exists = [this](std::string_view, const log::TopicId& id) {
      const std::lock_guard lock(topics_mutex_);
      return all_topics_exist_ || (existing_ && (id.is_zero() || id == *existing_));
    };
    surroundings.alarm = [this](const std::string& message) { alarms_.push_back(message); };
    groups_ = GroupCoordinator::create(sim_.env(), options_.groups, std::move(surroundings));
    groups_->start();
  }

  void close() {
    if (groups_) groups_->stop();
    groups_.reset();
    store_.reset();
    catalog_.reset();
  }

  Result<std::vector<std::shared_ptr<log::Partition>>> open_offsets_topic(
      GroupCoordinator::IfMissing if_missing) {
    auto topic = catalog_->find(kOffsetsTopic);
    std::vector<std::shared_ptr<log::Partition>> partitions;
    if (!topic && if_missing == GroupCoordinator::IfMissing::kLeave) return partitions;
    if (!topic) {
      auto created = catalog_->create(offsets_topic(options_.groups), [&](const Topic& made) {
        const auto logs =
            store_->create_topic({made.id, made.name, made.partition_count,
                                  to_log_config(made.configs, options_.topic_defaults)});
        return logs ? Status{} : Status(Error{ErrorCode::kLog, logs.error().message});
      });
      if (!created) return created.error();
      topic = *created;
    }
    for (std::int32_t i = 0; i < topic->partition_count; ++i) {
      partitions.push_back(store_->find({topic->id, i}));
    }
    return partitions;
  }

  test::SimEnv sim_;
  CoordinatorOptions options_;
  log::LogOptions log_options_;
  MemoryMetadataStore metadata_{options_};
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<log::LogStore> store_;
  std::unique_ptr<GroupCoordinator> groups_;
  std::vector<std::string> alarms_;
  std::mutex topics_mutex_;
  bool all_topics_exist_ = true;
  std::optional<log::TopicId> existing_;
};

}  // namespace orloj::coordinator
