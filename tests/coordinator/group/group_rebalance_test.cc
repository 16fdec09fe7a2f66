#include <gtest/gtest.h>

#include "tests/coordinator/group/group_harness.h"

namespace orloj::coordinator {
namespace {

Joiner as(const JoinResponse& joined) {
  return {.member_id = joined.member_id, .instance = {}};
}

TEST(GroupSync, Followers_WaitForTheLeadersAssignmentToBeDurable) {
  GroupHarness harness;
  const auto a = harness.join({});
  const auto b = harness.join({});
  harness.pass(3'000);
  harness.pass(3'000);
  const auto follower = harness.sync(b.get());
  EXPECT_FALSE(follower.came());
  harness.hold();
  const auto leader = harness.sync(
      a.get(), {{a.get().member_id, "A"}, {b.get().member_id, "B"}, {"stranger", "S"}});
  EXPECT_FALSE(leader.came());
  EXPECT_EQ(harness.group().state(), GroupState::kCompletingRebalance);
  harness.release();
  EXPECT_EQ(text_of(leader.get().assignment), "A");
  EXPECT_EQ(text_of(follower.get().assignment), "B");
  EXPECT_EQ(follower.get().protocol_name, "range");
  EXPECT_EQ(harness.group().state(), GroupState::kStable);
}

TEST(GroupSync, AssignmentThatCannotBeStored_StartsAgain) {
  GroupHarness harness;
  const auto a = harness.join({});
  harness.pass(3'000);
  harness.hold();
  const auto leader = harness.sync(a.get(), {{a.get().member_id, "A"}});
  harness.release(GroupError::kCoordinatorNotAvailable);
  EXPECT_EQ(leader.error(), GroupError::kCoordinatorNotAvailable);
  EXPECT_EQ(harness.group().state(), GroupState::kPreparingRebalance);
  EXPECT_EQ(harness.join(as(a.get())).get().generation_id, 2);
}

TEST(GroupSync, JoinWhileTheAssignmentIsStored_VoidsIt) {
  GroupHarness harness;
  const auto a = harness.join({});
  harness.pass(3'000);
  harness.hold();
  const auto leader = harness.sync(a.get(), {{a.get().member_id, "A"}});
  harness.join({});
  EXPECT_EQ(leader.error(), GroupError::kRebalanceInProgress);
  harness.release();
  EXPECT_EQ(harness.group().state(), GroupState::kPreparingRebalance);
}

TEST(GroupSync, Stable_AnswersTheStoredAssignment) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}, {}});
  EXPECT_EQ(text_of(harness.sync(members[1]).get().assignment), members[1].member_id);
}

TEST(GroupSync, MemberWithoutAssignment_GetsAnEmptyOne) {
  GroupHarness harness;
  const auto a = harness.join({});
  harness.pass(3'000);
  const auto answer = harness.sync(a.get());
  EXPECT_EQ(answer.error(), GroupError::kNone);
  EXPECT_TRUE(answer.get().assignment.empty());
}

TEST(GroupSync, WrongGenerationMemberOrProtocol_IsRefused) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}});
  JoinResponse wrong = members[0];
  wrong.generation_id = 7;
  EXPECT_EQ(harness.sync(wrong).error(), GroupError::kIllegalGeneration);
  wrong = members[0];
  wrong.member_id = "ghost";
  EXPECT_EQ(harness.sync(wrong).error(), GroupError::kUnknownMemberId);
  SyncRequest request{"g", 1, members[0].member_id, {}, "connect", {}, {}};
  EXPECT_EQ(harness.sync(request).error(), GroupError::kInconsistentGroupProtocol);
  request.protocol_type = "consumer";
  request.protocol_name = "sticky";
  EXPECT_EQ(harness.sync(request).error(), GroupError::kInconsistentGroupProtocol);
  harness.join(as(members[0]));
  request.protocol_name = "range";
  request.generation_id = 2;
  EXPECT_EQ(harness.sync(request).error(), GroupError::kNone);
}

TEST(GroupSync, AssignmentOverTheLimit_IsRefused) {
  GroupOptions options;
  options.assignment_max_bytes = 4;
  GroupHarness harness(options);
  const auto a = harness.join({});
  harness.pass(3'000);
  EXPECT_EQ(harness.sync(a.get(), {{a.get().member_id, "12345"}}).error(),
            GroupError::kInvalidRequest);
  EXPECT_EQ(text_of(harness.sync(a.get(), {{a.get().member_id, "1234"}}).get().assignment), "1234");
}

TEST(GroupSync, WhileARebalanceIsPrepared_IsSentBack) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}, {}});
  harness.join(as(members[0]));
  EXPECT_EQ(harness.sync(members[1]).error(), GroupError::kRebalanceInProgress);
}

