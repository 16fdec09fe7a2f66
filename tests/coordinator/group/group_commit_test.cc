#include <gtest/gtest.h>

#include "tests/coordinator/group/group_harness.h"

namespace orloj::coordinator {
namespace {

GroupError first_error(const Answer<OffsetCommitResponse>& answer) {
  return answer.get().topics.at(0).partitions.at(0).error;
}

std::int64_t expire(GroupHarness& harness) {
  std::int64_t expired = 0;
  harness.run(
      [&](Group& group, const Now& now, Decision& out) { expired = group.expire(now, out); });
  return expired;
}

// The subscription of the "consumer" protocol type to one topic.
std::string subscription(const std::string& topic) {
  std::string text("\0\0\0\0\0\1\0", 7);
  text.push_back(static_cast<char>(topic.size()));
  return text + topic + std::string(4, '\xff');
}

TEST(GroupCommit, SimpleConsumer_NeedsNoMember) {
  GroupHarness harness;
  EXPECT_EQ(first_error(harness.commit(GroupHarness::offset(42))), GroupError::kNone);
  const auto fetched = harness.group().offsets().fetch("t", 0).committed;
  EXPECT_EQ(fetched.offset, 42);
  EXPECT_EQ(fetched.leader_epoch, 5);
  EXPECT_EQ(fetched.metadata, "note");
  EXPECT_EQ(harness.group().offsets().fetch("t", 1).committed.offset, -1);
}

TEST(GroupCommit, ReadersSeeIt_OnlyWhenItIsDurable) {
  GroupHarness harness;
  harness.commit(GroupHarness::offset(1));
  harness.hold();
  const auto answer = harness.commit(GroupHarness::offset(2));
  EXPECT_FALSE(answer.came());
  EXPECT_EQ(harness.committed(), 1);
  harness.release();
  EXPECT_EQ(first_error(answer), GroupError::kNone);
  EXPECT_EQ(harness.committed(), 2);
}

TEST(GroupCommit, RefusedByTheLog_ChangesNothing) {
  GroupHarness harness;
  harness.hold();
  const auto answer = harness.commit(GroupHarness::offset(2));
  harness.release(GroupError::kCoordinatorNotAvailable);
  EXPECT_EQ(first_error(answer), GroupError::kCoordinatorNotAvailable);
  EXPECT_EQ(harness.committed(), -1);
  EXPECT_TRUE(harness.group().is_blank());
}

TEST(GroupCommit, WhileThereAreMembers_OnlyTheyMayCommit) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}});
  const auto error = [&](const OffsetCommitRequest& request) {
    return first_error(harness.commit(request));
  };
  EXPECT_EQ(error(GroupHarness::offset(1)), GroupError::kUnknownMemberId);
  EXPECT_EQ(error(GroupHarness::offset(1, members[0])), GroupError::kNone);
  JoinResponse wrong = members[0];
  wrong.generation_id = 9;
  EXPECT_EQ(error(GroupHarness::offset(1, wrong)), GroupError::kIllegalGeneration);
  wrong = members[0];
  wrong.member_id = "ghost";
  EXPECT_EQ(error(GroupHarness::offset(1, wrong)), GroupError::kUnknownMemberId);
  auto fenced = GroupHarness::offset(1, members[0]);
  fenced.group_instance_id = "x";
  EXPECT_EQ(error(fenced), GroupError::kUnknownMemberId);
}

TEST(GroupCommit, BetweenJoinAndSync_IsSentBack) {
  GroupHarness harness;
  const auto joined = harness.join({});
  harness.pass(3'000);
  EXPECT_EQ(first_error(harness.commit(GroupHarness::offset(1, joined.get()))),
            GroupError::kRebalanceInProgress);
}

TEST(GroupCommit, WhileARebalanceIsPrepared_IsStillTaken) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}, {}});
  harness.join({.member_id = members[0].member_id, .instance = {}});
  EXPECT_EQ(first_error(harness.commit(GroupHarness::offset(8, members[1]))), GroupError::kNone);
  EXPECT_EQ(harness.committed(), 8);
}

TEST(GroupCommit, KeepsTheMemberAlive) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}});
  for (int i = 0; i < 3; ++i) {
    harness.pass(9'000);
    harness.commit(GroupHarness::offset(i, members[0]));
  }
  EXPECT_EQ(harness.group().member_count(), 1U);
}

