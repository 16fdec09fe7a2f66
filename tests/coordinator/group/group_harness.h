// Drives one Group by hand: the test moves the clock and says when the log is durable.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/group/group.h"
#include "coordinator/group/group_records.h"

namespace orloj::coordinator {

inline Bytes bytes_of(std::string_view text) {
  const auto view = std::as_bytes(std::span(text));
  return {view.begin(), view.end()};
}

inline std::string text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// An answer that may not have come yet; more than one fails the test.
template <class Response>
class Answer {
 public:
  std::function<void(Response)> callback() {
    return [state = state_](Response response) {
      EXPECT_FALSE(state->has_value()) << "answered twice";
      *state = std::move(response);
    };
  }
  bool came() const { return state_->has_value(); }
  const Response& get() const {
    EXPECT_TRUE(came()) << "no answer";
    return state_->value();
  }
  GroupError error() const { return get().error; }

 private:
  std::shared_ptr<std::optional<Response>> state_ = std::make_shared<std::optional<Response>>();
};

struct Joiner {
  std::string member_id;
  std::optional<std::string> instance;
  std::vector<std::pair<std::string, std::string>> protocols = {{"range", "r"}};
  bool requires_known_member_id = false;
  bool supports_skip_assignment = false;
  std::int32_t session_timeout_ms = 10'000;
  std::int32_t rebalance_timeout_ms = 60'000;
  std::string protocol_type = "consumer";
  std::string client_id = "c";
};

class GroupHarness {
 public:
  explicit GroupHarness(GroupOptions options = {})
      : options_(options), group_(std::make_unique<Group>("g", options_, now_)) {}

  Group& group() { return *group_; }
  Now& now() { return now_; }
  GroupOptions& options() { return options_; }
  const std::vector<GroupRecord>& log() const { return log_; }

  Answer<JoinResponse> join(const Joiner& joiner) {
    JoinRequest request;
    request.group_id = "g";
    request.member_id = joiner.member_id;
    request.group_instance_id = joiner.instance;
    request.client_id = joiner.client_id;
    request.client_host = "/127.0.0.1";
    request.session_timeout_ms = joiner.session_timeout_ms;
    request.rebalance_timeout_ms = joiner.rebalance_timeout_ms;
    request.protocol_type = joiner.protocol_type;
    for (const auto& [name, data] : joiner.protocols) {
      request.protocols.push_back({name, bytes_of(data)});
    }
    request.requires_known_member_id = joiner.requires_known_member_id;
    request.supports_skip_assignment = joiner.supports_skip_assignment;
    Answer<JoinResponse> answer;
    Decision decision;
    group_->join(now_, {request, std::to_string(++last_suffix_), answer.callback()}, decision);
    settle(std::move(decision));
    return answer;
  }

  Answer<SyncResponse> sync(const JoinResponse& joined,
                            const std::vector<std::pair<std::string, std::string>>& assign = {}) {
    SyncRequest request;
    request.group_id = "g";
    request.member_id = joined.member_id;
    request.generation_id = joined.generation_id;
    for (const auto& [member, data] : assign) {
      request.assignments.push_back({member, bytes_of(data)});
    }
    return sync(request);
  }

  Answer<SyncResponse> sync(const SyncRequest& request) {
    Answer<SyncResponse> answer;
    Decision decision;
    group_->sync(now_, request, answer.callback(), decision);
    settle(std::move(decision));
    return answer;
  }

  GroupError heartbeat(const JoinResponse& joined, std::optional<std::string> instance = {}) {
    const GroupError error =
        group_->heartbeat(now_, {"g", joined.generation_id, joined.member_id, instance});
    group_->check_invariants();
    return error;
  }

  Answer<LeaveResponse> leave(std::vector<LeavingMember> members) {
    Answer<LeaveResponse> answer;
    Decision decision;
    group_->leave(now_, {"g", std::move(members)}, answer.callback(), decision);
    settle(std::move(decision));
    return answer;
  }

