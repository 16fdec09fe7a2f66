// SyncGroup, Heartbeat and LeaveGroup.
#include <utility>

#include "coordinator/group/group.h"

namespace orloj::coordinator {
namespace {

void refuse(SyncDone done, GroupError error, Decision& out) {
  SyncResponse response;
  response.error = error;
  out.answer(std::move(done), std::move(response));
}

bool differs(const std::optional<std::string>& asked, const std::optional<std::string>& actual) {
  return asked && actual && *asked != *actual;
}

}  // namespace

GroupError Group::check_sync(const SyncRequest& request) const {
  if (state_ == GroupState::kDead) return GroupError::kCoordinatorNotAvailable;
  const GroupError known = check_member(request.member_id, request.group_instance_id);
  if (known != GroupError::kNone) return known;
  if (request.generation_id != generation_) return GroupError::kIllegalGeneration;
  if (differs(request.protocol_type, protocol_type_) || differs(request.protocol_name, protocol_)) {
    return GroupError::kInconsistentGroupProtocol;
  }
  for (const auto& assigned : request.assignments) {
    if (assigned.assignment.size() > static_cast<std::size_t>(options_.assignment_max_bytes)) {
      return GroupError::kInvalidRequest;
    }
  }
  return GroupError::kNone;
}

void Group::sync(const Now& now, SyncRequest request, SyncDone done, Decision& out) {
  const GroupError error = check_sync(request);
  if (error != GroupError::kNone) return refuse(std::move(done), error, out);
  switch (state_) {
    case GroupState::kEmpty:
    case GroupState::kDead:
      return refuse(std::move(done), GroupError::kUnknownMemberId, out);
    case GroupState::kPreparingRebalance:
      return refuse(std::move(done), GroupError::kRebalanceInProgress, out);
    case GroupState::kCompletingRebalance: {
      GroupMember& member = *find_member(request.member_id);
      if (member.awaiting_sync) {
        // An earlier try of the same client, on a connection that it has given up.
        refuse(std::move(member.awaiting_sync), GroupError::kRebalanceInProgress, out);
      }
      member.awaiting_sync = std::move(done);
      member.must_sync = false;
      if (leader_ == member.id) store_assignment(now, std::move(request), out);
      return;
    }
    case GroupState::kStable: {
      GroupMember& member = *find_member(request.member_id);
      member.must_sync = false;
      member.awaiting_sync = std::move(done);
      return answer_sync(now, member, GroupError::kNone, out);
    }
  }
}

void Group::store_assignment(const Now& now, SyncRequest request, Decision& out) {
  std::map<std::string, Bytes> assignments;
  for (auto& assigned : request.assignments) {
    if (!members_.contains(assigned.member_id)) continue;
    assignments.insert_or_assign(assigned.member_id, std::move(assigned.assignment));
  }
  out.records.push_back(metadata_record(now, &assignments));
  has_metadata_record_ = true;
  out.stored.push_back([this, generation = generation_, assignments = std::move(assignments)](
                           GroupError error, const Now& later, Decision& next) mutable {
    on_assignment_stored(later, generation, std::move(assignments), error, next);
  });
}

void Group::on_assignment_stored(const Now& now, std::int32_t generation,
                                 std::map<std::string, Bytes> assignments, GroupError error,
                                 Decision& out) {
  // Somebody joined or left meanwhile: this generation is over.
  if (state_ != GroupState::kCompletingRebalance || generation != generation_) return;
  if (error != GroupError::kNone) {
    fail_syncs(now, error, out);
    return prepare_rebalance(now, out);
  }
  for (auto& [id, member] : members_) {
    const auto assigned = assignments.find(id);
    member.assignment = assigned == assignments.end() ? Bytes{} : std::move(assigned->second);
  }
  transition_to(GroupState::kStable);
  for (auto& [id, member] : members_) answer_sync(now, member, GroupError::kNone, out);
}

void Group::answer_sync(const Now& now, GroupMember& member, GroupError error, Decision& out) {
  if (!member.awaiting_sync) return;
  SyncResponse response;
  response.error = error;
  if (error == GroupError::kNone) {
    response.protocol_type = protocol_type_;
    response.protocol_name = protocol_;
    response.assignment = member.assignment;
  }
  out.answer(std::exchange(member.awaiting_sync, nullptr), std::move(response));
  touch(now, member);
}

GroupError Group::heartbeat(const Now& now, const HeartbeatRequest& request) {
  if (state_ == GroupState::kDead) return GroupError::kCoordinatorNotAvailable;
  const GroupError known = check_member(request.member_id, request.group_instance_id);
  if (known != GroupError::kNone) return known;
  if (request.generation_id != generation_) return GroupError::kIllegalGeneration;
  if (state_ == GroupState::kEmpty) return GroupError::kUnknownMemberId;
  // While the leader computes the assignment members beat already; that is fine.
  touch(now, *find_member(request.member_id));
  return state_ == GroupState::kPreparingRebalance ? GroupError::kRebalanceInProgress
                                                   : GroupError::kNone;
}

GroupError Group::leave_one(const LeavingMember& leaving, Decision& out) {
  if (leaving.member_id.empty()) {
    // An operator removes a static member by its instance id.
    const auto found = leaving.group_instance_id ? static_members_.find(*leaving.group_instance_id)
                                                 : static_members_.end();
    if (found == static_members_.end()) return GroupError::kUnknownMemberId;
    remove_member(std::string(found->second), out);
    return GroupError::kNone;
  }
  if (!pending_members_.contains(leaving.member_id)) {
    const GroupError known = check_member(leaving.member_id, leaving.group_instance_id);
    if (known != GroupError::kNone) return known;
  }
  remove_member(leaving.member_id, out);
  return GroupError::kNone;
}

void Group::leave(const Now& now, const LeaveRequest& request, LeaveDone done, Decision& out) {
  LeaveResponse response;
  if (state_ == GroupState::kDead) {
    response.error = GroupError::kCoordinatorNotAvailable;
    return out.answer(std::move(done), std::move(response));
  }
  const std::size_t members_before = members_.size();
  const std::size_t pending_before = pending_members_.size();
  for (const auto& leaving : request.members) {
    const GroupError error = leave_one(leaving, out);
    response.members.push_back({leaving.member_id, leaving.group_instance_id, error});
  }
  const bool members_left = members_.size() != members_before;
  if (state_ == GroupState::kPreparingRebalance) {
    if (members_left || pending_members_.size() != pending_before) complete_if_all_joined(now, out);
  } else if (members_left) {
    prepare_rebalance(now, out);
  }
  if (out.records.empty()) return out.answer(std::move(done), std::move(response));
  out.stored.push_back([done = std::move(done), response = std::move(response)](
                           GroupError, const Now&, Decision& next) {
    // The members are gone whatever became of the record: a restart forgets them by time-out.
    next.answer(done, response);
  });
}

}  // namespace orloj::coordinator