TEST(GroupCommit, TooMuchMetadata_RefusesThatPartitionAlone) {
  GroupHarness harness;
  auto request = GroupHarness::offset(1);
  request.topics[0].partitions.push_back({1, {7, -1, std::string(4'097, 'x')}});
  const auto answer = harness.commit(request);
  EXPECT_EQ(answer.get().topics[0].partitions[0].error, GroupError::kNone);
  EXPECT_EQ(answer.get().topics[0].partitions[1].error, GroupError::kOffsetMetadataTooLarge);
  EXPECT_EQ(harness.group().offsets().fetch("t", 1).committed.offset, -1);
}

TEST(GroupCommit, PastTheLimitOfOffsets_OnlyKnownPartitionsAreTaken) {
  GroupOptions options;
  options.offsets_per_group_max = 1;
  GroupHarness harness(options);
  harness.commit(GroupHarness::offset(1));
  EXPECT_EQ(first_error(harness.commit(GroupHarness::offset(1, {}, "u"))),
            GroupError::kInvalidCommitOffsetSize);
  EXPECT_EQ(first_error(harness.commit(GroupHarness::offset(2))), GroupError::kNone);
}

TEST(GroupCommit, SurvivesARestart) {
  GroupHarness harness;
  harness.commit(GroupHarness::offset(1));
  harness.commit(GroupHarness::offset(2));
  harness.commit(GroupHarness::offset(3, {}, "u"));
  harness.restart();
  EXPECT_EQ(harness.committed(), 2);
  EXPECT_EQ(harness.committed("u"), 3);
  EXPECT_EQ(harness.group().offsets().fetch_all().topics.size(), 2U);
}

TEST(GroupExpire, SimpleConsumersOffset_GoesByItsOwnAge) {
  GroupHarness harness;
  harness.commit(GroupHarness::offset(1));
  harness.pass(harness.options().offsets_retention_ms - 1);
  EXPECT_EQ(expire(harness), 0);
  harness.pass(1);
  EXPECT_EQ(expire(harness), 1);
  EXPECT_EQ(harness.group().state(), GroupState::kDead);
  harness.restart();
  EXPECT_EQ(harness.committed(), -1);
}

TEST(GroupExpire, OffsetsOfMembers_StayWhileTheyAreSubscribedOrUnknown) {
  GroupHarness harness;
  const auto members = harness.make_stable({{.member_id = "",
                                             .instance = {},
                                             .protocols = {{"range", subscription("t")}},
                                             .session_timeout_ms = 1'800'000}});
  harness.commit(GroupHarness::offset(1, members[0]));
  harness.commit(GroupHarness::offset(1, members[0], "old"));
  harness.now().wall_ms += 2 * harness.options().offsets_retention_ms;
  EXPECT_EQ(expire(harness), 1);
  EXPECT_EQ(harness.committed(), 1);
  EXPECT_EQ(harness.committed("old"), -1);
}

TEST(GroupExpire, EmptyGroup_CountsFromWhenItBecameEmpty) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}});
  harness.commit(GroupHarness::offset(1, members[0]));
  harness.now().wall_ms += 2 * harness.options().offsets_retention_ms;
  harness.leave({{members[0].member_id, {}}});
  EXPECT_EQ(expire(harness), 0);
  harness.now().wall_ms += harness.options().offsets_retention_ms;
  EXPECT_EQ(expire(harness), 1);
  EXPECT_EQ(harness.group().state(), GroupState::kDead);
}

TEST(GroupExpire, OwnRetentionOfACommit_Rules) {
  GroupHarness harness;
  auto request = GroupHarness::offset(1);
  request.retention_ms = 5;
  harness.commit(request);
  harness.restart();
  harness.pass(5);
  EXPECT_EQ(expire(harness), 1);
}

TEST(GroupExpire, NeverOvertakesACommitOnItsWay) {
  GroupHarness harness;
  harness.commit(GroupHarness::offset(1));
  harness.pass(2 * harness.options().offsets_retention_ms);
  harness.hold();
  harness.commit(GroupHarness::offset(2));
  EXPECT_EQ(expire(harness), 0);
  harness.release();
  EXPECT_EQ(harness.committed(), 2);
}