  Answer<OffsetCommitResponse> commit(OffsetCommitRequest request) {
    Answer<OffsetCommitResponse> answer;
    Decision decision;
    group_->commit(now_, request, answer.callback(), decision);
    settle(std::move(decision));
    return answer;
  }

  static OffsetCommitRequest offset(std::int64_t value, const JoinResponse& as = {},
                                    const std::string& topic = "t") {
    OffsetCommitRequest request;
    request.group_id = "g";
    request.generation_id = as.generation_id;
    request.member_id = as.member_id;
    request.topics = {{topic, {{0, {value, 5, "note"}}}}};
    return request;
  }

  std::int64_t committed(const std::string& topic = "t") const {
    return group_->offsets().fetch(topic, 0).committed.offset;
  }

  template <class Operation>
  void run(Operation operation) {
    Decision decision;
    operation(*group_, now_, decision);
    settle(std::move(decision));
  }

  void pass(std::int64_t ms) {
    now_.boot_ms += ms;
    now_.wall_ms += ms;
    run([](Group& group, const Now& now, Decision& out) { group.on_time(now, out); });
  }

  // While held, appends stay undecided.
  void hold() { held_ = true; }
  void release(GroupError error = GroupError::kNone) {
    held_ = false;
    tell(error);
  }

  // What a new process reads from the log.
  void restart() {
    pending_.clear();
    held_ = false;
    group_ = std::make_unique<Group>("g", options_, now_);
    for (const auto& record : log_) {
      const auto key = decode_key(record.key).value();
      if (const auto* offset = std::get_if<OffsetKey>(&key)) {
        std::optional<OffsetValue> value;
        if (record.value) value = decode_offset_value(*record.value).value();
        group_->apply(*offset, value);
      } else if (record.value) {
        group_->apply(decode_group_value(*record.value).value());
      } else {
        group_ = std::make_unique<Group>("g", options_, now_);
      }
    }
    run([](Group& group, const Now& now, Decision& out) { group.on_loaded(now, out); });
  }

  // A stable generation of these members; the first leads. Each gets its id as assignment.
  std::vector<JoinResponse> make_stable(const std::vector<Joiner>& joiners) {
    std::vector<Answer<JoinResponse>> answers;
    for (const auto& joiner : joiners) answers.push_back(join(joiner));
    pass(options_.initial_rebalance_delay_ms);
    pass(options_.initial_rebalance_delay_ms);
    std::vector<JoinResponse> joined;
    std::vector<std::pair<std::string, std::string>> assign;
    for (const auto& answer : answers) {
      EXPECT_EQ(answer.error(), GroupError::kNone);
      joined.push_back(answer.get());
      assign.emplace_back(joined.back().member_id, joined.back().member_id);
    }
    for (const auto& member : joined) {
      sync(member, member.member_id == member.leader ? assign : decltype(assign){});
    }
    EXPECT_EQ(group_->state(), GroupState::kStable);
    return joined;
  }

  void settle(Decision decision) {
    for (auto& answer : decision.answers) answer();
    if (!decision.records.empty()) {
      pending_.push_back({std::move(decision.records), std::move(decision.stored)});
    }
    if (!held_) tell(GroupError::kNone);
    group_->check_invariants();
  }

 private:
  struct Pending {
    std::vector<GroupRecord> records;
    std::vector<Decision::Stored> stored;
  };

  void tell(GroupError error) {
    while (!pending_.empty() && !held_) {
      Pending told = std::move(pending_.front());
      pending_.pop_front();
      if (error == GroupError::kNone) {
        log_.insert(log_.end(), told.records.begin(), told.records.end());
      }
      for (auto& stored : told.stored) {
        Decision next;
        stored(error, now_, next);
        settle(std::move(next));
      }
    }
    group_->check_invariants();
  }

  GroupOptions options_;
  Now now_{1'000, 1'700'000'000'000};
  std::unique_ptr<Group> group_;
  std::vector<GroupRecord> log_;
  std::deque<Pending> pending_;
  bool held_ = false;
  int last_suffix_ = 0;
};

}  // namespace orloj::coordinator