TEST(GroupSync, MemberThatNeverSyncs_IsOutAfterTheRebalanceTimeout) {
  GroupHarness harness;
  const auto slow = Joiner{.member_id = "", .instance = {}, .session_timeout_ms = 600'000};
  const auto a = harness.join(slow);
  const auto b = harness.join(slow);
  harness.pass(3'000);
  harness.pass(3'000);
  const auto leader = harness.sync(a.get());
  EXPECT_EQ(harness.group().state(), GroupState::kStable);
  harness.pass(60'000);
  EXPECT_EQ(harness.group().state(), GroupState::kPreparingRebalance);
  EXPECT_EQ(harness.heartbeat(b.get()), GroupError::kUnknownMemberId);
  EXPECT_EQ(harness.join(as(a.get())).get().members.size(), 1U);
}

TEST(GroupHeartbeat, FollowsTheState) {
  GroupHarness harness;
  EXPECT_EQ(harness.heartbeat({}), GroupError::kUnknownMemberId);
  const auto a = harness.join({});
  harness.pass(3'000);
  EXPECT_EQ(harness.heartbeat(a.get()), GroupError::kNone);
  harness.sync(a.get());
  EXPECT_EQ(harness.heartbeat(a.get()), GroupError::kNone);
  JoinResponse old = a.get();
  old.generation_id = 0;
  EXPECT_EQ(harness.heartbeat(old), GroupError::kIllegalGeneration);
  harness.join({});
  EXPECT_EQ(harness.heartbeat(a.get()), GroupError::kRebalanceInProgress);
}

TEST(GroupHeartbeat, SilenceBeyondTheSession_RemovesTheMember) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}, {}});
  harness.pass(9'999);
  harness.heartbeat(members[0]);
  harness.pass(1);
  EXPECT_EQ(harness.heartbeat(members[1]), GroupError::kUnknownMemberId);
  EXPECT_EQ(harness.heartbeat(members[0]), GroupError::kRebalanceInProgress);
  EXPECT_EQ(harness.join(as(members[0])).get().generation_id, 2);
}

TEST(GroupHeartbeat, LastMemberSilent_LeavesTheGroupEmptyAndStored) {
  GroupHarness harness;
  harness.make_stable({{}});
  harness.pass(10'000);
  EXPECT_EQ(harness.group().state(), GroupState::kEmpty);
  EXPECT_EQ(harness.group().generation(), 2);
  const auto last = decode_group_value(*harness.log().back().value).value();
  EXPECT_EQ(last.generation, 2);
  EXPECT_TRUE(last.members.empty());
  EXPECT_EQ(last.protocol_type, "consumer");
}

TEST(GroupHeartbeat, WaitingForTheOthers_IsNoSilence) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}, {}});
  const auto waiting = harness.join(as(members[0]));
  for (int i = 0; i < 5; ++i) {
    harness.heartbeat(members[1]);
    harness.pass(9'000);
  }
  EXPECT_FALSE(waiting.came());
  EXPECT_EQ(harness.group().member_count(), 2U);
}

TEST(GroupRebalance, MemberThatDoesNotJoinAgain_IsOutAfterTheTimeout) {
  GroupHarness harness;
  const auto slow = Joiner{.member_id = "", .instance = {}, .session_timeout_ms = 600'000};
  const auto members = harness.make_stable({slow, slow});
  const auto leader = harness.join(as(members[0]));
  harness.pass(59'999);
  EXPECT_FALSE(leader.came());
  harness.pass(1);
  EXPECT_EQ(leader.get().generation_id, 2);
  EXPECT_EQ(leader.get().members.size(), 1U);
}

TEST(GroupRebalance, LeaderThatDoesNotJoinAgain_IsReplaced) {
  GroupHarness harness;
  const auto slow = Joiner{.member_id = "", .instance = {}, .session_timeout_ms = 600'000};
  const auto members = harness.make_stable({slow, slow});
  Joiner changed = as(members[1]);
  changed.protocols = {{"range", "new"}};
  const auto follower = harness.join(changed);
  harness.pass(60'000);
  EXPECT_EQ(follower.get().leader, members[1].member_id);
  EXPECT_EQ(follower.get().members.size(), 1U);
}

TEST(GroupLeave, Member_StartsARebalanceForTheOthers) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}, {}});
  const auto left = harness.leave({{members[0].member_id, {}}});
  EXPECT_EQ(left.get().members[0].error, GroupError::kNone);
  EXPECT_EQ(harness.heartbeat(members[1]), GroupError::kRebalanceInProgress);
  EXPECT_EQ(harness.join(as(members[1])).get().leader, members[1].member_id);
}

