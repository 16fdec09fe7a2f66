// A whole store that meets kill -9 or a power cut at each named place between two durable steps:
// every record that was promised is there again, once, and a compacted topic still says the latest
// of each key.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "log/batch_evidence.h"
#include "log/log_store.h"
#include "log/record_batch_builder.h"
#include "log/record_reader.h"
#include "log/recovery.h"
#include "tests/support/batches.h"
#include "tests/support/crash_points.h"
#include "tests/support/sim_env.h"

namespace orloj::log {
namespace {

enum class Crash : std::uint8_t { kKill, kPowerCut };

struct Record {
  std::int64_t number = 0;  // rises with every record that is sent
  std::string key;

  bool operator==(const Record&) const = default;
};
using Records = std::map<Offset, Record>;

// What the test knows of one log.
struct Model {
  Records appended;  // survive the death of the process
  Records promised;
};

Offset take(const FileSlice& slice, Records& stored) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(slice.length));
  EXPECT_EQ(*slice.file->pread(bytes, static_cast<std::uint64_t>(slice.position)), bytes.size());
  BatchCursor cursor(bytes, CrcCheck::kVerify);
  ScratchBuffer scratch;
  Offset next = kNoOffset;
  for (auto batch = cursor.next(); batch && *batch; batch = cursor.next()) {
    auto reader = RecordReader::open(**batch, scratch).value();
    RecordView record;
    while (reader.next(record)) {
      const HeaderView header = *record.headers.begin();
      stored[(*batch)->base_offset() + record.offset_delta] = {
          std::stoll(std::string(to_text(*header.value))), std::string(to_text(*record.key))};
    }
    next = (*batch)->next_offset();
  }
  return next;
}

Records read_all(const Partition& partition, LogKind kind) {
  Records stored;
  const bool is_data = kind == LogKind::kData;
  const PartitionOffsets offsets = is_data ? partition.offsets() : partition.schedule_offsets();
  EXPECT_EQ(offsets.high_watermark, offsets.log_end);
  Offset at = offsets.log_start;
  while (at < offsets.log_end) {
    const auto read =
        is_data ? partition.read({at, 10'000}) : partition.read_schedule({at, 10'000});
    EXPECT_TRUE(read) << (read ? "" : read.error().message);
    if (!read || read->slices.empty()) {
      break;  // a hole that compaction left at the end
    }
    for (const FileSlice& slice : read->slices) {
      at = take(slice, stored);
    }
  }
  return stored;
}