TEST(GroupRemove, EmptyGroup_LeavesNothingBehindInTheLog) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}});
  harness.commit(GroupHarness::offset(1, members[0]));
  std::optional<GroupError> answer;
  const auto remove = [&] {
    harness.run([&](Group& group, const Now&, Decision& out) {
      group.remove([&](GroupError error) { answer = error; }, out);
    });
  };
  remove();
  EXPECT_EQ(answer, GroupError::kNonEmptyGroup);
  harness.leave({{members[0].member_id, {}}});
  remove();
  EXPECT_EQ(answer, GroupError::kNone);
  harness.restart();
  EXPECT_TRUE(harness.group().is_blank());
  EXPECT_EQ(harness.group().offsets().size(), 0U);
}

TEST(GroupRemove, RefusedByTheLog_KeepsTheGroup) {
  GroupHarness harness;
  harness.commit(GroupHarness::offset(1));
  harness.hold();
  std::optional<GroupError> answer;
  harness.run([&](Group& group, const Now&, Decision& out) {
    group.remove([&](GroupError error) { answer = error; }, out);
  });
  EXPECT_EQ(first_error(harness.commit(GroupHarness::offset(2))),
            GroupError::kCoordinatorNotAvailable);
  harness.release(GroupError::kCoordinatorNotAvailable);
  EXPECT_EQ(answer, GroupError::kCoordinatorNotAvailable);
  EXPECT_EQ(harness.group().state(), GroupState::kEmpty);
  EXPECT_EQ(harness.committed(), 1);
}

TEST(GroupOffsetDelete, SparesWhatMembersSubscribeTo) {
  GroupHarness harness;
  const auto members = harness.make_stable(
      {{.member_id = "", .instance = {}, .protocols = {{"range", subscription("t")}}}});
  harness.commit(GroupHarness::offset(1, members[0]));
  harness.commit(GroupHarness::offset(1, members[0], "u"));
  Answer<OffsetDeleteResponse> answer;
  harness.run([&](Group& group, const Now&, Decision& out) {
    group.delete_offsets({"g", {{"t", {0}}, {"u", {0}}}}, answer.callback(), out);
  });
  EXPECT_EQ(answer.get().topics[0].partitions[0].error, GroupError::kGroupSubscribedToTopic);
  EXPECT_EQ(answer.get().topics[1].partitions[0].error, GroupError::kNone);
  EXPECT_EQ(harness.committed(), 1);
  EXPECT_EQ(harness.committed("u"), -1);
}

TEST(GroupOffsetDelete, BeforeTheFirstRebalanceMembersMayReadAnything) {
  GroupHarness harness;
  harness.commit(GroupHarness::offset(1));
  harness.join({.member_id = "", .instance = {}, .protocols = {{"range", "?"}}});
  Answer<OffsetDeleteResponse> answer;
  harness.run([&](Group& group, const Now&, Decision& out) {
    group.delete_offsets({"g", {{"t", {0}}}}, answer.callback(), out);
  });
  EXPECT_EQ(answer.get().error, GroupError::kNone);
  EXPECT_EQ(answer.get().topics[0].partitions[0].error, GroupError::kGroupSubscribedToTopic);
  EXPECT_EQ(harness.committed(), 1);
}

TEST(GroupOffsetDelete, OfWhatIsNotCommittedWritesNothing) {
  GroupHarness harness;
  harness.commit(GroupHarness::offset(1));
  Answer<OffsetDeleteResponse> answer;
  std::size_t records = 0;
  harness.run([&](Group& group, const Now&, Decision& out) {
    group.delete_offsets({"g", {{"t", {0, 0, 7}}, {"u", {0}}}}, answer.callback(), out);
    records = out.records.size();
  });
  EXPECT_EQ(records, 1U);
  EXPECT_EQ(answer.get().topics[0].partitions[2].error, GroupError::kNone);
  EXPECT_EQ(answer.get().topics[1].partitions[0].error, GroupError::kNone);
  EXPECT_EQ(harness.committed(), -1);
}

TEST(GroupForgetTopic, DropsItsOffsetsAlsoThoseOnTheirWay) {
  GroupHarness harness;
  harness.commit(GroupHarness::offset(1, {}, "u"));
  harness.hold();
  harness.commit(GroupHarness::offset(1));
  harness.run([](Group& group, const Now&, Decision& out) { group.forget_topic("t", out); });
  harness.release();
  EXPECT_EQ(harness.committed(), -1);
  EXPECT_EQ(harness.committed("u"), 1);
  harness.restart();
  EXPECT_EQ(harness.committed(), -1);
}

}  // namespace
}  // namespace orloj::coordinator
