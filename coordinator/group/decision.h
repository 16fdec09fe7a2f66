// What the group state machine wants done. It does no input or output itself: it is told the time,
// and hands back records to append and answers to give.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/group/group_types.h"

namespace orloj::coordinator {

struct Now {
  std::int64_t boot_ms = 0;  // for time-outs
  std::int64_t wall_ms = 0;  // for stored timestamps and retention
};

// One record of __consumer_offsets, encoded (group/group_records.h).
struct GroupRecord {
  std::string key;
  std::optional<std::string> value;  // nullopt: tombstone
};

struct Decision {
  using Answer = std::function<void()>;
  using Stored = std::function<void(GroupError, const Now&, Decision&)>;

  std::vector<Answer> answers;       // may be given at once
  std::vector<GroupRecord> records;  // to be appended, in order
  // Told once all records are durable (kNone) or were refused, in order, before any later decision
  // of the same shard is told; may decide more. Empty when there are no records.
  std::vector<Stored> stored;

  template <class Done, class Response>
  void answer(Done done, Response response) {
    answers.push_back([done = std::move(done), response = std::move(response)]() mutable {
      done(std::move(response));
    });
  }
};

using JoinDone = std::function<void(JoinResponse)>;
using SyncDone = std::function<void(SyncResponse)>;
using LeaveDone = std::function<void(LeaveResponse)>;
using CommitDone = std::function<void(OffsetCommitResponse)>;
using OffsetDeleteDone = std::function<void(OffsetDeleteResponse)>;
using DeleteDone = std::function<void(GroupError)>;

}  // namespace orloj::coordinator
