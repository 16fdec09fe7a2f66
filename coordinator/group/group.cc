#include "coordinator/group/group.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace orloj::coordinator {

std::string_view to_string(GroupState state) {
  switch (state) {
    case GroupState::kEmpty:
      return "Empty";
    case GroupState::kPreparingRebalance:
      return "PreparingRebalance";
    case GroupState::kCompletingRebalance:
      return "CompletingRebalance";
    case GroupState::kStable:
      return "Stable";
    case GroupState::kDead:
      return "Dead";
  }
  return "Unknown";
}

Group::Group(std::string id, const GroupOptions& options, const Now& now)
    : id_(std::move(id)), options_(options), state_since_wall_ms_(now.wall_ms) {
}

GroupMember* Group::find_member(const std::string& member_id) {
  const auto found = members_.find(member_id);
  return found == members_.end() ? nullptr : &found->second;
}

GroupError Group::check_member(const std::string& member_id,
                               const std::optional<std::string>& instance_id) const {
  if (!instance_id) {
    return members_.contains(member_id) ? GroupError::kNone : GroupError::kUnknownMemberId;
  }
  const auto current = static_members_.find(*instance_id);
  if (current == static_members_.end()) return GroupError::kUnknownMemberId;
  return current->second == member_id ? GroupError::kNone : GroupError::kFencedInstanceId;
}

void Group::add_member(const Now& now, GroupMember member) {
  if (member.instance_id) static_members_.insert_or_assign(*member.instance_id, member.id);
  if (!leader_) leader_ = member.id;
  pending_members_.erase(member.id);
  const std::string id = member.id;
  GroupMember& added = members_.insert_or_assign(id, std::move(member)).first->second;
  touch(now, added);
}

void Group::remove_member(const std::string& member_id, Decision& out) {
  pending_members_.erase(member_id);
  const auto found = members_.find(member_id);
  if (found == members_.end()) return;
  GroupMember& member = found->second;
  if (member.awaiting_join) {
    // Its client may still be there: it joins again as a new member.
    JoinResponse response;
    response.error = GroupError::kUnknownMemberId;
    out.answer(std::move(member.awaiting_join), std::move(response));
  }
  if (member.awaiting_sync) {
    SyncResponse response;
    response.error = GroupError::kUnknownMemberId;
    out.answer(std::move(member.awaiting_sync), std::move(response));
  }
  if (member.instance_id) static_members_.erase(*member.instance_id);
  members_.erase(found);
  if (leader_ == member_id) {
    leader_ = members_.empty() ? std::nullopt : std::optional(members_.begin()->first);
  }
}

void Group::touch(const Now& now, GroupMember& member) {
  const std::int32_t timeout =
      member.is_new ? options_.new_member_join_timeout_ms : member.session_timeout_ms;
  member.session_deadline_boot_ms = now.boot_ms + timeout;
  remind(member.session_deadline_boot_ms);
}

void Group::remind(std::int64_t deadline_boot_ms) {
  next_deadline_boot_ms_ = std::min(next_deadline_boot_ms_, deadline_boot_ms);
}

void Group::transition_to(GroupState state) {
  previous_state_ = state_;
  state_ = state;
}

std::set<std::string> Group::common_protocols() const {
  std::map<std::string, std::size_t> votes;
  for (const auto& [id, member] : members_) {
    std::set<std::string> names;
    for (const auto& protocol : member.protocols) names.insert(protocol.name);
    for (const auto& name : names) ++votes[name];
  }
  std::set<std::string> common;
  for (const auto& [name, count] : votes) {
    if (count == members_.size()) common.insert(name);
  }
  return common;
}

bool Group::supports(const std::string& protocol_type,
                     const std::vector<MemberProtocol>& protocols) const {
  if (protocol_type.empty() || protocols.empty()) return false;
  if (state_ == GroupState::kEmpty || members_.empty()) return true;
  if (protocol_type != protocol_type_) return false;
  const auto common = common_protocols();
  return std::ranges::any_of(
      protocols, [&](const MemberProtocol& protocol) { return common.contains(protocol.name); });
}

// Each member votes for the first of its protocols that all have; equal votes: first by name.
std::string Group::select_protocol() const {
  const auto common = common_protocols();
  std::map<std::string, int> votes;
  for (const auto& [id, member] : members_) {
    const auto vote = std::ranges::find_if(member.protocols, [&](const MemberProtocol& protocol) {
      return common.contains(protocol.name);
    });
    if (vote != member.protocols.end()) ++votes[vote->name];
  }
  std::string best;
  int most = 0;
  for (const auto& [name, count] : votes) {
    if (count > most) {
      best = name;
      most = count;
    }
  }
  return best;
}