class World {
 public:
  World(Durability durability, std::uint64_t seed) : sim_(seed) {
    options_.data_dir = "/data";
    options_.journal_file_bytes = 64 << 10;
    options_.journal_files_max = 3;
    options_.checkpoint_interval_ms = 3;
    options_.file_delete_delay_ms = 0;
    options_.producer_file_refresh_bytes = 2'000;
    for (KnownTopic* topic : {&plain_, &table_}) {
      topic->topic_id = next_id();
      topic->partition_count = 1;
      topic->config.durability = durability;
      topic->config.segment_bytes = 700;
      topic->config.index_interval_bytes = 200;
    }
    plain_.name = "plain";
    table_.name = "table";
    table_.config.cleanup_delete = false;
    table_.config.cleanup_compact = true;
    table_.config.min_cleanable_dirty_ratio = 0;
  }
  ~World() { store_.reset(); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  bool went_off() const { return sim_.disk.power_is_off(); }
  std::int64_t compacted_away() const { return compacted_away_; }

  // Works, and leaves now cleanly, now by kill -9, until the crash point was reached.
  void run_into(const std::string& point, std::int64_t nth) {
    for (int round = 0; round < 10; ++round) {
      sim_.disk.arm(point, std::max<std::int64_t>(nth - round, 1));
      work();
      if (round % 2 == 0 && !went_off()) {
        (void)store_->close();
      }
      if (went_off()) {
        return;
      }
      crash(Crash::kKill);
    }
  }

  void work() {
    if (!open()) {
      return;
    }
    for (int i = 0; i < 80 && !went_off(); ++i) {
      sim_.clock.advance_ms(1);
      put(table_, i);
      put(plain_, i);
      if (i % 8 == 0) {
        settle();
      }
      if (i == 40) {
        clean();
      }
    }
    settle();
    const KnownTopic doomed{next_id(), "doomed-" + std::to_string(ids_), 1, {}};
    if (!went_off() && store_->create_topic(doomed)) {
      facts_.tombstones.push_back(doomed.topic_id);
      (void)store_->delete_topic(doomed.topic_id);
    }
  }

  void crash(Crash how) {
    if (!went_off()) {
      sim_.disk.arm("now", 1);
      sim_.disk.reached("now");
    }
    store_.reset();
    targets_.clear();
    how == Crash::kKill ? sim_.disk.kill_process() : sim_.disk.restart_after_power_cut();
    for (auto& [name, model] : models_) {
      if (how == Crash::kKill) {
        model.promised = model.appended;
      }
    }
  }

  void verify() {
    ASSERT_TRUE(open());
    verify_plain(read_all(*find(plain_), LogKind::kData), models_["plain"]);
    verify_table(read_all(*find(table_), LogKind::kData), models_["table"]);
    const Records scheduled = read_all(*find(plain_), LogKind::kSchedule);
    expect_rising(scheduled);
    for (const auto& [offset, record] : models_["schedule"].promised) {
      ASSERT_TRUE(scheduled.contains(offset)) << "schedule log: offset " << offset << " is lost";
      EXPECT_EQ(scheduled.at(offset).number, record.number);
    }
    models_["schedule"] = {scheduled, scheduled};
  }

 private:
  TopicId next_id() {
    TopicId id;
    id.bytes[0] = ++ids_;
    return id;
  }
  std::shared_ptr<Partition> find(const KnownTopic& topic) const {
    return store_->find({topic.topic_id, 0});
  }

  bool open() {
    auto opened = LogStore::open(
        sim_.env(), options_, [this]() -> Result<CatalogFacts> { return facts_; },
        [](const Error&) {});
    if (!opened) {
      EXPECT_TRUE(went_off()) << opened.error().message;
      return false;
    }
    store_ = *std::move(opened);
    for (const KnownTopic* topic : {&plain_, &table_}) {
      const bool known =
          std::ranges::any_of(facts_.topics, [&](const auto& t) { return t.name == topic->name; });
      if (!known && !store_->create_topic(*topic)) {
        EXPECT_TRUE(went_off());
        return false;
      }
      if (!known) {
        facts_.topics.push_back(*topic);
      }
    }
    return !went_off();
  }

  std::vector<std::byte> batch_of(const std::string& key, bool tombstone, Record& sent) {
    sent = {++number_, key};
    const std::string number = std::to_string(number_);
    const std::vector<HeaderView> headers = {{"number", to_bytes(number)}};
    RecordBatchBuilder builder({});
    NewRecord record{.timestamp_ms = sim_.clock.wall_ms(),
                     .key = to_bytes(key),
                     .value = to_bytes(number),
                     .headers = headers};
    if (tombstone) {
      record.value.reset();
    }
    builder.append(record);
    return std::move(builder).build().value();
  }

  // Now and then a record of the plain topic comes with a scheduled one.
  void put(const KnownTopic& topic, int i) {
    const bool is_table = &topic == &table_;
    const bool mixed = !is_table && i % 5 == 0;
    Record sent;
    Record scheduled;
    const std::string evidence(kBatchEvidenceBytes, '\0');
    auto schedule = mixed ? batch_of(evidence, false, scheduled) : std::vector<std::byte>{};
    auto data = batch_of("key-" + std::to_string(i % 6), is_table && i % 7 == 0, sent);
    AppendRequest request;
    request.data = data;
    request.schedule = schedule;
    const auto appended = find(topic)->append(request);
    if (!appended) {
      EXPECT_TRUE(went_off()) << appended.error().message;
      return;
    }
    models_[topic.name].appended[appended->base_offset] = sent;
    if (mixed) {
      models_["schedule"].appended[appended->schedule_base_offset] = scheduled;
    }
    DurableTarget& target = targets_[topic.name];
    target.data_end = std::max(target.data_end, appended->durable.data_end);
    target.schedule_end = std::max(target.schedule_end, appended->durable.schedule_end);
  }

  // What was appended so far is on stable storage then, and promised.
  void settle() {
    for (const KnownTopic* topic : {&plain_, &table_}) {
      const auto partition = find(*topic);
      const auto done = std::make_shared<std::promise<Status>>();
      auto answer = done->get_future();
      if (topic->config.durability == Durability::kAsync && !partition->sync_data()) {
        return;
      }
      partition->when_on_stable_storage(targets_[topic->name],
                                        [done](const Status& status) { done->set_value(status); });
      while (answer.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
        if (went_off()) {
          return;
        }
      }
      if (!answer.get()) {
        return;
      }
      models_[topic->name].promised = models_[topic->name].appended;
      if (topic == &plain_) {
        models_["schedule"].promised = models_["schedule"].appended;
      }
    }
  }

  // What removes records.
  void clean() {
    const Offset start = find(plain_)->offsets().log_start;
    deletable_ = std::max(deletable_, (start + find(plain_)->offsets().high_watermark) / 2);
    find(plain_)->delete_records(deletable_, [this](const Status& status) {
      if (status) {
        deleted_ = deletable_;
      }
    });
    for (const KnownTopic* topic : {&plain_, &table_}) {
      (void)find(*topic)->run_retention();
      (void)find(*topic)->run_compaction();
      EXPECT_FALSE(find(*topic)->stats().compaction_halted);
    }
  }

  static void expect_rising(const Records& stored) {
    std::int64_t previous = 0;
    for (const auto& [offset, record] : stored) {
      EXPECT_GT(record.number, previous) << "a duplicate, or out of order, at " << offset;
      previous = record.number;
    }
  }

  void verify_plain(const Records& stored, Model& model) {
    const PartitionOffsets offsets = find(plain_)->offsets();
    expect_rising(stored);
    EXPECT_GE(offsets.log_start, deleted_);
    EXPECT_LE(offsets.log_start, deletable_);
    // A batch is read whole.
    EXPECT_GE(static_cast<Offset>(stored.size()), offsets.log_end - offsets.log_start) << "a hole";
    for (auto at = model.promised.lower_bound(offsets.log_start); at != model.promised.end();
         ++at) {
      ASSERT_TRUE(stored.contains(at->first)) << "plain: offset " << at->first << " is lost";
      ASSERT_EQ(stored.at(at->first), at->second) << at->first;
    }
    model = {stored, stored};
  }

  void verify_table(const Records& stored, Model& model) {
    expect_rising(stored);
    const auto latest = [](const Records& records) {
      std::map<std::string, std::int64_t> newest;
      for (const auto& [offset, record] : records) {
        newest[record.key] = record.number;
      }
      return newest;
    };
    auto now = latest(stored);
    for (const auto& [key, number] : latest(model.promised)) {
      EXPECT_GE(now[key], number) << key << " is older than what was promised";
    }
    const Offset end = find(table_)->offsets().log_end;
    EXPECT_TRUE(model.promised.empty() || model.promised.rbegin()->first < end);
    compacted_away_ += end - static_cast<Offset>(stored.size());
    model = {stored, stored};
  }

  test::SimEnv sim_;
  LogOptions options_;
  CatalogFacts facts_;
  KnownTopic plain_;
  KnownTopic table_;
  std::uint8_t ids_ = 0;
  std::unique_ptr<LogStore> store_;
  std::map<std::string, Model> models_;
  std::map<std::string, DurableTarget> targets_;
  std::int64_t number_ = 0;
  Offset deletable_ = 0;             // asked for
  std::atomic<Offset> deleted_ = 0;  // answered
  std::int64_t compacted_away_ = 0;
};

using Case = std::tuple<std::string_view, Durability, Crash, int>;

class CrashPoints : public ::testing::TestWithParam<Case> {};

TEST_P(CrashPoints, Promise3_CrashThere_LosesNothingPromised) {
  const auto [point, durability, how, nth] = GetParam();
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  World world(durability, seed);
  world.work();
  world.crash(Crash::kKill);
  world.run_into(std::string(point), nth);
  ASSERT_TRUE(world.went_off()) << "never reached";
  world.crash(how);
  world.verify();
  world.crash(Crash::kKill);
  // What the crash left is as good a start as any.
  world.work();
  world.crash(Crash::kPowerCut);
  world.verify();
  EXPECT_GT(world.compacted_away(), 0);
}

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  const auto& [point, durability, how, nth] = info.param;
  std::string name(point);
  std::ranges::replace(name, '-', '_');
  return name + (durability == Durability::kSync ? "_sync_" : "_async_") +
         (how == Crash::kKill ? "kill_" : "power_cut_") + std::to_string(nth);
}

