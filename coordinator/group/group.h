// One consumer group of Kafka's classic protocol as a pure state machine: it decides what to append
// and what to answer, and never looks at a clock or a log.
//
//   Empty ──join──▶ PreparingRebalance ──all rejoined, or time-out──▶ CompletingRebalance
//     ▲                  ▲      │                                          │ leader's SyncGroup
//     │                  │      └──nobody left──▶ Empty                    ▼ is durable
//     └──────────────────┴───────join, leave, time-out──────────────── Stable
//
// What must outlive a crash (members and assignment of a stable generation, offsets) is a record;
// it counts once Decision::stored is told. Who waits for what is forgotten at a restart: clients
// join again. Behaviour follows Kafka 4.3.
// Not thread-safe: the shard's mutex guards it. Callbacks inside Decision may outlive a call only
// as long as the group lives.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/group/decision.h"
#include "coordinator/group/group_member.h"
#include "coordinator/group/group_offsets.h"
#include "coordinator/group/group_records.h"
#include "coordinator/group/group_types.h"
#include "coordinator/options.h"

namespace orloj::coordinator {

struct JoinCall {
  JoinRequest request;
  std::string unique_suffix;  // a fresh UUID, for a new member's id
  JoinDone done;
};

class Group {
 public:
  // `options` outlives the group.
  Group(std::string id, const GroupOptions& options, const Now& now);

  void join(const Now& now, JoinCall call, Decision& out);
  void sync(const Now& now, SyncRequest request, SyncDone done, Decision& out);
  GroupError heartbeat(const Now& now, const HeartbeatRequest& request);
  void leave(const Now& now, const LeaveRequest& request, LeaveDone done, Decision& out);
  void commit(const Now& now, const OffsetCommitRequest& request, CommitDone done, Decision& out);
  void delete_offsets(const OffsetDeleteRequest& request, OffsetDeleteDone done, Decision& out);
  // The group becomes kDead at once, and may be dropped when the tombstones are durable.
  void remove(DeleteDone done, Decision& out);
  void forget_topic(const std::string& topic, Decision& out);
  void forget_unknown_topics(
      const std::function<bool(std::string_view name, const log::TopicId& id)>& exists,
      Decision& out);

  // Time-outs that are due; the next one (a lower bound; kNever: none).
  void on_time(const Now& now, Decision& out);
  std::int64_t next_deadline_boot_ms() const { return next_deadline_boot_ms_; }
  // Offsets past their retention; then the group itself when nothing is left. Returns how many
  // offsets go.
  std::int64_t expire(const Now& now, Decision& out);

  // Loading: records in log order, then on_loaded() once.
  void apply(const OffsetKey& key, const std::optional<OffsetValue>& value);
  void apply(const GroupValue& value);
  void on_loaded(const Now& now, Decision& out);

  // The coordinator stops: whoever waits is told kCoordinatorNotAvailable; the group is kDead.
  void close(Decision& out);

  const std::string& id() const { return id_; }
  GroupState state() const { return state_; }
  std::int32_t generation() const { return generation_; }
  std::size_t member_count() const { return members_.size(); }
  std::size_t pending_member_count() const { return pending_members_.size(); }
  std::int64_t rebalances() const { return rebalances_; }
  // Made by a request that came to nothing: no member, no offset, no record.
  bool is_blank() const;
  DescribedGroup describe() const;
  ListedGroup list() const { return {id_, protocol_type_, state_}; }
  const GroupOffsets& offsets() const { return offsets_; }

  // Aborts the process when the state contradicts itself. For tests and simulation.
  void check_invariants() const;

 private:
  enum class JoinTimer : std::uint8_t { kNone, kInitialDelay, kRebalance };
  using Members = std::map<std::string, GroupMember>;

  // group.cc
  GroupMember* find_member(const std::string& member_id);
  GroupError check_member(const std::string& member_id,
                          const std::optional<std::string>& instance_id) const;
  void add_member(const Now& now, GroupMember member);
  void remove_member(const std::string& member_id, Decision& out);
  void touch(const Now& now, GroupMember& member);
  void remind(std::int64_t deadline_boot_ms);
  void transition_to(GroupState state);
  bool supports(const std::string& protocol_type,
                const std::vector<MemberProtocol>& protocols) const;
  std::string select_protocol() const;
  std::int32_t rebalance_timeout_ms() const;
  std::size_t awaiting_join_count() const;
  std::set<std::string> common_protocols() const;
  GroupRecord metadata_record(const Now& now,
                              const std::map<std::string, Bytes>* assignments) const;
  void expire_sessions(const Now& now, Decision& out);

