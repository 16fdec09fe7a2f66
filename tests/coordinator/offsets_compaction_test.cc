// The offsets topic after the cleaner was there: groups and offsets load as they were, across
// tombstones, holes and crashes between the cleaner's steps.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "log/crash_point.h"
#include "tests/coordinator/group_coordinator_harness.h"

namespace orloj::coordinator {
namespace {

enum class Crash : std::uint8_t { kKill, kPowerCut };

class OffsetsCompaction : public testing::Test {
 protected:
  OffsetsCompaction() {
    EXPECT_EQ(node_.prepare(), GroupError::kNone);
    node_.set_segment_bytes(kSegmentBytes);
  }

  void commit_many(int commits) {
    for (int i = 0; i < commits; ++i) {
      const std::string group = "g" + std::to_string(i % kGroups);
      const std::string topic = "t" + std::to_string(i % 3);
      ASSERT_EQ(Node::error_of(node_.commit(group, ++last_, topic)), GroupError::kNone);
      offsets_[group][topic] = last_;
    }
  }
  void delete_group(const std::string& group) {
    Pending<GroupError> removed;
    node_.groups().delete_group(group, removed.callback());
    ASSERT_EQ(removed.get(), GroupError::kNone);
    offsets_.erase(group);
  }
  // What is cleaned lies below the checkpoint of the last start.
  void restart(Crash how = Crash::kKill) {
    how == Crash::kKill ? node_.kill() : node_.cut_power();
    ASSERT_EQ(node_.prepare(), GroupError::kNone);
    node_.set_segment_bytes(kSegmentBytes);
  }
  void verify() {
    for (int g = 0; g < kGroups; ++g) {
      const std::string group = "g" + std::to_string(g);
      for (const std::string topic : {"t0", "t1", "t2"}) {
        const auto known = offsets_.find(group);
        const bool committed = known != offsets_.end() && known->second.contains(topic);
        EXPECT_EQ(node_.fetch(group, topic), committed ? known->second.at(topic) : -1)
            << group << " " << topic;
      }
    }
    std::set<std::string> listed;
    for (const auto& group : node_.groups().list({}).groups) listed.insert(group.group_id);
    for (int g = 0; g < kGroups; ++g) {
      const std::string group = "g" + std::to_string(g);
      EXPECT_EQ(listed.contains(group), offsets_.contains(group)) << group;
    }
    EXPECT_TRUE(node_.alarms().empty());
  }

  static constexpr int kGroups = 8;
  static constexpr std::int64_t kSegmentBytes = 2'000;

  Node node_;
  std::int64_t last_ = 0;
  std::map<std::string, std::map<std::string, std::int64_t>> offsets_;
};

TEST_F(OffsetsCompaction, GroupsAndOffsets_LoadAsTheyWere) {
  const auto joined = node_.join("live").get();
  node_.sync("live", joined, {{joined.member_id, {std::byte{7}}}}).get();
  commit_many(300);
  delete_group("g1");
  delete_group("g2");
  commit_many(1);  // the deletions do not end the log
  restart();
  const std::int64_t before = node_.offsets_bytes();
  node_.compact_offsets();
  EXPECT_LT(node_.offsets_bytes(), before / 2);
  verify();
  restart();
  verify();
  EXPECT_EQ(node_.groups().describe("live").state, GroupState::kStable);
  EXPECT_EQ(node_.groups().describe("live").members.at(0).member_id, joined.member_id);
}

TEST_F(OffsetsCompaction, DeletedGroups_StayDeletedOnceTheirTombstonesAreGone) {
  commit_many(300);
  delete_group("g1");
  delete_group("g2");
  for (int pass = 0; pass < 4; ++pass) {
    restart();
    node_.compact_offsets();
    restart(Crash::kPowerCut);
    verify();
    node_.sim().clock.advance_ms(25 * 3'600'000);  // over delete.retention.ms
    for (const std::string group : {"g0", "g3", "g4", "g5", "g6", "g7"}) {
      for (int i = 0; i < 30; ++i) {
        ASSERT_EQ(Node::error_of(node_.commit(group, ++last_, "t0")), GroupError::kNone);
      }
      offsets_[group]["t0"] = last_;
    }
  }
  restart();
  verify();
}

class OffsetsCompactionCrash : public OffsetsCompaction,
                               public testing::WithParamInterface<std::tuple<std::string, Crash>> {
};

TEST_P(OffsetsCompactionCrash, Promise3_CrashThere_LosesNoOffset) {
  const auto [point, how] = GetParam();
  commit_many(300);
  delete_group("g1");
  restart();
  node_.sim().disk.arm(point, 2);
  node_.compact_offsets();
  ASSERT_TRUE(node_.sim().disk.power_is_off()) << "never reached";
  restart(how);
  verify();
  commit_many(100);
  restart(how);
  verify();
}

INSTANTIATE_TEST_SUITE_P(
    All, OffsetsCompactionCrash,
    testing::Combine(testing::Values(std::string(log::crash_point::kReplaceBeforeSwap),
                                     std::string(log::crash_point::kReplaceAfterSwap)),
                     testing::Values(Crash::kKill, Crash::kPowerCut)),
    [](const auto& tested) {
      std::string name = std::get<0>(tested.param);
      std::ranges::replace(name, '-', '_');
      return name + (std::get<1>(tested.param) == Crash::kKill ? "_kill" : "_power_cut");
    });

}  // namespace
}  // namespace orloj::coordinator