std::int32_t Group::rebalance_timeout_ms() const {
  std::int32_t longest = 1;  // whatever clients ask for, time passes
  for (const auto& [id, member] : members_) {
    longest = std::max(longest, member.rebalance_timeout_ms);
  }
  return longest;
}

std::size_t Group::awaiting_join_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      members_, [](const auto& entry) { return bool(entry.second.awaiting_join); }));
}

bool Group::is_blank() const {
  return state_ == GroupState::kEmpty && members_.empty() && pending_members_.empty() &&
         offsets_.is_empty() && !has_metadata_record_ && generation_ == 0;
}

GroupRecord Group::metadata_record(const Now& now,
                                   const std::map<std::string, Bytes>* assignments) const {
  GroupValue value;
  value.protocol_type = protocol_type_;
  value.generation = generation_;
  value.protocol = protocol_;
  value.leader = leader_;
  value.state_timestamp_ms = state_since_wall_ms_ == -1 ? now.wall_ms : state_since_wall_ms_;
  for (const auto& [id, member] : members_) {
    MemberValue stored;
    stored.member_id = id;
    stored.group_instance_id = member.instance_id;
    stored.client_id = member.client_id;
    stored.client_host = member.client_host;
    stored.rebalance_timeout_ms = member.rebalance_timeout_ms;
    stored.session_timeout_ms = member.session_timeout_ms;
    if (protocol_) {
      if (const auto* chosen = member.find_protocol(*protocol_)) {
        stored.subscription = chosen->metadata;
      }
    }
    if (assignments == nullptr) {
      stored.assignment = member.assignment;
    } else if (const auto assigned = assignments->find(id); assigned != assignments->end()) {
      stored.assignment = assigned->second;
    }
    value.members.push_back(std::move(stored));
  }
  return {encode_group_key(id_), encode_group_value(value)};
}

DescribedGroup Group::describe() const {
  DescribedGroup described;
  described.group_id = id_;
  described.state = state_;
  described.protocol_type = protocol_type_;
  if (state_ == GroupState::kDead) {
    described.error = GroupError::kGroupIdNotFound;
    return described;
  }
  const bool stable = state_ == GroupState::kStable;
  if (stable) described.protocol_name = protocol_.value_or("");
  for (const auto& [id, member] : members_) {
    DescribedMember one{id, member.instance_id, member.client_id, member.client_host, {}, {}};
    if (stable) {
      if (const auto* chosen = member.find_protocol(described.protocol_name)) {
        one.metadata = chosen->metadata;
      }
      one.assignment = member.assignment;
    }
    described.members.push_back(std::move(one));
  }
  return described;
}

void Group::expire_sessions(const Now& now, Decision& out) {
  std::vector<std::string> gone;
  std::vector<std::string> never_joined;
  for (auto& [id, member] : members_) {
    if (member.session_deadline_boot_ms > now.boot_ms) continue;
    // Who waits for an answer of ours cannot send heartbeats; the clock starts with the answer.
    if (!member.is_new && (member.awaiting_join || member.awaiting_sync)) {
      member.session_deadline_boot_ms = kNever;
    } else {
      gone.push_back(id);
    }
  }
  for (const auto& [id, deadline] : pending_members_) {
    if (deadline <= now.boot_ms) never_joined.push_back(id);
  }
  for (const auto& id : gone) remove_member(id, out);
  for (const auto& id : never_joined) pending_members_.erase(id);
  if (state_ == GroupState::kPreparingRebalance) {
    if (!gone.empty() || !never_joined.empty()) complete_if_all_joined(now, out);
  } else if (!gone.empty() && state_ != GroupState::kDead) {
    prepare_rebalance(now, out);
  }
}

void Group::on_time(const Now& now, Decision& out) {
  if (now.boot_ms < next_deadline_boot_ms_) return;
  expire_sessions(now, out);
  if (join_deadline_boot_ms_ <= now.boot_ms) on_join_timer(now, out);
  if (sync_deadline_boot_ms_ <= now.boot_ms) on_sync_timer(now, out);
  next_deadline_boot_ms_ = std::min(join_deadline_boot_ms_, sync_deadline_boot_ms_);
  for (const auto& [id, member] : members_) remind(member.session_deadline_boot_ms);
  for (const auto& [id, deadline] : pending_members_) remind(deadline);
}

