#include <gtest/gtest.h>

#include "tests/coordinator/group/group_harness.h"

namespace orloj::coordinator {
namespace {

Joiner as(const JoinResponse& joined) {
  return {.member_id = joined.member_id, .instance = {}};
}

Joiner fixed(const std::string& instance) {
  return {.member_id = "", .instance = instance};
}

TEST(GroupJoin, FirstMember_LeadsAfterTheInitialDelay) {
  GroupHarness harness;
  const auto answer = harness.join({});
  EXPECT_FALSE(answer.came());
  EXPECT_EQ(harness.group().state(), GroupState::kPreparingRebalance);
  harness.pass(2'999);
  EXPECT_FALSE(answer.came());
  harness.pass(1);
  const JoinResponse& joined = answer.get();
  EXPECT_EQ(joined.error, GroupError::kNone);
  EXPECT_EQ(joined.generation_id, 1);
  EXPECT_EQ(joined.leader, joined.member_id);
  EXPECT_EQ(joined.member_id, "c-1");
  EXPECT_EQ(joined.protocol_name, "range");
  EXPECT_EQ(joined.protocol_type, "consumer");
  ASSERT_EQ(joined.members.size(), 1U);
  EXPECT_EQ(text_of(joined.members[0].metadata), "r");
}

TEST(GroupJoin, LaterMembers_ExtendTheInitialDelayUpToTheRebalanceTimeout) {
  GroupHarness harness;
  const Joiner joiner{.member_id = "", .instance = {}, .rebalance_timeout_ms = 8'000};
  const auto first = harness.join(joiner);
  Answer<JoinResponse> last;
  for (int ms = 0; ms < 7'900; ms += 100) {
    if (ms % 1'000 == 500) last = harness.join(joiner);
    harness.pass(100);
    EXPECT_FALSE(first.came()) << ms;
  }
  harness.pass(100);
  EXPECT_EQ(first.get().generation_id, 1);
  EXPECT_EQ(last.get().generation_id, 1);
  EXPECT_EQ(first.get().members.size(), 9U);
}

TEST(GroupJoin, WithoutInitialDelay_CompletesAtOnce) {
  GroupOptions options;
  options.initial_rebalance_delay_ms = 0;
  GroupHarness harness(options);
  EXPECT_EQ(harness.join({}).error(), GroupError::kNone);
}

TEST(GroupJoin, FromV4_ANewMemberIsToldItsIdFirst) {
  GroupHarness harness;
  const auto told =
      harness.join({.member_id = "", .instance = {}, .requires_known_member_id = true});
  EXPECT_EQ(told.error(), GroupError::kMemberIdRequired);
  EXPECT_EQ(told.get().member_id, "c-1");
  EXPECT_EQ(harness.group().member_count(), 0U);
  const auto joined =
      harness.join({.member_id = "c-1", .instance = {}, .requires_known_member_id = true});
  harness.pass(3'000);
  EXPECT_EQ(joined.error(), GroupError::kNone);
  EXPECT_EQ(joined.get().member_id, "c-1");
}

TEST(GroupJoin, AToldIdThatIsNotUsed_ExpiresAndTheGroupIsBlank) {
  GroupHarness harness;
  harness.join({.member_id = "", .instance = {}, .requires_known_member_id = true});
  EXPECT_FALSE(harness.group().is_blank());
  harness.pass(10'000);
  EXPECT_TRUE(harness.group().is_blank());
  EXPECT_EQ(harness.join({.member_id = "c-1", .instance = {}}).error(),
            GroupError::kUnknownMemberId);
}

TEST(GroupJoin, AToldIdHoldsARebalanceUpUntilItJoins) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}});
  harness.join({.member_id = "", .instance = {}, .requires_known_member_id = true});
  const auto leader = harness.join(as(members[0]));
  EXPECT_FALSE(leader.came());
  const auto second = harness.join({.member_id = "c-2", .instance = {}});
  EXPECT_EQ(leader.get().generation_id, 2);
  EXPECT_EQ(second.get().generation_id, 2);
}

TEST(GroupJoin, BadRequests_AreRefusedWithKafkasErrors) {
  GroupHarness harness;
  const auto error = [&](const Joiner& joiner) { return harness.join(joiner).error(); };
  EXPECT_EQ(error({.member_id = "", .instance = {}, .session_timeout_ms = 5'999}),
            GroupError::kInvalidSessionTimeout);
  EXPECT_EQ(error({.member_id = "", .instance = {}, .session_timeout_ms = 1'800'001}),
            GroupError::kInvalidSessionTimeout);
  EXPECT_EQ(error({.member_id = "", .instance = {}, .protocols = {}}),
            GroupError::kInconsistentGroupProtocol);
  EXPECT_EQ(error({.member_id = "", .instance = {}, .protocol_type = ""}),
            GroupError::kInconsistentGroupProtocol);
  EXPECT_EQ(error({.member_id = "ghost", .instance = {}}), GroupError::kUnknownMemberId);
  EXPECT_EQ(error({.member_id = "", .instance = {}, .client_id = std::string(5'000, 'x')}),
            GroupError::kInvalidRequest);
  EXPECT_TRUE(harness.group().is_blank());
}

TEST(GroupJoin, MoreProtocolsOrMetadataThanTheLimits_IsRefused) {
  GroupOptions options;
  options.member_protocols_max = 2;
  options.member_metadata_max_bytes = 4;
  GroupHarness harness(options);
  const auto error = [&](std::vector<std::pair<std::string, std::string>> protocols) {
    return harness.join({.member_id = "", .instance = {}, .protocols = std::move(protocols)});
  };
  EXPECT_EQ(error({{"a", ""}, {"b", ""}, {"c", ""}}).error(), GroupError::kInvalidRequest);
  EXPECT_EQ(error({{"a", "12"}, {"b", "345"}}).error(), GroupError::kInvalidRequest);
  EXPECT_TRUE(harness.group().is_blank());
  EXPECT_FALSE(error({{"a", "12"}, {"b", "34"}}).came()) << "at the limit it waits like any other";
}

TEST(GroupJoin, PastTheLimitOfPendingMembers_NoIdIsGiven) {
  GroupOptions options;
  options.pending_members_max = 1;
  GroupHarness harness(options);
  const Joiner joiner{.member_id = "", .instance = {}, .requires_known_member_id = true};
  EXPECT_EQ(harness.join(joiner).error(), GroupError::kMemberIdRequired);
  const auto refused = harness.join(joiner);
  EXPECT_EQ(refused.error(), GroupError::kGroupMaxSizeReached);
  EXPECT_EQ(refused.get().member_id, "");
}

TEST(GroupJoin, NewMemberThatWaitsLongerThanItsLimit_IsLetGo) {
  GroupOptions options;
  options.new_member_join_timeout_ms = 20'000;
  GroupHarness harness(options);
  const Joiner slow{.member_id = "",
                    .instance = {},
                    .session_timeout_ms = 600'000,
                    .rebalance_timeout_ms = 600'000};
  harness.make_stable({slow});
  const auto waiting = harness.join({.member_id = "",
                                     .instance = {},
                                     .session_timeout_ms = 600'000,
                                     .rebalance_timeout_ms = 600'000});
  harness.pass(19'999);
  EXPECT_FALSE(waiting.came());
  harness.pass(1);
  EXPECT_EQ(waiting.error(), GroupError::kUnknownMemberId);
}

TEST(GroupJoin, WithoutACommonProtocol_IsInconsistent) {
  GroupHarness harness;
  harness.make_stable({{}});
  EXPECT_EQ(harness.join({.member_id = "", .instance = {}, .protocols = {{"other", ""}}}).error(),
            GroupError::kInconsistentGroupProtocol);
  EXPECT_EQ(harness.join({.member_id = "", .instance = {}, .protocol_type = "connect"}).error(),
            GroupError::kInconsistentGroupProtocol);
  EXPECT_EQ(harness.group().state(), GroupState::kStable);
}

TEST(GroupJoin, Protocol_IsTheOneWithMostVotesAmongTheCommon) {
  GroupHarness harness;
  const auto a = harness.join(
      {.member_id = "", .instance = {}, .protocols = {{"x", ""}, {"sticky", ""}, {"range", ""}}});
  const auto b =
      harness.join({.member_id = "", .instance = {}, .protocols = {{"range", ""}, {"sticky", ""}}});
  const auto c =
      harness.join({.member_id = "", .instance = {}, .protocols = {{"sticky", ""}, {"range", ""}}});
  harness.pass(3'000);
  harness.pass(3'000);
  EXPECT_EQ(a.get().protocol_name, "sticky");
  EXPECT_EQ(b.get().protocol_name, "sticky");
  EXPECT_EQ(c.get().protocol_name, "sticky");
}

TEST(GroupJoin, PastGroupMaxSize_IsRefused) {
  GroupOptions options;
  options.members_max = 2;
  GroupHarness harness(options);
  const auto members = harness.make_stable({{}, {}});
  EXPECT_EQ(harness.join({}).error(), GroupError::kGroupMaxSizeReached);
  EXPECT_EQ(harness.group().state(), GroupState::kStable);
  EXPECT_EQ(harness.heartbeat(members[1]), GroupError::kNone);
}

TEST(GroupJoin, FollowerThatJoinsAgainUnchanged_KeepsTheGeneration) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}, {}});
  const auto again = harness.join(as(members[1]));
  EXPECT_EQ(again.get().generation_id, 1);
  EXPECT_TRUE(again.get().members.empty());
  EXPECT_EQ(harness.group().state(), GroupState::kStable);
}

TEST(GroupJoin, LeaderOrNewSubscription_StartsARebalance) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}, {}});
  const auto leader = harness.join(as(members[0]));
  EXPECT_EQ(harness.group().state(), GroupState::kPreparingRebalance);
  EXPECT_EQ(harness.heartbeat(members[1]), GroupError::kRebalanceInProgress);
  Joiner changed = as(members[1]);
  changed.protocols = {{"range", "new"}};
  const auto follower = harness.join(changed);
  EXPECT_EQ(leader.get().generation_id, 2);
  EXPECT_EQ(leader.get().members.size(), 2U);
  EXPECT_TRUE(follower.get().members.empty());
}

TEST(GroupJoin, LostAnswer_IsGivenAgainWithoutANewGeneration) {
  GroupHarness harness;
  const auto joined = harness.join({});
  harness.pass(3'000);
  const auto again = harness.join(as(joined.get()));
  EXPECT_EQ(again.get().generation_id, 1);
  EXPECT_EQ(again.get().members.size(), 1U);
  EXPECT_EQ(harness.group().state(), GroupState::kCompletingRebalance);
}

TEST(GroupJoin, SecondTryOfOneClient_ReplacesTheFirst) {
  GroupHarness harness;
  const auto members = harness.make_stable({{}, {}});
  const auto first = harness.join(as(members[0]));
  const auto second = harness.join(as(members[0]));
  EXPECT_EQ(first.error(), GroupError::kRebalanceInProgress);
  EXPECT_FALSE(second.came());
}

TEST(GroupStatic, RestartedMember_TakesItsPlaceWithoutARebalance) {
  GroupHarness harness;
  const auto members = harness.make_stable({fixed("a"), fixed("b")});
  Joiner again = fixed("b");
  again.supports_skip_assignment = true;
  const auto back = harness.join(again);
  EXPECT_EQ(back.error(), GroupError::kNone);
  EXPECT_EQ(back.get().generation_id, 1);
  EXPECT_NE(back.get().member_id, members[1].member_id);
  EXPECT_EQ(harness.group().state(), GroupState::kStable);
  EXPECT_EQ(text_of(harness.sync(back.get()).get().assignment), members[1].member_id);
  EXPECT_EQ(harness.heartbeat(members[1], "b"), GroupError::kFencedInstanceId);
  EXPECT_EQ(harness.heartbeat(back.get(), "b"), GroupError::kNone);
}

TEST(GroupStatic, RestartedLeader_FromV9IsToldToSkipTheAssignment) {
  GroupHarness harness;
  harness.make_stable({fixed("a"), fixed("b")});
  Joiner again = fixed("a");
  again.supports_skip_assignment = true;
  const auto back = harness.join(again);
  EXPECT_TRUE(back.get().skip_assignment);
  EXPECT_EQ(back.get().leader, back.get().member_id);
  EXPECT_EQ(back.get().members.size(), 2U);
}

TEST(GroupStatic, RestartedLeader_BelowV9IsToldTheFormerLeader) {
  GroupHarness harness;
  const auto members = harness.make_stable({fixed("a"), fixed("b")});
  const auto back = harness.join(fixed("a"));
  EXPECT_FALSE(back.get().skip_assignment);
  EXPECT_EQ(back.get().leader, members[0].member_id);
  EXPECT_TRUE(back.get().members.empty());
}

TEST(GroupStatic, ReplacementThatCannotBeStored_IsTakenBack) {
  GroupHarness harness;
  const auto members = harness.make_stable({fixed("a")});
  harness.hold();
  const auto back = harness.join(fixed("a"));
  EXPECT_FALSE(back.came());
  harness.release(GroupError::kCoordinatorNotAvailable);
  EXPECT_EQ(back.error(), GroupError::kCoordinatorNotAvailable);
  EXPECT_EQ(harness.heartbeat(members[0], "a"), GroupError::kNone);
}

TEST(GroupStatic, WaitingFormerSelf_IsFenced) {
  GroupHarness harness;
  const auto first = harness.join(fixed("a"));
  const auto second = harness.join(fixed("a"));
  EXPECT_EQ(first.error(), GroupError::kFencedInstanceId);
  harness.pass(3'000);
  harness.pass(3'000);
  EXPECT_EQ(second.get().generation_id, 1);
}

TEST(GroupStatic, WrongMemberIdForAnInstance_IsFenced) {
  GroupHarness harness;
  harness.make_stable({fixed("a")});
  Joiner stale = fixed("a");
  stale.member_id = "other";
  EXPECT_EQ(harness.join(stale).error(), GroupError::kFencedInstanceId);
  stale.instance = "unknown";
  EXPECT_EQ(harness.join(stale).error(), GroupError::kUnknownMemberId);
}

TEST(GroupStatic, RestartWithOtherProtocol_Rebalances) {
  GroupHarness harness;
  harness.make_stable({{.member_id = "", .instance = "a", .protocols = {{"x", ""}, {"y", ""}}}});
  const auto back =
      harness.join({.member_id = "", .instance = "a", .protocols = {{"y", ""}, {"x", ""}}});
  EXPECT_EQ(back.get().generation_id, 2);
  EXPECT_EQ(back.get().protocol_name, "y");
}

TEST(GroupStatic, AbsentStaticMember_KeepsItsPlaceThroughARebalance) {
  GroupHarness harness;
  const auto members = harness.make_stable({fixed("a"), fixed("b")});
  Joiner leader = fixed("a");
  leader.member_id = members[0].member_id;
  leader.session_timeout_ms = 600'000;
  const auto rejoined = harness.join(leader);
  harness.heartbeat(members[1], "b");
  for (int i = 0; i < 7; ++i) {
    harness.pass(9'000);
    if (!rejoined.came()) harness.heartbeat(members[1], "b");
  }
  EXPECT_EQ(rejoined.get().members.size(), 2U);
  EXPECT_EQ(harness.group().member_count(), 2U);
}

}  // namespace
}  // namespace orloj::coordinator
