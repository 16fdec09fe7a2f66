#include "scheduler/pending_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "log/kv/memory_kv_store.h"

namespace orloj::scheduler {
namespace {

constexpr std::int64_t kNow = 1'795'255'200'000;
constexpr std::uint32_t kOwner = 3;

AddEntry add_due(std::int64_t due_ms) {
  AddEntry add;
  add.due_ms = due_ms;
  return add;
}

DoneEntry done_with(const IndexedEntry& entry) {
  DoneEntry done;
  done.items = {{entry.entry, entry.place, kFirstFire, entry.due_ms, kNoInstant}};
  return done;
}

TEST(PendingSet, WhatThisVersionCannotActOn_IsRefused) {
  TimingWheel wheel(kNow);
  PendingSet set(kOwner, {});
  AddEntry with_field = add_due(kNow);
  with_field.fields = {{FieldTag::kCron, {}}};
  AddEntry undecided = add_due(kNow);
  undecided.decision = Decision::kWithTransaction;
  CopyEntry paused;
  paused.paused = true;
  DoneEntry recurring = done_with({kNow, 0, 0});
  recurring.items[0].next_due_ms = kNow + 1;
  for (const Entry& entry :
       std::vector<Entry>{with_field, undecided, paused, recurring, CommandEntry{}, IntentEntry{},
                          PauseEntry{}, ResumeEntry{}, TxnEntry{}}) {
    const Status applied = set.apply(0, entry, wheel);
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, ErrorCode::kUnsupportedFormat);
  }
}

TEST(PendingSet, ClaimedTwice_NeverHappens) {
  TimingWheel wheel(kNow);
  PendingSet set(kOwner, {});
  set.take_loaded({{}, {}, kNow + 1'000}, wheel);
  set.apply(0, add_due(kNow - 1), wheel).value();
  std::vector<WheelEntry> due;
  wheel.advance(kNow, 100, due);
  ASSERT_EQ(due.size(), 1U);
  set.is_due(due[0].due_ms(), due[0].place());
  EXPECT_EQ(set.claim(kNow, 10).size(), 1U);
  EXPECT_TRUE(set.claim(kNow, 10).empty());
}

TEST(PendingSet, NotDueYet_IsNotClaimed) {
  TimingWheel wheel(kNow);
  PendingSet set(kOwner, {});
  set.take_loaded({{}, {}, kNow + 1'000}, wheel);
  set.apply(0, add_due(kNow), wheel).value();
  std::vector<WheelEntry> due;
  wheel.advance(kNow, 100, due);
  set.is_due(due[0].due_ms(), due[0].place());
  EXPECT_TRUE(set.claim(kNow - 1, 10).empty());
}

// A made-up schedule log, applied with restarts from older states of the index, loads, shrinks and
// copies; what fires must be what was added, once, and never early.
class PendingSetModel {
 public:
  explicit PendingSetModel(std::uint32_t seed) : random_(seed) {}

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      step();
    }
    now_ += 50 * kBucketMs;
    for (int i = 0; i < 1'000 && !model_.empty(); ++i) {
      load();
      fire(1'000);
    }
    EXPECT_TRUE(model_.empty());
    EXPECT_EQ(set_.pending(), 0);
    EXPECT_GT(fired_, 100);
  }

 private:
  void step() {
    switch (random_() % 9) {
      case 0:
      case 1:
      case 2:
        append(add_due(now_ - 1'000 + static_cast<std::int64_t>(random_() % (20 * kBucketMs))));
        break;
      case 3:
        now_ += static_cast<std::int64_t>(random_() % kBucketMs);
        break;
      case 4:
        load();
        break;
      case 5:
        fire(1 + random_() % 5);
        break;
      case 6:
        write();
        break;
      case 7:
        copy_one();
        break;
      case 8:
        rare();
        break;
    }
    EXPECT_EQ(set_.pending(), static_cast<std::int64_t>(model_.size()));
  }

  void rare() {
    switch (random_() % 20) {
      case 0:
        restart();
        break;
      case 1:
        write();
        set_.shrink_to(now_ + static_cast<std::int64_t>(random_() % kBucketMs), wheel_);
        break;
      case 2:
        index_ = DueIndex(log::make_memory_kv_store());
        restart();
        break;
      default:
        break;
    }
  }

  // To the log, to the model, and applied at once.
  void append(const Entry& entry) {
    const auto offset = static_cast<log::Offset>(log_.size());
    log_.push_back(entry);
    if (const auto* add = std::get_if<AddEntry>(&entry)) {
      model_.insert({add->due_ms, offset, offset});
    }
    apply(offset);
  }
  void apply(log::Offset offset) {
    set_.apply(offset, log_[static_cast<std::size_t>(offset)], wheel_).value();
    set_.applied_up_to(offset + 1);
  }

  void write() { index_.write({{id_, set_.take_changes()}}).value(); }

  void load() {
    if (set_.loaded_to_ms() >= now_ + kBucketMs) {
      return;
    }
    write();
    const auto loaded = index_.load(id_, {.from_ms = set_.loaded_to_ms(),
                                          .below_ms = now_ + 3 * kBucketMs,
                                          .entries_max = 1 + random_() % 50});
    set_.take_loaded(loaded.value(), wheel_);
  }

  void fire(std::size_t most) {
    std::vector<WheelEntry> due;
    while (!wheel_.advance(now_, 1'000, due)) {
    }
    for (const WheelEntry& entry : due) {
      set_.is_due(entry.due_ms(), entry.place());
    }
    const auto claimed = set_.claim(now_, most);
    ASSERT_TRUE(std::is_sorted(claimed.begin(), claimed.end()));
    if (random_() % 4 == 0) {
      set_.unclaim(claimed);
      return;
    }
    for (const IndexedEntry& entry : claimed) {
      ASSERT_LE(entry.due_ms, now_);
      ASSERT_EQ(model_.erase(entry), 1U) << entry.entry << " at " << entry.place;
      ++fired_;
      append(done_with(entry));
    }
  }

  void copy_one() {
    if (model_.empty()) {
      return;
    }
    auto chosen = model_.begin();
    std::advance(chosen, random_() % model_.size());
    const IndexedEntry from = *chosen;
    CopyEntry copy;
    copy.entry = from.entry;
    copy.copied_from = from.place;
    copy.add = add_due(from.due_ms);
    model_.erase(chosen);
    model_.insert({from.due_ms, from.entry, static_cast<log::Offset>(log_.size())});
    set_.begin_copy(from.entry);
    append(copy);
  }

  // From what the index says, or from a head that was dropped as far as nothing lives there.
  void restart() {
    const auto header = index_.header(id_).value();
    log::Offset start = static_cast<log::Offset>(log_.size());
    for (const IndexedEntry& entry : model_) {
      start = std::min(start, entry.place);
    }
    wheel_ = TimingWheel(now_);
    const IndexHeader fresh{.start = start, .position = start};
    set_ = PendingSet(kOwner, header.value_or(fresh));
    for (auto offset = set_.position(); offset < static_cast<log::Offset>(log_.size()); ++offset) {
      apply(offset);
    }
  }

  std::mt19937 random_;
  std::int64_t now_ = kNow;
  log::PartitionId id_{};
  DueIndex index_{log::make_memory_kv_store()};
  TimingWheel wheel_{kNow};
  PendingSet set_{kOwner, {}};
  std::vector<Entry> log_;
  std::set<IndexedEntry> model_;
  int fired_ = 0;
};

TEST(PendingSet, RandomHistories_AgreeWithAModel) {
  for (int round = 0; round < 5; ++round) {
    const std::uint32_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    PendingSetModel(seed).run(2'000);
    if (testing::Test::HasFailure()) {
      return;
    }
  }
}

}  // namespace
}  // namespace orloj::scheduler
