// A store from outside: what it promises at start, for topics, at stop, and when the disk fails.
#include "log/log_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include "log/data_directory.h"
#include "log/env/whole_file.h"
#include "tests/support/batches.h"
#include "tests/support/sim_env.h"

namespace orloj::log {
namespace {

using test::SimCall;
using test::SimFault;

class LogStoreTest : public ::testing::Test {
 protected:
  LogStoreTest() {
    options_.data_dir = "/data";
    options_.journal_file_bytes = 256 << 10;
    options_.checkpoint_interval_ms = 3'600'000;
    options_.file_delete_delay_ms = 10;
  }
  ~LogStoreTest() override { store_.reset(); }

  static KnownTopic topic(std::uint8_t id, const std::string& name, int partitions = 1) {
    KnownTopic topic;
    topic.topic_id.bytes[0] = id;
    topic.name = name;
    topic.partition_count = partitions;
    return topic;
  }
  Result<std::unique_ptr<LogStore>> try_open() {
    return LogStore::open(
        sim_.env(), options_, [this]() -> Result<CatalogFacts> { return facts_; },
        [this](const Error& error) {
          if (failures_++ == 0) {
            failure_.set_value(error);
          }
        });
  }
  void open() {
    auto opened = try_open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = *std::move(opened);
  }
  void create(const KnownTopic& topic) {
    const auto created = store_->create_topic(topic);
    ASSERT_TRUE(created.has_value()) << created.error().message;
    facts_.topics.push_back(topic);
  }
  std::shared_ptr<Partition> partition(const KnownTopic& topic, std::int32_t index = 0) {
    return store_->find({topic.topic_id, index});
  }
  static Result<AppendResult> append(Partition& partition, int count = 3) {
    auto batch = test::make_batch(0, count);
    AppendRequest request;
    request.data = batch;
    return partition.append(request);
  }
  Status append_durably(Partition& partition) {
    const auto appended = append(partition);
    if (!appended) {
      return appended.error();
    }
    return wait_for(partition, *appended);
  }
  // An error when the power goes first.
  Status wait_for(Partition& partition, const AppendResult& appended) {
    const auto done = std::make_shared<std::promise<Status>>();
    auto outcome = done->get_future();
    partition.when_acknowledged(appended.durable,
                                [done](const Status& status) { done->set_value(status); });
    while (outcome.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
      if (sim_.disk.power_is_off() || failures_ > 0) {
        return Error{ErrorCode::kIo, "no answer"};
      }
    }
    return outcome.get();
  }
  void kill() {
    sim_.disk.arm("now", 1);
    sim_.disk.reached("now");
    store_.reset();
    sim_.disk.kill_process();
    sim_.disk.disarm();
    failures_ = 0;
    failure_ = {};
  }
  bool says(const std::string& text) const {
    const auto& messages = store_->recovery().messages;
    return std::any_of(messages.begin(), messages.end(),
                       [&](const auto& m) { return m.find(text) != std::string::npos; });
  }