void Group::apply(const GroupValue& value) {
  members_.clear();
  static_members_.clear();
  leader_.reset();
  has_metadata_record_ = true;
  generation_ = value.generation;
  protocol_type_ = value.protocol_type;
  protocol_ = value.protocol;
  state_since_wall_ms_ = value.state_timestamp_ms;
  for (const auto& stored : value.members) {
    GroupMember member;
    member.id = stored.member_id;
    member.instance_id = stored.group_instance_id;
    member.client_id = stored.client_id;
    member.client_host = stored.client_host;
    member.session_timeout_ms = stored.session_timeout_ms;
    member.rebalance_timeout_ms = stored.rebalance_timeout_ms;
    member.protocols.push_back({value.protocol.value_or(""), stored.subscription});
    member.assignment = stored.assignment;
    if (member.instance_id) static_members_.insert_or_assign(*member.instance_id, member.id);
    members_.insert_or_assign(stored.member_id, std::move(member));
  }
  if (value.leader && members_.contains(*value.leader)) leader_ = value.leader;
  if (!leader_ && !members_.empty()) leader_ = members_.begin()->first;
  state_ = members_.empty() ? GroupState::kEmpty : GroupState::kStable;
  previous_state_ = state_;
}

void Group::on_loaded(const Now& now, Decision& out) {
  for (auto& [id, member] : members_) touch(now, member);
  // The limit may have been lowered since: the members join again and the surplus is refused.
  if (members_.size() > static_cast<std::size_t>(options_.members_max)) {
    prepare_rebalance(now, out);
  }
}

void Group::close(Decision& out) {
  for (auto& [id, member] : members_) {
    if (member.awaiting_join) {
      JoinResponse response;
      response.error = GroupError::kCoordinatorNotAvailable;
      out.answer(std::exchange(member.awaiting_join, nullptr), std::move(response));
    }
    if (member.awaiting_sync) {
      SyncResponse response;
      response.error = GroupError::kCoordinatorNotAvailable;
      out.answer(std::exchange(member.awaiting_sync, nullptr), std::move(response));
    }
  }
  transition_to(GroupState::kDead);
}

namespace {

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "group invariant broken: %s\n", what);
  std::abort();
}

}  // namespace

void Group::check_invariants() const {
  must(members_.empty() == !leader_.has_value(), "a leader exactly when there are members");
  must(!leader_ || members_.contains(*leader_), "the leader is a member");
  for (const auto& [instance, id] : static_members_) {
    const auto member = members_.find(id);
    must(member != members_.end(), "a static id belongs to a member");
    must(member->second.instance_id == instance, "a static id belongs to its own member");
  }
  for (const auto& [id, member] : members_) {
    must(!pending_members_.contains(id), "a member is not pending");
    must(!member.instance_id || static_members_.contains(*member.instance_id),
         "a static member is known by its instance id");
    must(!member.awaiting_join || state_ == GroupState::kPreparingRebalance ||
             state_ == GroupState::kDead,
         "JoinGroup waits only while a rebalance is prepared");
    must(!member.awaiting_sync || state_ == GroupState::kCompletingRebalance,
         "SyncGroup waits only while a rebalance is completed");
    must(member.session_deadline_boot_ms != kNever || member.awaiting_join || member.awaiting_sync,
         "a member that does not wait has a session deadline");
    must(member.session_deadline_boot_ms >= next_deadline_boot_ms_, "no deadline is missed");
  }
  must(join_deadline_boot_ms_ >= next_deadline_boot_ms_, "the join deadline is not missed");
  must(sync_deadline_boot_ms_ >= next_deadline_boot_ms_, "the sync deadline is not missed");
  must((join_timer_ == JoinTimer::kNone) == (join_deadline_boot_ms_ == kNever),
       "the join timer has a deadline");
  switch (state_) {
    case GroupState::kEmpty:
      must(members_.empty(), "Empty has no members");
      break;
    case GroupState::kPreparingRebalance:
      must(join_timer_ != JoinTimer::kNone, "a prepared rebalance ends by time-out");
      break;
    case GroupState::kCompletingRebalance:
    case GroupState::kStable:
      must(!members_.empty(), "a generation has members");
      must(protocol_.has_value(), "a generation has a protocol");
      must(common_protocols().contains(*protocol_), "all members have the protocol");
      must(join_timer_ == JoinTimer::kNone, "no join timer behind the join");
      break;
    case GroupState::kDead:
      break;
  }
}

}  // namespace orloj::coordinator
