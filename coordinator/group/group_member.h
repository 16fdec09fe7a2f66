// One member of a classic group.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/group/decision.h"
#include "coordinator/group/group_types.h"

namespace orloj::coordinator {

inline constexpr std::int64_t kNever = INT64_MAX;

struct GroupMember {
  std::string id;
  std::optional<std::string> instance_id;  // static membership (KIP-345)
  std::string client_id;
  std::string client_host;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = 0;
  std::vector<MemberProtocol> protocols;  // in order of preference
  Bytes assignment;
  JoinDone awaiting_join{};  // empty: no JoinGroup waits
  SyncDone awaiting_sync{};
  bool is_new = false;     // its first JoinGroup is not answered yet
  bool must_sync = false;  // JoinGroup is answered, SyncGroup has not come
  std::int64_t session_deadline_boot_ms = kNever;

  bool is_static() const { return instance_id.has_value(); }
  const MemberProtocol* find_protocol(const std::string& name) const {
    for (const auto& protocol : protocols) {
      if (protocol.name == name) return &protocol;
    }
    return nullptr;
  }
};

}  // namespace orloj::coordinator