  test::SimEnv sim_{1};
  LogOptions options_;
  CatalogFacts facts_;
  std::unique_ptr<LogStore> store_;
  std::atomic<int> failures_{0};
  std::promise<Error> failure_;
};

TEST_F(LogStoreTest, ClusterId_IsMadeOnceAndKept) {
  open();
  const std::string id = store_->cluster_id();
  EXPECT_EQ(id.size(), 22U);
  ASSERT_TRUE(store_->close());
  store_.reset();
  open();
  EXPECT_EQ(store_->cluster_id(), id);
  EXPECT_TRUE(store_->recovery().clean_stop);
}

TEST_F(LogStoreTest, ASecondStore_IsTurnedAway) {
  open();
  const auto second = try_open();
  ASSERT_TRUE(second.has_error());
  EXPECT_EQ(second.error().code, ErrorCode::kLocked);
}

TEST_F(LogStoreTest, CleanStop_KeepsRecordsAndTheLeaderEpoch) {
  open();
  const auto t = topic(1, "t", 2);
  create(t);
  ASSERT_TRUE(append(*partition(t, 1)).has_value());
  ASSERT_TRUE(store_->close());
  store_.reset();
  open();
  EXPECT_TRUE(store_->recovery().clean_stop);
  EXPECT_EQ(partition(t, 1)->offsets().high_watermark, 3);
  EXPECT_EQ(partition(t, 1)->leader_epoch(), 0);
  EXPECT_EQ(store_->all().size(), 2U);
}

TEST_F(LogStoreTest, KilledProcess_LosesNothingAndRaisesTheLeaderEpoch) {
  open();
  const auto t = topic(1, "t");
  create(t);
  ASSERT_TRUE(append_durably(*partition(t)));
  ASSERT_TRUE(append(*partition(t)).has_value());
  kill();
  open();
  EXPECT_FALSE(store_->recovery().clean_stop);
  EXPECT_EQ(partition(t)->offsets().high_watermark, 6);
  EXPECT_EQ(partition(t)->leader_epoch(), 1);
  ASSERT_TRUE(append_durably(*partition(t)));
  kill();
  open();
  EXPECT_EQ(partition(t)->leader_epoch(), 2);
  EXPECT_EQ(partition(t)->offsets().high_watermark, 9);
}

TEST_F(LogStoreTest, TheCleanMarker_CountsOnlyOnce) {
  open();
  ASSERT_TRUE(store_->close());
  store_.reset();
  open();
  kill();
  open();
  EXPECT_FALSE(store_->recovery().clean_stop);
}

TEST_F(LogStoreTest, ANewerDataDirectory_IsRefused) {
  open();
  ASSERT_TRUE(store_->close());
  store_.reset();
  ASSERT_TRUE(replace_file(sim_.disk, "/data/meta.properties",
                           to_bytes("version=2\ncluster.id=x\nnode.id=1\n")));
  const auto opened = try_open();
  ASSERT_TRUE(opened.has_error());
  EXPECT_EQ(opened.error().code, ErrorCode::kUnsupportedFormat);
}

TEST_F(LogStoreTest, TheDirectoryOfAnotherNode_IsRefused) {
  open();
  ASSERT_TRUE(store_->close());
  store_.reset();
  options_.node_id = 2;
  EXPECT_EQ(try_open().error().code, ErrorCode::kCorrupt);
}

TEST_F(LogStoreTest, AJournalThatIsGone_StopsTheStart) {
  open();
  ASSERT_TRUE(store_->close());
  store_.reset();
  ASSERT_TRUE(sim_.disk.remove_all("/data/journal"));
  EXPECT_EQ(try_open().error().code, ErrorCode::kCorrupt);
}

TEST_F(LogStoreTest, ADirectoryThatIsGone_StopsTheStart) {
  open();
  const auto t = topic(1, "t");
  create(t);
  ASSERT_TRUE(store_->close());
  store_.reset();
  ASSERT_TRUE(sim_.disk.remove_all("/data/t-0"));
  const auto opened = try_open();
  ASSERT_TRUE(opened.has_error());
  EXPECT_NE(opened.error().message.find("/data/t-0"), std::string::npos);
}

TEST_F(LogStoreTest, ADirectoryOfNoKnownTopic_IsLeftAloneAndReported) {
  open();
  create(topic(1, "t"));
  ASSERT_TRUE(store_->close());
  store_.reset();
  facts_.topics.clear();
  open();
  EXPECT_TRUE(says("t-0"));
  EXPECT_TRUE(*sim_.disk.exists("/data/t-0/partition.metadata"));
}

TEST_F(LogStoreTest, JournalFramesOfATopicThatNobodyKnows_StopTheStart) {
  open();
  const auto t = topic(1, "t");
  create(t);
  ASSERT_TRUE(append_durably(*partition(t)));
  kill();
  facts_.topics.clear();
  const auto opened = try_open();
  ASSERT_TRUE(opened.has_error());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(opened.error().message.find(t.topic_id.to_string()), std::string::npos);
}

TEST_F(LogStoreTest, JournalFramesOfADeletedTopic_ArePassedOver) {
  open();
  const auto t = topic(1, "t");
  create(t);
  ASSERT_TRUE(append_durably(*partition(t)));
  kill();
  facts_.topics.clear();
  facts_.tombstones.push_back(t.topic_id);
  open();
  EXPECT_FALSE(*sim_.disk.exists("/data/t-0"));
  EXPECT_EQ(store_->releasable_tombstones(), std::vector<TopicId>{t.topic_id});
  store_->forget_tombstones({t.topic_id});
  EXPECT_TRUE(store_->releasable_tombstones().empty());
}

TEST_F(LogStoreTest, DeletedTopic_GoesToTheTrashAndItsTombstoneWaitsForTheJournal) {
  options_.checkpoint_interval_ms = 1;
  open();
  const auto t = topic(1, "t");
  create(t);
  const auto held = partition(t);
  ASSERT_TRUE(append_durably(*held));
  ASSERT_TRUE(store_->delete_topic(t.topic_id));
  facts_.topics.clear();
  EXPECT_EQ(partition(t), nullptr);
  EXPECT_FALSE(*sim_.disk.exists("/data/t-0"));
  EXPECT_EQ(append(*held).error().code, ErrorCode::kClosed);
  // The name is free at once.
  create(topic(2, "t"));
  ASSERT_TRUE(append_durably(*partition(topic(2, "t"))));
  while (store_->releasable_tombstones().empty()) {
    sim_.clock.advance_ms(2);
    ASSERT_TRUE(append_durably(*partition(topic(2, "t"))));
  }
  store_->forget_tombstones({t.topic_id});
  EXPECT_TRUE(store_->releasable_tombstones().empty());
  kill();
  open();
  EXPECT_GE(partition(topic(2, "t"))->offsets().high_watermark, 3);
}

TEST_F(LogStoreTest, Trash_IsUnlinkedByTheBackgroundThread) {
  open();
  const auto t = topic(1, "t");
  create(t);
  ASSERT_TRUE(store_->delete_topic(t.topic_id));
  sim_.clock.advance_ms(11);
  store_->start_background();
  const auto has_trash = [&] {
    const auto entries = sim_.disk.list("/data");
    return std::any_of(entries->begin(), entries->end(),
                       [](const auto& entry) { return is_trash_name(entry.name); });
  };
  while (has_trash()) {
    std::this_thread::yield();
  }
  ASSERT_TRUE(store_->close());
}

TEST_F(LogStoreTest, AnUncommittedCreation_MakesRoomForTheNextTopicOfThatName) {
  open();
  ASSERT_TRUE(store_->create_topic(topic(1, "t")).has_value());
  kill();  // before the catalogue knew
  open();
  create(topic(2, "t"));
  EXPECT_EQ(*read_partition_metadata(sim_.env(), "/data/t-0"), topic(2, "t").topic_id);
}

TEST_F(LogStoreTest, CreateTopic_IsIdempotentAndNeverTakesOverForeignRecords) {
  open();
  const auto t = topic(1, "t");
  create(t);
  ASSERT_TRUE(append_durably(*partition(t)));
  EXPECT_EQ(store_->create_topic(t)->front(), partition(t));
  ASSERT_TRUE(sim_.disk.create_directories("/data/u-0"));
  auto foreign =
      sim_.disk.open("/data/u-0/00000000000000000000.log", OpenMode::kReadWriteCreate).value();
  const auto records = test::make_batch(0, 1);
  const ByteView bytes(records);
  ASSERT_TRUE(foreign->pwrite(std::span(&bytes, 1), 0));
  EXPECT_EQ(store_->create_topic(topic(2, "u")).error().code, ErrorCode::kCorrupt);
}

TEST_F(LogStoreTest, ACreationThatFailsOnAFullDisk_LeavesNothingBehind) {
  open();
  const auto old = topic(1, "t");
  create(old);
  ASSERT_TRUE(append_durably(*partition(old)));
  const auto directories = [&] {
    std::vector<std::string> names;
    for (const auto& entry : sim_.disk.list("/data").value()) {
      if (entry.name.starts_with("t-") || entry.name.starts_with("new-")) {
        names.push_back(entry.name);
      }
    }
    return names;
  };
  const std::vector<std::string> before = directories();
  for (const SimCall call : {SimCall::kOpen, SimCall::kWrite, SimCall::kSync}) {
    for (const std::int64_t nth : {1, 2, 3, 5}) {
      // A new topic, and more partitions for one that has records.
      for (const auto& wanted : {topic(2, "new", 4), topic(1, "t", 4)}) {
        sim_.disk.inject({.call = call,
                          .nth = nth,
                          .fault = SimFault::kNoSpace,
                          .path_contains = wanted.name + "-"});
        EXPECT_EQ(store_->create_topic(wanted).error().code, ErrorCode::kNoSpace) << nth;
        EXPECT_EQ(directories(), before) << nth;
      }
    }
  }
  EXPECT_EQ(failures_, 0);
  EXPECT_EQ(store_->all().size(), 1U);
  create(topic(2, "new", 4));
  ASSERT_TRUE(append_durably(*partition(topic(2, "new"), 3)));
  ASSERT_TRUE(append_durably(*partition(old)));
  kill();
  open();
  EXPECT_EQ(partition(old)->offsets().high_watermark, 6);
  EXPECT_EQ(partition(topic(2, "new"), 3)->offsets().high_watermark, 3);
}

TEST_F(LogStoreTest, Promise9_AFailedSyncStopsTheProcessAndNothingIsAcknowledged) {
  open();
  const auto t = topic(1, "t");
  create(t);
  sim_.disk.inject(
      {.call = SimCall::kWrite, .fault = SimFault::kIoError, .path_contains = "journal"});
  EXPECT_FALSE(append_durably(*partition(t)));
  EXPECT_NE(failure_.get_future().get().message, "");
  EXPECT_FALSE(append_durably(*partition(t)));
  EXPECT_EQ(failures_, 1);
}

TEST_F(LogStoreTest, Promise9_AFailedSegmentWriteStopsTheProcess) {
  open();
  const auto t = topic(1, "t");
  create(t);
  sim_.disk.inject({.call = SimCall::kWrite, .fault = SimFault::kIoError, .path_contains = "t-0"});
  EXPECT_FALSE(append(*partition(t)).has_value());
  EXPECT_NE(failure_.get_future().get().message, "");
  EXPECT_EQ(append(*partition(t)).error().code, ErrorCode::kSealed);
}

TEST_F(LogStoreTest, AFullDisk_RefusesAppendsAndGoesOnWhenThereIsRoom) {
  open();
  const auto t = topic(1, "t");
  create(t);
  ASSERT_TRUE(append_durably(*partition(t)));
  sim_.disk.inject(
      {.call = SimCall::kWrite, .fault = SimFault::kShortWrite, .path_contains = ".log"});
  EXPECT_EQ(append(*partition(t)).error().code, ErrorCode::kNoSpace);
  ASSERT_TRUE(append_durably(*partition(t)));
  EXPECT_EQ(partition(t)->offsets().log_end, 6);
  kill();
  open();
  EXPECT_EQ(partition(t)->offsets().log_end, 6);
  EXPECT_EQ(failures_, 0);
}

TEST_F(LogStoreTest, DeletedRecords_StayDeletedAfterAPowerCut) {
  options_.journal_file_bytes = 64 << 10;
  options_.journal_files_max = 2;
  open();
  const auto t = topic(1, "t");
  create(t);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(append_durably(*partition(t)));
  }
  std::promise<Status> done;
  partition(t)->delete_records(7, [&](const Status& status) { done.set_value(status); });
  ASSERT_TRUE(done.get_future().get());
  for (int round = 0; round < 3; ++round) {
    sim_.disk.arm("now", 1);
    sim_.disk.reached("now");
    store_.reset();
    sim_.disk.restart_after_power_cut();
    failures_ = 0;  // the journal may have noticed
    failure_ = {};
    open();
    EXPECT_EQ(partition(t)->offsets().log_start, 7);
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(append_durably(*partition(t)));
    }
  }
}

}  // namespace
}  // namespace orloj::log