  // group_join.cc
  GroupError check_join(const JoinRequest& request) const;
  bool has_room_for(const std::string& member_id) const;
  void join_new(const Now& now, JoinCall call, Decision& out);
  void join_existing(const Now& now, JoinCall call, Decision& out);
  void join_known(const Now& now, GroupMember& member, JoinCall call, Decision& out);
  void join_static_again(const Now& now, const std::string& old_id, JoinCall call, Decision& out);
  void store_static_replacement(const Now& now, GroupMember before, JoinCall call, Decision& out);
  void revert_static_replacement(const Now& now, const GroupMember& before,
                                 const std::string& new_id, Decision& out);
  void add_and_rebalance(const Now& now, JoinCall call, Decision& out);
  void update_and_rebalance(const Now& now, GroupMember& member, JoinCall call, Decision& out);
  void update_member(GroupMember& member, JoinCall call, Decision& out);
  GroupMember& rename_static(const std::string& old_id, const std::string& new_id, Decision& out);
  JoinResponse current_generation(const std::string& member_id) const;
  std::vector<JoinedMember> joined_members() const;

  // group_rebalance.cc
  void rebalance_or_complete(const Now& now, Decision& out);
  void prepare_rebalance(const Now& now, Decision& out);
  void complete_if_all_joined(const Now& now, Decision& out);
  void on_join_timer(const Now& now, Decision& out);
  void complete_join(const Now& now, Decision& out);
  void drop_absent_members(Decision& out);
  bool elect_joined_leader();
  void start_generation(const Now& now, Decision& out);
  void answer_joins(const Now& now, Decision& out);
  void on_sync_timer(const Now& now, Decision& out);
  void fail_syncs(const Now& now, GroupError error, Decision& out);

  // group_sync.cc
  GroupError check_sync(const SyncRequest& request) const;
  void store_assignment(const Now& now, SyncRequest request, Decision& out);
  void on_assignment_stored(const Now& now, std::int32_t generation,
                            std::map<std::string, Bytes> assignments, GroupError error,
                            Decision& out);
  void answer_sync(const Now& now, GroupMember& member, GroupError error, Decision& out);
  GroupError leave_one(const LeavingMember& leaving, Decision& out);

  // group_commit.cc
  GroupError check_commit(const OffsetCommitRequest& request) const;
  GroupError check_empty_for_removal() const;
  bool append_offsets(const Now& now, const OffsetCommitRequest& request,
                      OffsetCommitResponse& response, Decision& out);
  void append_tombstones(const std::vector<TopicPartitions>& topics, Decision& out);
  std::optional<std::set<std::string>> subscribed() const;
  std::vector<std::int32_t> committed_among(const TopicPartitions& asked) const;
  std::optional<std::int64_t> expiry_base(const std::string& topic, const OffsetValue& value) const;
  void append_group_tombstone(DeleteDone done, Decision& out);

  const std::string id_;
  const GroupOptions& options_;
  GroupState state_ = GroupState::kEmpty;
  GroupState previous_state_ = GroupState::kEmpty;
  std::int64_t state_since_wall_ms_ = -1;  // -1: unknown
  std::int32_t generation_ = 0;
  std::string protocol_type_;  // empty: none yet
  std::optional<std::string> protocol_;
  std::optional<std::string> leader_;
  Members members_;
  std::map<std::string, std::string> static_members_;    // instance id → member id
  std::map<std::string, std::int64_t> pending_members_;  // id given, not joined → deadline
  bool new_member_added_ = false;                        // during the initial delay
  JoinTimer join_timer_ = JoinTimer::kNone;
  std::int64_t join_deadline_boot_ms_ = kNever;
  std::int64_t initial_delay_left_ms_ = 0;
  std::int64_t initial_delay_step_ms_ = 0;
  std::int64_t sync_deadline_boot_ms_ = kNever;
  std::int64_t next_deadline_boot_ms_ = kNever;
  bool has_metadata_record_ = false;
  std::int64_t rebalances_ = 0;
  GroupOffsets offsets_;
};

}  // namespace orloj::coordinator
