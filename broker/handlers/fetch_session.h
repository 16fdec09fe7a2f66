// Incremental fetch sessions (KIP-227): the client names its partitions once, later requests and
// answers carry changes only.
//
// The cache is bounded by sessions and by partitions of all sessions together; when full, sessions
// that have been idle long enough make room, else the client is told to go on without one.
// Thread-safe; a session belongs to one request at a time.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "broker/options.h"
#include "broker/stats.h"
#include "log/env/env.h"
#include "log/types.h"
#include "protocol/messages/fetch.h"

namespace orloj::broker {

// What a client wants of one partition.
struct FetchTarget {
  std::string topic;      // empty when asked by id
  log::TopicId topic_id;  // zero when asked by name
  std::int32_t partition = 0;
  std::int32_t current_leader_epoch = -1;
  log::Offset fetch_offset = 0;
  std::int32_t last_fetched_epoch = -1;
  std::int32_t max_bytes = 0;
  // What the client was told last in this session; another value is news.
  log::Offset told_high_watermark = -1;
  log::Offset told_log_start = -1;
};

using FetchTargets = std::list<FetchTarget>;  // in the order in which they are served

class FetchSession {
 public:
  FetchSession(std::int32_t id, bool by_topic_id) : id_(id), by_topic_id_(by_topic_id) {}

  std::int32_t id() const { return id_; }

 private:
  friend class FetchSessions;
  friend class FetchContext;
  using Key = std::pair<std::pair<std::string, log::TopicId>, std::int32_t>;

  void add(FetchTarget target);
  void update(const FetchTarget& target);
  void forget(const Key& key);
  static Key key_of(const FetchTarget& target);

  const std::int32_t id_;
  const bool by_topic_id_;
  std::int32_t epoch_ = 1;  // of the next request
  bool busy_ = false;
  std::int64_t last_used_boot_ms_ = 0;
  FetchTargets targets_;
  std::map<Key, FetchTargets::iterator> by_key_;
};

// What one request works on: the targets, and what of the answer is news.
class FetchContext {
 public:
  protocol::ErrorCode error = protocol::ErrorCode::kNone;
  std::int32_t session_id = 0;  // for the answer

  bool incremental() const { return incremental_; }
  FetchTargets& targets() { return session_ ? session_->targets_ : own_targets_; }

 private:
  friend class FetchSessions;
  std::shared_ptr<FetchSession> session_;
  bool incremental_ = false;
  FetchTargets own_targets_;
};

class FetchSessions {
 public:
  FetchSessions(const BrokerOptions& options, log::Env env, BrokerStats& stats)
      : options_(options), env_(env), stats_(stats) {}

  // `error` of the result says why there is none. release() must follow.
  FetchContext open(const protocol::FetchRequest& request, std::int16_t version);
  // Partitions that sent records go last next time, so that each gets its turn.
  void rotate(FetchContext& context, const std::vector<FetchTarget*>& served);
  void release(FetchContext& context);

 private:
  std::shared_ptr<FetchSession> create(FetchTargets targets, bool by_topic_id);
  void resume(const protocol::FetchRequest& request, std::int16_t version, FetchContext& context);
  bool make_room(std::size_t partitions);
  void remove(std::int32_t id);
  std::int32_t unused_id();

  const BrokerOptions& options_;
  log::Env env_;
  BrokerStats& stats_;
  std::mutex mutex_;
  std::map<std::int32_t, std::shared_ptr<FetchSession>> sessions_;
  std::size_t partitions_ = 0;  // of all sessions
};

}  // namespace orloj::broker
