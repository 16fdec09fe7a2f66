// The way from one generation to the next.
#include <algorithm>
#include <utility>

#include "coordinator/group/group.h"

namespace orloj::coordinator {

void Group::rebalance_or_complete(const Now& now, Decision& out) {
  if (state_ == GroupState::kPreparingRebalance) return complete_if_all_joined(now, out);
  prepare_rebalance(now, out);
}

void Group::prepare_rebalance(const Now& now, Decision& out) {
  if (state_ == GroupState::kCompletingRebalance) {
    for (auto& [id, member] : members_) member.assignment.clear();
    fail_syncs(now, GroupError::kRebalanceInProgress, out);
  }
  for (auto& [id, member] : members_) member.must_sync = false;
  sync_deadline_boot_ms_ = kNever;
  ++rebalances_;
  const bool initial = state_ == GroupState::kEmpty;
  transition_to(GroupState::kPreparingRebalance);
  const std::int64_t timeout = rebalance_timeout_ms();
  if (initial) {
    // The members of a starting service come one by one: wait a little for the rest of them.
    join_timer_ = JoinTimer::kInitialDelay;
    initial_delay_step_ms_ = options_.initial_rebalance_delay_ms;
    initial_delay_left_ms_ = std::max<std::int64_t>(timeout - initial_delay_step_ms_, 0);
    new_member_added_ = false;
    join_deadline_boot_ms_ = now.boot_ms + initial_delay_step_ms_;
    remind(join_deadline_boot_ms_);
    if (initial_delay_step_ms_ == 0) on_join_timer(now, out);
    return;
  }
  join_timer_ = JoinTimer::kRebalance;
  join_deadline_boot_ms_ = now.boot_ms + timeout;
  remind(join_deadline_boot_ms_);
  complete_if_all_joined(now, out);
}

void Group::complete_if_all_joined(const Now& now, Decision& out) {
  if (join_timer_ == JoinTimer::kInitialDelay && !members_.empty()) return;
  if (awaiting_join_count() != members_.size() || !pending_members_.empty()) return;
  complete_join(now, out);
}

void Group::on_join_timer(const Now& now, Decision& out) {
  if (join_timer_ == JoinTimer::kInitialDelay && new_member_added_ && initial_delay_left_ms_ > 0) {
    new_member_added_ = false;
    const std::int64_t step =
        std::min<std::int64_t>(options_.initial_rebalance_delay_ms, initial_delay_left_ms_);
    initial_delay_left_ms_ =
        std::max<std::int64_t>(initial_delay_left_ms_ - initial_delay_step_ms_, 0);
    initial_delay_step_ms_ = step;
    join_deadline_boot_ms_ += step;
    return remind(join_deadline_boot_ms_);
  }
  complete_join(now, out);
}

// Dynamic members that are not back in time are out; static ones keep their place until their
// session ends.
void Group::drop_absent_members(Decision& out) {
  std::vector<std::string> absent;
  for (const auto& [id, member] : members_) {
    if (!member.awaiting_join && !member.is_static()) absent.push_back(id);
  }
  for (const auto& id : absent) remove_member(id, out);
}

// False: nobody is there who could lead.
bool Group::elect_joined_leader() {
  if (!leader_) return false;
  if (members_.at(*leader_).awaiting_join) return true;
  const auto joined = std::ranges::find_if(
      members_, [](const auto& entry) { return bool(entry.second.awaiting_join); });
  if (joined == members_.end()) return false;
  leader_ = joined->first;
  return true;
}

void Group::complete_join(const Now& now, Decision& out) {
  drop_absent_members(out);
  if (!elect_joined_leader() && !members_.empty()) {
    // Only absent static members are left: their session time-outs will remove them.
    join_timer_ = JoinTimer::kRebalance;
    join_deadline_boot_ms_ = now.boot_ms + rebalance_timeout_ms();
    return remind(join_deadline_boot_ms_);
  }
  join_timer_ = JoinTimer::kNone;
  join_deadline_boot_ms_ = kNever;
  start_generation(now, out);
}

void Group::start_generation(const Now& now, Decision& out) {
  generation_ = generation_ == INT32_MAX ? 1 : generation_ + 1;
  state_since_wall_ms_ = now.wall_ms;
  if (!members_.empty()) {
    protocol_ = select_protocol();
    transition_to(GroupState::kCompletingRebalance);
    return answer_joins(now, out);
  }
  protocol_.reset();
  transition_to(GroupState::kEmpty);
  out.records.push_back(metadata_record(now, nullptr));
  has_metadata_record_ = true;
}

void Group::answer_joins(const Now& now, Decision& out) {
  for (auto& [id, member] : members_) {
    member.must_sync = true;
    member.is_new = false;
    touch(now, member);
    if (!member.awaiting_join) continue;  // an absent static member
    out.answer(std::exchange(member.awaiting_join, nullptr), current_generation(id));
  }
  sync_deadline_boot_ms_ = now.boot_ms + rebalance_timeout_ms();
  remind(sync_deadline_boot_ms_);
}

// Who took part in the join but never sent SyncGroup is out.
void Group::on_sync_timer(const Now& now, Decision& out) {
  sync_deadline_boot_ms_ = kNever;
  std::vector<std::string> silent;
  for (const auto& [id, member] : members_) {
    if (member.must_sync) silent.push_back(id);
  }
  if (silent.empty()) return;
  for (const auto& id : silent) remove_member(id, out);
  prepare_rebalance(now, out);
}

void Group::fail_syncs(const Now& now, GroupError error, Decision& out) {
  for (auto& [id, member] : members_) answer_sync(now, member, error, out);
}

}  // namespace orloj::coordinator
