// JoinGroup: who may enter, static members that come back, and when a join starts a rebalance.
#include <algorithm>

#include "coordinator/group/group.h"

namespace orloj::coordinator {
namespace {

void refuse(JoinDone done, GroupError error, std::string member_id, Decision& out) {
  JoinResponse response;
  response.error = error;
  response.member_id = std::move(member_id);
  out.answer(std::move(done), std::move(response));
}

bool same_protocols(const std::vector<MemberProtocol>& a, const std::vector<MemberProtocol>& b) {
  return std::ranges::equal(a, b, [](const MemberProtocol& x, const MemberProtocol& y) {
    return x.name == y.name && x.metadata == y.metadata;
  });
}

}  // namespace

GroupError Group::check_join(const JoinRequest& request) const {
  if (request.session_timeout_ms < options_.min_session_timeout_ms ||
      request.session_timeout_ms > options_.max_session_timeout_ms) {
    return GroupError::kInvalidSessionTimeout;
  }
  const auto too_long = [&](const std::string& text) {
    return text.size() > static_cast<std::size_t>(options_.member_text_max_bytes);
  };
  std::size_t metadata_bytes = 0;
  bool text_fits = !too_long(request.client_id) && !too_long(request.client_host) &&
                   !too_long(request.protocol_type) &&
                   !(request.group_instance_id && too_long(*request.group_instance_id));
  for (const auto& protocol : request.protocols) {
    metadata_bytes += protocol.metadata.size();
    text_fits = text_fits && !too_long(protocol.name);
  }
  if (!text_fits ||
      request.protocols.size() > static_cast<std::size_t>(options_.member_protocols_max) ||
      metadata_bytes > static_cast<std::size_t>(options_.member_metadata_max_bytes)) {
    return GroupError::kInvalidRequest;
  }
  return GroupError::kNone;
}

bool Group::has_room_for(const std::string& member_id) const {
  const auto most = static_cast<std::size_t>(options_.members_max);
  const auto found = members_.find(member_id);
  switch (state_) {
    case GroupState::kEmpty:
    case GroupState::kDead:
      return true;
    case GroupState::kPreparingRebalance:
      // Who is back first keeps its place: after the limit was lowered, the last ones go.
      return (found != members_.end() && found->second.awaiting_join) ||
             awaiting_join_count() < most;
    case GroupState::kCompletingRebalance:
    case GroupState::kStable:
      return found != members_.end() || members_.size() < most;
  }
  return false;
}

void Group::join(const Now& now, JoinCall call, Decision& out) {
  JoinRequest& request = call.request;
  if (const GroupError error = check_join(request); error != GroupError::kNone) {
    return refuse(std::move(call.done), error, request.member_id, out);
  }
  if (state_ == GroupState::kDead) {
    return refuse(std::move(call.done), GroupError::kCoordinatorNotAvailable, request.member_id,
                  out);
  }
  if (!has_room_for(request.member_id)) {
    remove_member(request.member_id, out);
    refuse(std::move(call.done), GroupError::kGroupMaxSizeReached, "", out);
    if (state_ == GroupState::kPreparingRebalance) complete_if_all_joined(now, out);
    return;
  }
  if (!supports(request.protocol_type, request.protocols)) {
    return refuse(std::move(call.done), GroupError::kInconsistentGroupProtocol, request.member_id,
                  out);
  }
  if (request.member_id.empty()) {
    join_new(now, std::move(call), out);
  } else {
    join_existing(now, std::move(call), out);
  }
}

void Group::join_new(const Now& now, JoinCall call, Decision& out) {
  JoinRequest& request = call.request;
  request.member_id =
      request.group_instance_id.value_or(request.client_id) + "-" + call.unique_suffix;
  if (request.group_instance_id) {
    const auto known = static_members_.find(*request.group_instance_id);
    if (known != static_members_.end()) {
      return join_static_again(now, std::string(known->second), std::move(call), out);
    }
    return add_and_rebalance(now, std::move(call), out);
  }
  if (!request.requires_known_member_id) return add_and_rebalance(now, std::move(call), out);
  if (pending_members_.size() >= static_cast<std::size_t>(options_.pending_members_max)) {
    return refuse(std::move(call.done), GroupError::kGroupMaxSizeReached, "", out);
  }
  // The id is told before the member counts: a client that lost the answer leaves no ghost behind.
  const std::int64_t deadline = now.boot_ms + request.session_timeout_ms;
  pending_members_.insert_or_assign(request.member_id, deadline);
  remind(deadline);
  refuse(std::move(call.done), GroupError::kMemberIdRequired, request.member_id, out);
}

void Group::join_existing(const Now& now, JoinCall call, Decision& out) {
  JoinRequest& request = call.request;
  if (pending_members_.contains(request.member_id) && !request.group_instance_id) {
    return add_and_rebalance(now, std::move(call), out);
  }
  const GroupError error = check_member(request.member_id, request.group_instance_id);
  if (error != GroupError::kNone) {
    return refuse(std::move(call.done), error, request.member_id, out);
  }
  GroupMember& member = *find_member(request.member_id);
  join_known(now, member, std::move(call), out);
}

void Group::join_known(const Now& now, GroupMember& member, JoinCall call, Decision& out) {
  const bool unchanged = same_protocols(member.protocols, call.request.protocols);
  // Case A: a rebalance is under way.          → the member is back.
  // Case B: its JoinGroup answer got lost.     → the same answer again.
  // Case C: the leader, or a new subscription. → rebalance.
  // Case D: a follower that asks for nothing.  → the current generation.
  const bool answer_again =
      unchanged && (state_ == GroupState::kCompletingRebalance ||                     // B
                    (state_ == GroupState::kStable && leader_ != member.id));         // D
  if (!answer_again) return update_and_rebalance(now, member, std::move(call), out);  // A, C
  touch(now, member);
  out.answer(std::move(call.done), current_generation(member.id));
}

JoinResponse Group::current_generation(const std::string& member_id) const {
  JoinResponse response;
  response.generation_id = generation_;
  response.protocol_type = protocol_type_;
  response.protocol_name = protocol_;
  response.leader = leader_.value_or("");
  response.member_id = member_id;
  if (leader_ == member_id) response.members = joined_members();
  return response;
}

std::vector<JoinedMember> Group::joined_members() const {
  std::vector<JoinedMember> joined;
  for (const auto& [id, member] : members_) {
    const auto* chosen = member.find_protocol(protocol_.value_or(""));
    joined.push_back({id, member.instance_id, chosen == nullptr ? Bytes{} : chosen->metadata});
  }
  return joined;
}

void Group::add_and_rebalance(const Now& now, JoinCall call, Decision& out) {
  JoinRequest& request = call.request;
  GroupMember member;
  member.id = request.member_id;
  member.instance_id = request.group_instance_id;
  member.client_id = request.client_id;
  member.client_host = request.client_host;
  member.is_new = true;
  member.session_timeout_ms = request.session_timeout_ms;
  member.rebalance_timeout_ms = request.rebalance_timeout_ms;
  member.protocols = std::move(request.protocols);
  member.awaiting_join = std::move(call.done);
  if (members_.empty()) protocol_type_ = request.protocol_type;
  if (state_ == GroupState::kPreparingRebalance && previous_state_ == GroupState::kEmpty) {
    new_member_added_ = true;
  }
  add_member(now, std::move(member));
  rebalance_or_complete(now, out);
}

void Group::update_and_rebalance(const Now& now, GroupMember& member, JoinCall call,
                                 Decision& out) {
  update_member(member, std::move(call), out);
  rebalance_or_complete(now, out);
}

void Group::update_member(GroupMember& member, JoinCall call, Decision& out) {
  if (member.awaiting_join) {
    // An earlier try of the same client, on a connection that it has given up.
    refuse(std::move(member.awaiting_join), GroupError::kRebalanceInProgress, member.id, out);
  }
  member.client_id = std::move(call.request.client_id);
  member.client_host = std::move(call.request.client_host);
  member.session_timeout_ms = call.request.session_timeout_ms;
  member.rebalance_timeout_ms = call.request.rebalance_timeout_ms;
  member.protocols = std::move(call.request.protocols);
  member.awaiting_join = std::move(call.done);
}

GroupMember& Group::rename_static(const std::string& old_id, const std::string& new_id,
                                  Decision& out) {
  auto node = members_.extract(old_id);
  GroupMember& member = node.mapped();
  if (member.awaiting_join) {
    refuse(std::exchange(member.awaiting_join, nullptr), GroupError::kFencedInstanceId, old_id,
           out);
  }
  if (member.awaiting_sync) {
    SyncResponse response;
    response.error = GroupError::kFencedInstanceId;
    out.answer(std::exchange(member.awaiting_sync, nullptr), std::move(response));
  }
  node.key() = new_id;
  member.id = new_id;
  static_members_.insert_or_assign(member.instance_id.value(), new_id);
  if (leader_ == old_id) leader_ = new_id;
  return members_.insert(std::move(node)).position->second;
}

// A static member restarted: it takes the place, and the assignment, of its former self.
void Group::join_static_again(const Now& now, const std::string& old_id, JoinCall call,
                              Decision& out) {
  GroupMember before = *find_member(old_id);
  before.awaiting_join = nullptr;
  before.awaiting_sync = nullptr;
  GroupMember& member = rename_static(old_id, call.request.member_id, out);
  if (state_ != GroupState::kStable) return update_and_rebalance(now, member, std::move(call), out);
  const std::string selected = protocol_.value_or("");
  std::swap(member.protocols, call.request.protocols);
  const bool same_protocol = select_protocol() == selected;
  std::swap(member.protocols, call.request.protocols);
  if (!same_protocol) return update_and_rebalance(now, member, std::move(call), out);
  store_static_replacement(now, std::move(before), std::move(call), out);
}

void Group::store_static_replacement(const Now& now, GroupMember before, JoinCall call,
                                     Decision& out) {
  const std::string new_id = call.request.member_id;
  const bool may_skip = call.request.supports_skip_assignment;
  const std::string former_leader = leader_ == new_id ? before.id : leader_.value_or("");
  JoinDone done = std::move(call.done);
  call.done = nullptr;
  GroupMember& member = *find_member(new_id);
  update_member(member, std::move(call), out);
  touch(now, member);
  out.records.push_back(metadata_record(now, nullptr));
  has_metadata_record_ = true;
  out.stored.push_back(
      [this, before = std::move(before), new_id, may_skip, former_leader, done = std::move(done)](
          GroupError error, const Now& later, Decision& next) mutable {
        if (error != GroupError::kNone) {
          revert_static_replacement(later, before, new_id, next);
          return refuse(std::move(done), error, "", next);
        }
        if (!members_.contains(new_id)) {
          return refuse(std::move(done), GroupError::kUnknownMemberId, "", next);
        }
        JoinResponse response = current_generation(new_id);
        if (may_skip) {
          response.skip_assignment = leader_ == new_id;
        } else {
          // Old clients would assign anew if they were told that they lead.
          response.leader = former_leader;
          response.members.clear();
        }
        next.answer(std::move(done), std::move(response));
      });
}

void Group::revert_static_replacement(const Now& now, const GroupMember& before,
                                      const std::string& new_id, Decision& out) {
  if (!members_.contains(new_id)) return;
  GroupMember& member = rename_static(new_id, before.id, out);
  member.protocols = before.protocols;
  member.session_timeout_ms = before.session_timeout_ms;
  member.rebalance_timeout_ms = before.rebalance_timeout_ms;
  touch(now, member);
}

}  // namespace orloj::coordinator
