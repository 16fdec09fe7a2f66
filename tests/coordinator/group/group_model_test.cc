// Random operations on one group, with clients that follow the protocol badly: they are slow, they
// lose answers, they come back, the log refuses, the process is killed. After every step the
// group's own invariants hold (the harness checks them); here: what clients may rely on.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/coordinator/group/group_harness.h"

namespace orloj::coordinator {
namespace {

struct Client {
  std::optional<std::string> instance;
  std::string member_id;
  std::int32_t generation = -1;
  std::optional<Answer<JoinResponse>> joining;
  std::optional<Answer<SyncResponse>> syncing;
};

class GroupModel {
 public:
  explicit GroupModel(std::uint64_t seed) : random_(seed), clients_(5) {
    clients_[3].instance = "s3";
    clients_[4].instance = "s4";
  }

  void step() {
    Client& client = clients_[below(clients_.size())];
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
        join(client);
        break;
      case 3:
      case 4:
        sync(client);
        break;
      case 5:
        heartbeat(client);
        break;
      case 6:
        commit(client);
        break;
      case 7:
        if (below(3) == 0) harness_.leave({{client.member_id, client.instance}});
        break;
      case 8:
        harness_.pass(static_cast<std::int64_t>(below(8'000)));
        break;
      case 9:
        harness_.hold();
        break;
      case 10:
        harness_.release(below(5) == 0 ? GroupError::kCoordinatorNotAvailable : GroupError::kNone);
        break;
      default:
        if (below(20) == 0) restart();
        break;
    }
    observe();
  }

  // Everybody behaves from now on: the group must become stable with all of them.
  void settle() {
    harness_.release();
    for (int round = 0; round < 40; ++round) {
      for (auto& client : clients_) {
        if (client.joining || client.syncing) continue;
        const GroupError error = beat(client);
        if (error == GroupError::kNone) continue;
        if (error != GroupError::kRebalanceInProgress) client.member_id.clear();
        join(client);
      }
      harness_.pass(1'000);
      observe();
      for (auto& client : clients_) {
        if (!client.joining && !client.syncing && client.generation != -1) sync(client);
      }
      observe();
    }
    EXPECT_EQ(harness_.group().state(), GroupState::kStable);
    EXPECT_EQ(harness_.group().member_count(), clients_.size());
    for (auto& client : clients_) EXPECT_EQ(beat(client), GroupError::kNone);
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  GroupError beat(const Client& client) {
    JoinResponse as;
    as.member_id = client.member_id;
    as.generation_id = client.generation;
    return harness_.heartbeat(as, client.instance);
  }

  void join(Client& client) {
    Joiner joiner;
    joiner.member_id = client.member_id;
    joiner.instance = client.instance;
    joiner.requires_known_member_id = below(2) == 0;
    joiner.supports_skip_assignment = below(2) == 0;
    joiner.protocols = {{"range", std::to_string(below(2))}, {"sticky", ""}};
    if (below(2) == 0) std::swap(joiner.protocols[0], joiner.protocols[1]);
    client.syncing.reset();
    client.joining = harness_.join(joiner);
  }

  void sync(Client& client) {
    if (client.joining) return;
    SyncRequest request{"g", client.generation, client.member_id, client.instance, {}, {}, {}};
    for (const auto& member : harness_.group().describe().members) {
      request.assignments.push_back({member.member_id, bytes_of(member.member_id)});
    }
    client.syncing = harness_.sync(request);
  }

  void heartbeat(Client& client) {
    const GroupError error = beat(client);
    if (error == GroupError::kUnknownMemberId) client.member_id.clear();
  }

  void commit(Client& client) {
    JoinResponse as;
    as.member_id = client.member_id;
    as.generation_id = below(4) == 0 ? -1 : client.generation;
    auto request = GroupHarness::offset(++last_offset_, as);
    request.group_instance_id = client.instance;
    commits_.emplace_back(last_offset_, harness_.commit(request));
  }

  void restart() {
    harness_.restart();
    for (auto& client : clients_) {
      client.joining.reset();
      client.syncing.reset();
    }
    commits_.clear();
    last_generation_ = harness_.group().generation();
    EXPECT_GE(harness_.committed(), acknowledged_offset_);
  }

  void observe() {
    for (auto& client : clients_) {
      if (client.joining && client.joining->came()) take_join(client);
      if (client.syncing && client.syncing->came()) take_sync(client);
    }
    std::erase_if(commits_, [this](const auto& commit) {
      if (!commit.second.came()) return false;
      if (commit.second.get().topics[0].partitions[0].error == GroupError::kNone) {
        acknowledged_offset_ = std::max(acknowledged_offset_, commit.first);
      }
      return true;
    });
    EXPECT_GE(harness_.committed(), acknowledged_offset_);
    EXPECT_GE(harness_.group().generation(), last_generation_) << "generations never go back";
    last_generation_ = harness_.group().generation();
  }

  void take_join(Client& client) {
    const JoinResponse joined = client.joining->get();
    client.joining.reset();
    if (joined.error == GroupError::kNone || joined.error == GroupError::kMemberIdRequired) {
      client.member_id = joined.member_id;
    } else if (joined.error != GroupError::kRebalanceInProgress) {
      client.member_id.clear();
    }
    if (joined.error != GroupError::kNone) return;
    client.generation = joined.generation_id;
    if (!joined.members.empty()) {
      EXPECT_EQ(joined.leader, joined.member_id) << "only the leader is told the members";
    }
    EXPECT_TRUE(joined.protocol_name.has_value());
  }

  void take_sync(Client& client) {
    const SyncResponse synced = client.syncing->get();
    client.syncing.reset();
    if (synced.error == GroupError::kUnknownMemberId) client.member_id.clear();
    if (synced.error != GroupError::kNone || client.instance) return;
    const std::string mine = text_of(synced.assignment);
    EXPECT_TRUE(mine.empty() || mine == client.member_id) << "somebody else's assignment";
  }

  std::mt19937_64 random_;
  GroupHarness harness_;
  std::vector<Client> clients_;
  std::vector<std::pair<std::int64_t, Answer<OffsetCommitResponse>>> commits_;
  std::int64_t last_offset_ = 0;
  std::int64_t acknowledged_offset_ = -1;
  std::int32_t last_generation_ = 0;
};

TEST(GroupModel, RandomClients_NeverBreakTheGroupAndSettleOnceTheyBehave) {
  const std::uint64_t first_seed = std::random_device{}();
  for (std::uint64_t seed = first_seed; seed < first_seed + 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    GroupModel model(seed);
    for (int i = 0; i < 400 && !testing::Test::HasFailure(); ++i) model.step();
    model.settle();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace orloj::coordinator