TEST(GroupLeave, LastMember_IsAnsweredWhenTheEmptyGroupIsDurable) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}});
  harness.hold();
  const auto left = harness.leave({{members[0].member_id, {}}});
  EXPECT_FALSE(left.came());
  harness.release();
  EXPECT_EQ(left.error(), GroupError::kNone);
  EXPECT_EQ(harness.group().state(), GroupState::kEmpty);
}

TEST(GroupLeave, Batch_AnswersEachMember) {
  GroupHarness harness;
  const auto members = harness.make_stable(
      {{.member_id = "", .instance = "a"}, {.member_id = "", .instance = "b"}, {}});
  const auto left = harness.leave(
      {{"", "a"}, {"ghost", {}}, {"wrong", "b"}, {"", "nobody"}, {members[2].member_id, {}}});
  std::vector<GroupError> errors;
  for (const auto& member : left.get().members) errors.push_back(member.error);
  EXPECT_EQ(errors, (std::vector{GroupError::kNone, GroupError::kUnknownMemberId,
                                 GroupError::kFencedInstanceId, GroupError::kUnknownMemberId,
                                 GroupError::kNone}));
  EXPECT_EQ(harness.group().member_count(), 1U);
}

TEST(GroupLeave, WaitingMember_IsAnsweredAndGone) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}, {}});
  const auto waiting = harness.join(as(members[0]));
  harness.leave({{members[0].member_id, {}}});
  EXPECT_EQ(waiting.error(), GroupError::kUnknownMemberId);
}

TEST(GroupLeave, AToldId_IsForgotten) {
  GroupHarness harness;
  harness.join({.member_id = "", .instance = {}, .requires_known_member_id = true});
  EXPECT_EQ(harness.leave({{"c-1", {}}}).get().members[0].error, GroupError::kNone);
  EXPECT_TRUE(harness.group().is_blank());
}

TEST(GroupRestart, StableGroup_ComesBackWithMembersAndAssignment) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}, {.member_id = "", .instance = "b"}});
  harness.restart();
  EXPECT_EQ(harness.group().state(), GroupState::kStable);
  EXPECT_EQ(harness.group().generation(), 1);
  EXPECT_EQ(harness.heartbeat(members[0]), GroupError::kNone);
  EXPECT_EQ(harness.heartbeat(members[1], "b"), GroupError::kNone);
  SyncRequest request{"g", 1, members[1].member_id, "b", {}, {}, {}};
  EXPECT_EQ(text_of(harness.sync(request).get().assignment), members[1].member_id);
}

TEST(GroupRestart, SilentMembers_ExpireAfterwards) {
  GroupHarness harness;
  harness.make_stable({{}});
  harness.restart();
  harness.pass(10'000);
  EXPECT_EQ(harness.group().state(), GroupState::kEmpty);
}

TEST(GroupRestart, WithALowerMaxSize_SendsTheSurplusAway) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}, {}});
  harness.options().members_max = 1;
  harness.restart();
  const auto first = harness.join(as(members[0]));
  EXPECT_EQ(harness.join(as(members[1])).error(), GroupError::kGroupMaxSizeReached);
  EXPECT_EQ(first.get().members.size(), 1U);
}

TEST(GroupDescribe, ShowsSubscriptionAndAssignmentOnlyWhileStable) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}});
  auto described = harness.group().describe();
  EXPECT_EQ(described.state, GroupState::kStable);
  EXPECT_EQ(described.protocol_name, "range");
  ASSERT_EQ(described.members.size(), 1U);
  EXPECT_EQ(text_of(described.members[0].metadata), "r");
  EXPECT_EQ(text_of(described.members[0].assignment), members[0].member_id);
  EXPECT_EQ(described.members[0].client_host, "/127.0.0.1");
  harness.join({});
  described = harness.group().describe();
  EXPECT_EQ(described.protocol_name, "");
  EXPECT_TRUE(described.members[0].metadata.empty());
}

TEST(GroupClose, AnswersWhoWaits) {
  GroupHarness harness;
  const auto waiting = harness.join({});
  harness.run([](Group& group, const Now&, Decision& out) { group.close(out); });
  EXPECT_EQ(waiting.error(), GroupError::kCoordinatorNotAvailable);
  EXPECT_EQ(harness.join({}).error(), GroupError::kCoordinatorNotAvailable);
}

}  // namespace
}  // namespace orloj::coordinator