INSTANTIATE_TEST_SUITE_P(
    All, CrashPoints,
    ::testing::Combine(::testing::ValuesIn(test::kStoreCrashPoints),
                       ::testing::Values(Durability::kSync, Durability::kAsync),
                       ::testing::Values(Crash::kKill, Crash::kPowerCut), ::testing::Values(1, 3)),
    case_name);

TEST(CrashPointsOfALogAlone, CutOfTheEnd_KeepsWhatLiesBelow) {
  for (const std::string_view point : test::kSegmentedLogCrashPoints) {
    for (const Crash how : {Crash::kKill, Crash::kPowerCut}) {
      const std::uint64_t seed = std::random_device{}();
      SCOPED_TRACE("seed " + std::to_string(seed));
      test::SimEnv sim{seed};
      SegmentedLog::Spec spec;
      spec.directory = "/data/t-0";
      spec.config.segment_bytes = 500;
      auto log = create_log(sim.env(), spec, 0).value();
      for (Offset base = 0; base < 60; base += 3) {
        const auto bytes = test::make_batch(base, 3);
        log->append(bytes, 1'000).value();
      }
      EXPECT_EQ(log->sync().value(), 60);
      sim.disk.arm(std::string(point), 1);
      (void)log->truncate(30);
      ASSERT_TRUE(sim.disk.power_is_off()) << point << " was never reached";
      log.reset();
      how == Crash::kKill ? sim.disk.kill_process() : sim.disk.restart_after_power_cut();
      const auto recovered = recover_log(
          sim.env(), {.spec = spec, .last_stop = LastStop::kUnclean, .durable_end = 30});
      ASSERT_TRUE(recovered) << recovered.error().message;
      EXPECT_FALSE(recovered->log->has_damage());
      Offset next = 0;
      while (next < 30) {
        const auto slices = recovered->log->read(next, recovered->log->end_offset(), 1).value();
        ASSERT_FALSE(slices.empty()) << "offset " << next << " is lost";
        next += 3;
      }
    }
  }
}

TEST(CrashPointLists, TogetherHoldEveryPointThereIs) {
  std::set<std::string_view> tested(test::kStoreCrashPoints.begin(), test::kStoreCrashPoints.end());
  tested.insert(test::kSegmentedLogCrashPoints.begin(), test::kSegmentedLogCrashPoints.end());
  tested.insert(test::kSchedulerCrashPoints.begin(), test::kSchedulerCrashPoints.end());
  EXPECT_EQ(tested, std::set<std::string_view>(crash_point::kAll.begin(), crash_point::kAll.end()));
}

}  // namespace
}  // namespace orloj::log
