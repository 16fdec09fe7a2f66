// Consumer groups of this node: the front of the room for the group APIs.
//
// Groups are spread over the partitions of __consumer_offsets as Kafka spreads them; each partition
// is a shard with its own mutex. A request is decided by the pure state machine (group/group.h),
// its records are appended to the shard's partition, and what depends on them is answered and shown
// to readers only once they are durable (design §1.3).
//
// Thread-safe. No call blocks on the disk (OffsetFetch, DescribeGroups and ListGroups read memory).
// Callbacks are called exactly once, from any thread, possibly before the call returns, never with
// a lock held; after stop() the answer is kCoordinatorNotAvailable. One thread of its own creates
// the offsets topic on first use and loads shards.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/catalog.h"
#include "coordinator/group/group_types.h"
#include "coordinator/options.h"
#include "log/env/env.h"
#include "log/partition.h"

namespace orloj::coordinator {

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";

// How __consumer_offsets is created: internal, compacted, durable, offsets.topic.* settings.
NewTopic offsets_topic(const GroupOptions& options);

// The same durability for a topic that was created without one of its own. To be called before the
// logs are opened.
Status pin_offsets_durability(Catalog& catalog);

struct GroupCoordinatorStats {
  std::int64_t groups = 0;
  std::int64_t offsets = 0;
  std::int64_t members = 0;
  std::int64_t rebalances_total = 0;
  std::int64_t commits_total = 0;  // partitions committed
  std::int64_t expired_offsets_total = 0;
  std::int64_t loading_shards = 0;
};

class GroupCoordinator {
 public:
  // All partitions of __consumer_offsets, in order; creates the topic (Catalog::create with
  // offsets_topic()) when `create` asks for it, else an empty answer means "does not exist". Called
  // on the coordinator's own thread; may block.
  enum class IfMissing : std::uint8_t { kLeave, kCreate };
  using OpenOffsetsTopic =
      std::function<Result<std::vector<std::shared_ptr<log::Partition>>>(IfMissing)>;

  // Whether the catalogue holds a topic of this name and, unless it is zero, this id. Called with
  // locks held, from any thread.
  using TopicExists = std::function<bool(std::string_view name, const log::TopicId& id)>;

  struct Surroundings {
    OpenOffsetsTopic open_offsets_topic;
    TopicExists topic_exists;
    // Gets one line for each thing an operator must see (the offsets topic cannot be opened, a
    // partition of it cannot be read); any thread.
    std::function<void(const std::string&)> alarm;
  };
  static std::unique_ptr<GroupCoordinator> create(log::Env& env, const GroupOptions& options,
                                                  Surroundings surroundings);
  virtual ~GroupCoordinator() = default;

  // Starts the loading thread; loads __consumer_offsets if it exists. Once, before any request.
  virtual void start() = 0;
  // Answers what waits, joins the thread. Idempotent.
  virtual void stop() = 0;

  // Calls back when groups can be served: creates and loads the offsets topic first if need be.
  // FindCoordinator uses it, so that the first consumer of a new broker is not sent away.
  virtual void prepare(std::function<void(GroupError)> done) = 0;
  // The partition of __consumer_offsets that a group lives in: abs(Java hash code) mod partitions.
  virtual std::int32_t partition_for(std::string_view group_id) const = 0;

  virtual void join(JoinRequest request, std::function<void(JoinResponse)> done) = 0;
  virtual void sync(SyncRequest request, std::function<void(SyncResponse)> done) = 0;
  virtual GroupError heartbeat(const HeartbeatRequest& request) = 0;
  virtual void leave(LeaveRequest request, std::function<void(LeaveResponse)> done) = 0;

  // Offsets belong to a topic, not to a name: what was committed for a topic that is gone is not
  // found under a new one of the same name, nor is it committed any more (no result in the answer).
  virtual void commit_offsets(OffsetCommitRequest request,
                              std::function<void(OffsetCommitResponse)> done) = 0;
  virtual OffsetFetchResponse fetch_offsets(const OffsetFetchRequest& request) const = 0;
  virtual void delete_offsets(OffsetDeleteRequest request,
                              std::function<void(OffsetDeleteResponse)> done) = 0;

  virtual DescribedGroup describe(std::string_view group_id) const = 0;
  virtual ListGroupsResponse list(const ListGroupsRequest& request) const = 0;
  virtual void delete_group(std::string group_id, std::function<void(GroupError)> done) = 0;

  // The topic was deleted: its committed offsets go, in every group.
  virtual void on_topic_deleted(const std::string& topic) = 0;

  // Does what is due (session and rebalance time-outs, offset retention) by the clock of `env`.
  virtual void tick() = 0;
  // The next instant (log::Clock::boot_ms) at which tick() has something to do; INT64_MAX: none.
  // It may move closer with any request: tick at least every 100 ms, or look after each request.
  virtual std::int64_t next_deadline_boot_ms() const = 0;

  virtual GroupCoordinatorStats stats() const = 0;
};

}  // namespace orloj::coordinator
