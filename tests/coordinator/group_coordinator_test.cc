#include "coordinator/group_coordinator.h"

#include <gtest/gtest.h>

#include <thread>

#include "coordinator/topic_codec.h"
#include "tests/coordinator/group_coordinator_harness.h"

namespace orloj::coordinator {
namespace {

TEST(GroupCoordinator, FirstUse_CreatesTheOffsetsTopic) {
  Node node;
  EXPECT_EQ(node.catalog().find(kOffsetsTopic), nullptr);
  EXPECT_EQ(node.prepare(), GroupError::kNone);
  const auto topic = node.catalog().find(kOffsetsTopic);
  ASSERT_NE(topic, nullptr);
  EXPECT_TRUE(topic->internal);
  EXPECT_EQ(topic->partition_count, 4);
  EXPECT_EQ(topic->configs.at("cleanup.policy"), "compact");
}

// The broker setting durability is for the topics of users.
TEST(GroupCoordinator, Commits_AreDurableOnAnAsyncBroker) {
  Node node;
  node.topic_defaults() = {{"durability", "async"}};
  node.kill();
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  for (std::int64_t offset = 0; offset < 5; ++offset) {
    EXPECT_EQ(Node::error_of(node.commit("g", offset)), GroupError::kNone);
    node.cut_power();
    ASSERT_EQ(node.prepare(), GroupError::kNone);
    EXPECT_EQ(node.fetch("g"), offset);
  }
}

TEST(GroupCoordinator, OffsetsTopicWithoutADurabilityOfItsOwn_GetsOneAtTheStart) {
  Node node;
  node.topic_defaults() = {{"durability", "async"}};
  node.kill();
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  Topic old = *node.catalog().find(kOffsetsTopic);
  old.configs.erase("durability");
  node.metadata().commit({{}, {{topic_key(old.id), encode_topic(old)}}}).value();
  node.kill();
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  EXPECT_EQ(node.catalog().find(kOffsetsTopic)->configs.at("durability"), "sync");
  EXPECT_EQ(Node::error_of(node.commit("g", 7)), GroupError::kNone);
  node.cut_power();
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  EXPECT_EQ(node.fetch("g"), 7);
}

TEST(GroupCoordinator, LookingAlone_CreatesNothing) {
  Node node;
  while (node.groups().list({}).error == GroupError::kCoordinatorLoadInProgress) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(node.groups().list({}).groups.empty());
  EXPECT_EQ(node.fetch("g"), -1);
  EXPECT_EQ(node.groups().describe("g").error, GroupError::kGroupIdNotFound);
  EXPECT_EQ(node.catalog().find(kOffsetsTopic), nullptr);
}

TEST(GroupCoordinator, GroupIdOverTheLimit_IsInvalid) {
  Node node;
  node.group_options().group_id_max_bytes = 3;
  node.kill();
  EXPECT_EQ(node.prepare(), GroupError::kNone);
  EXPECT_EQ(node.join("four").get().error, GroupError::kInvalidGroupId);
  EXPECT_EQ(Node::error_of(node.commit("four", 1)), GroupError::kInvalidGroupId);
  EXPECT_EQ(node.join("abc").get().error, GroupError::kNone);
}

TEST(GroupCoordinator, PartitionOfAGroup_IsKafkas) {
  Node node;
  EXPECT_EQ(node.prepare(), GroupError::kNone);
  EXPECT_EQ(node.groups().partition_for("group"), 98'629'247 % 4);
  EXPECT_EQ(node.groups().partition_for("polygenelubricants"), 0);
}

TEST(GroupCoordinator, ConsumersCycle_JoinSyncCommitFetchLeave) {
  Node node;
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  const auto joined = node.join("g").get();
  ASSERT_EQ(joined.error, GroupError::kNone);
  const auto synced = node.sync("g", joined, {{joined.member_id, {std::byte{7}}}}).get();
  ASSERT_EQ(synced.error, GroupError::kNone);
  EXPECT_EQ(synced.assignment, (Bytes{std::byte{7}}));
  EXPECT_EQ(node.groups().heartbeat({"g", joined.generation_id, joined.member_id, {}}),
            GroupError::kNone);
  Pending<OffsetCommitResponse> committed;
  node.groups().commit_offsets(
      {"g", joined.generation_id, joined.member_id, {}, -1, {{"t", {{3, {99, 1, "m"}}}}}},
      committed.callback());
  EXPECT_EQ(Node::error_of(committed), GroupError::kNone);
  const auto all = node.groups().fetch_offsets({"g", std::nullopt, false});
  ASSERT_EQ(all.topics.size(), 1U);
  EXPECT_EQ(all.topics[0].partitions[0].partition, 3);
  EXPECT_EQ(all.topics[0].partitions[0].committed.offset, 99);
  Pending<LeaveResponse> left;
  node.groups().leave({"g", {{joined.member_id, {}}}}, left.callback());
  EXPECT_EQ(left.get().members.at(0).error, GroupError::kNone);
  EXPECT_EQ(node.groups().describe("g").state, GroupState::kEmpty);
}

TEST(GroupCoordinator, BadGroupIds_AreRefused) {
  Node node;
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  EXPECT_EQ(node.join("").get().error, GroupError::kInvalidGroupId);
  EXPECT_EQ(node.join(std::string(1'025, 'x')).get().error, GroupError::kInvalidGroupId);
  EXPECT_EQ(Node::error_of(node.commit("", 5)), GroupError::kNone);
  EXPECT_EQ(node.fetch(""), 5);
}

TEST(GroupCoordinator, UnknownGroup_IsToldTheKafkaWay) {
  Node node;
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  EXPECT_EQ(node.join("g", "member").get().error, GroupError::kUnknownMemberId);
  EXPECT_EQ(node.groups().heartbeat({"g", 1, "m", {}}), GroupError::kUnknownMemberId);
  JoinResponse ghost;
  ghost.member_id = "m";
  EXPECT_EQ(node.sync("g", ghost, {}).get().error, GroupError::kUnknownMemberId);
  Pending<OffsetCommitResponse> committed;
  node.groups().commit_offsets({"g", 1, "m", {}, -1, {{"t", {{0, {}}}}}}, committed.callback());
  EXPECT_EQ(Node::error_of(committed), GroupError::kIllegalGeneration);
  Pending<GroupError> removed;
  node.groups().delete_group("g", removed.callback());
  EXPECT_EQ(removed.get(), GroupError::kGroupIdNotFound);
  EXPECT_EQ(node.groups().stats().groups, 0);
}

TEST(GroupCoordinator, TooManyGroups_AreRefused) {
  Node node;
  node.group_options().groups_max = 1;
  node.kill();
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  EXPECT_EQ(Node::error_of(node.commit("a", 1)), GroupError::kNone);
  EXPECT_EQ(node.join("b").get().error, GroupError::kGroupMaxSizeReached);
  EXPECT_EQ(Node::error_of(node.commit("b", 1)), GroupError::kCoordinatorNotAvailable);
}

TEST(GroupCoordinator, SessionTimeout_FollowsTheClock) {
  Node node;
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  const auto joined = node.join("g").get();
  node.sync("g", joined, {}).get();
  EXPECT_LE(node.groups().next_deadline_boot_ms(), node.sim().clock.boot_ms() + 10'000);
  node.pass(9'999);
  EXPECT_EQ(node.groups().stats().members, 1);
  node.pass(1);
  EXPECT_EQ(node.groups().stats().members, 0);
}

TEST(GroupCoordinator, List_FiltersByStateAndType) {
  Node node;
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  node.join("joined").get();
  node.commit("simple", 1).get();
  const auto count = [&](const ListGroupsRequest& request) {
    return node.groups().list(request).groups.size();
  };
  EXPECT_EQ(count({}), 2U);
  EXPECT_EQ(count({{"empty"}, {}}), 1U);
  EXPECT_EQ(count({{"CompletingRebalance", "Stable"}, {"Classic"}}), 1U);
  EXPECT_EQ(count({{}, {"consumer"}}), 0U);
}

TEST(GroupCoordinator, DeletedTopic_LosesItsOffsetsInEveryGroup) {
  Node node;
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  for (const char* group : {"a", "b", "c"}) {
    node.commit(group, 1).get();
    node.commit(group, 2, "u").get();
  }
  node.groups().on_topic_deleted("t");
  node.commit("z", 1).get();
  node.kill();
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  for (const char* group : {"a", "b", "c"}) {
    EXPECT_EQ(node.fetch(group), -1) << group;
    EXPECT_EQ(node.fetch(group, "u"), 2) << group;
  }
}

constexpr log::TopicId kOldTopic{{1}};
constexpr log::TopicId kNewTopic{{2}};

// The topic is gone from the catalogue, the coordinator was not told.
TEST(GroupCoordinator, KillBetweenADeletionAndItsCleanUp_LeavesNoOffsetsToANewTopic) {
  for (const log::TopicId& id : {kOldTopic, log::TopicId{}}) {
    Node node;
    node.topic_id = id;
    ASSERT_EQ(node.prepare(), GroupError::kNone);
    node.commit("g", 5).get();
    node.set_topics(std::nullopt);
    node.kill();
    ASSERT_EQ(node.prepare(), GroupError::kNone);
    node.set_topics(kNewTopic);
    while (node.groups().stats().offsets > 0) std::this_thread::yield();
    EXPECT_EQ(node.fetch("g"), -1) << id.to_string();
    node.kill();
    ASSERT_EQ(node.prepare(), GroupError::kNone);
    EXPECT_EQ(node.fetch("g"), -1) << id.to_string();
  }
}

TEST(GroupCoordinator, TopicThatWasMadeAnewBeforeTheKill_InheritsNoOffsets) {
  Node node;
  node.topic_id = kOldTopic;
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  node.commit("g", 5).get();
  node.set_topics(kNewTopic);
  EXPECT_EQ(node.fetch("g"), -1);
  EXPECT_TRUE(node.groups().fetch_offsets({"g", std::nullopt, false}).topics.empty());
  node.kill();
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  while (node.groups().stats().offsets > 0) std::this_thread::yield();
  node.topic_id = kNewTopic;
  EXPECT_EQ(Node::error_of(node.commit("g", 7)), GroupError::kNone);
  EXPECT_EQ(node.fetch("g"), 7);
  node.kill();
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  EXPECT_EQ(node.fetch("g"), 7);
}

TEST(GroupCoordinator, CommitForATopicThatIsGone_IsNotStored) {
  Node node;
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  node.set_topics(kNewTopic);
  node.topic_id = kOldTopic;
  EXPECT_TRUE(node.commit("g", 5).get().topics.empty());
  node.set_topics(kOldTopic);
  EXPECT_EQ(node.fetch("g"), -1);
}

TEST(GroupCoordinator, DeletedGroup_StaysDeletedAcrossAKill) {
  Node node;
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  node.commit("g", 1).get();
  Pending<GroupError> removed;
  node.groups().delete_group("g", removed.callback());
  EXPECT_EQ(removed.get(), GroupError::kNone);
  EXPECT_EQ(node.groups().stats().groups, 0);
  node.kill();
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  EXPECT_EQ(node.fetch("g"), -1);
  EXPECT_TRUE(node.groups().list({}).groups.empty());
}

TEST(GroupCoordinator, StableGroup_SurvivesAKill) {
  Node node;
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  const auto joined = node.join("g").get();
  node.sync("g", joined, {{joined.member_id, {std::byte{7}}}}).get();
  node.kill();
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  const auto described = node.groups().describe("g");
  EXPECT_EQ(described.state, GroupState::kStable);
  EXPECT_EQ(described.members.at(0).member_id, joined.member_id);
  EXPECT_EQ(node.sync("g", joined, {}).get().assignment, (Bytes{std::byte{7}}));
}

TEST(GroupCoordinator, OffsetRetention_EmptiesAndForgetsTheGroup) {
  Node node;
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  node.commit("g", 1).get();
  node.pass(node.group_options().offsets_retention_ms - 1);
  EXPECT_EQ(node.fetch("g"), 1);
  node.pass(node.group_options().offsets_retention_check_interval_ms);
  node.commit("other", 1).get();
  node.kill();
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  EXPECT_EQ(node.fetch("g"), -1);
}

TEST(GroupCoordinator, Stop_AnswersWhoWaits) {
  Node node;
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  const auto leader = node.join("g").get();
  const auto waiting = node.join("g");
  EXPECT_FALSE(waiting.came());
  node.groups().stop();
  EXPECT_EQ(waiting.get().error, GroupError::kCoordinatorNotAvailable);
  EXPECT_EQ(node.join("g").get().error, GroupError::kCoordinatorNotAvailable);
  EXPECT_EQ(Node::error_of(node.commit("g", 1)), GroupError::kCoordinatorNotAvailable);
  EXPECT_EQ(node.groups().heartbeat({"g", 1, leader.member_id, {}}),
            GroupError::kCoordinatorNotAvailable);
}

// Four threads commit to seven groups; every answer comes, and comes once.
void commit_from_many_threads(Node& node) {
  constexpr int kThreads = 4;
  constexpr int kCommits = 200;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&node, t] {
      std::vector<Pending<OffsetCommitResponse>> answers;
      for (int i = 0; i < kCommits; ++i) {
        answers.push_back(node.commit("g" + std::to_string(i % 7), i, "t" + std::to_string(t)));
        node.groups().list({});
      }
      for (const auto& answer : answers) EXPECT_EQ(Node::error_of(answer), GroupError::kNone);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(node.groups().stats().commits_total, kThreads * kCommits);
  EXPECT_EQ(node.groups().stats().offsets, kThreads * 7);
}

TEST(GroupCoordinator, ManyThreads_GetEveryAnswerOnce) {
  Node node;
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  commit_from_many_threads(node);
}

TEST(GroupCoordinator, FullJournal_BlocksNobodyForGood) {
  Node node;
  node.log_options().journal_pending_max_bytes = 1;
  node.kill();
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  commit_from_many_threads(node);
}

// Promise 3 for committed offsets: what was acknowledged or read is still there after a crash.
TEST(GroupCoordinator, Promise3_CommittedOffsetsSurviveCrashes) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  Node node(seed);
  ASSERT_EQ(node.prepare(), GroupError::kNone);
  std::vector<std::int64_t> sent(6, -1);
  std::vector<std::int64_t> known(6, -1);
  for (int round = 0; round < 12; ++round) {
    std::vector<std::pair<std::size_t, Pending<OffsetCommitResponse>>> answers;
    std::vector<std::int64_t> values;
    for (std::uint64_t i = 0; i < random() % 40; ++i) {
      const std::size_t group = random() % sent.size();
      values.push_back(++sent[group]);
      answers.emplace_back(group, node.commit("g" + std::to_string(group), sent[group]));
    }
    if (random() % 2 == 0 && !answers.empty()) answers[random() % answers.size()].second.get();
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const auto& [group, answer] = answers[i];
      if (answer.came() && Node::error_of(answer) == GroupError::kNone) {
        known[group] = std::max(known[group], values[i]);
      }
    }
    for (std::size_t group = 0; group < sent.size(); ++group) {
      known[group] = std::max(known[group], node.fetch("g" + std::to_string(group)));
    }
    random() % 2 == 0 ? node.kill() : node.cut_power();
    ASSERT_EQ(node.prepare(), GroupError::kNone);
    for (std::size_t group = 0; group < sent.size(); ++group) {
      const std::int64_t now = node.fetch("g" + std::to_string(group));
      EXPECT_GE(now, known[group]) << "round " << round << " group " << group;
      EXPECT_LE(now, sent[group]) << "round " << round << " group " << group;
    }
  }
  EXPECT_TRUE(node.alarms().empty());
}

}  // namespace
}  // namespace orloj::coordinator
