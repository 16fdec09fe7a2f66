// All partitions of a data directory: opening and recovery, creation and deletion, background work,
// clean stop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "log/env/env.h"
#include "log/error.h"
#include "log/options.h"
#include "log/partition.h"
#include "log/types.h"

namespace orloj::log {

// What the catalogue says exists. Nothing is inferred from absence: a directory that is not listed
// is left alone and reported; a journal frame of a topic that is neither known nor in tombstones
// stops the start (log-protocol §3).
struct KnownTopic {
  TopicId topic_id;
  std::string name;
  std::int32_t partition_count = 0;
  TopicLogConfig config;
};

struct CatalogFacts {
  std::vector<KnownTopic> topics;
  std::vector<TopicId> tombstones;
};

struct RecoveryReport {
  bool clean_stop = false;
  std::int64_t journal_frames_replayed = 0;
  std::int64_t bytes_truncated = 0;
  std::int64_t partitions = 0;
  std::vector<std::string> messages;  // one line a noteworthy event, for the operator's log
};

class LogStore {
 public:
  // Takes the lock of the data directory (kLocked names the holder), only then asks for the facts
  // (the catalogue lies below the same lock), checks meta.properties (kUnsupportedFormat when
  // newer), replays the journal, recovers every log of the facts, checkpoints, then serves. `fatal`
  // is called once, from any thread, when a write or sync failed and the process must stop.
  using ReadFacts = std::function<Result<CatalogFacts>()>;
  static Result<std::unique_ptr<LogStore>> open(Env& env, const LogOptions& options,
                                                const ReadFacts& read_facts,
                                                std::function<void(const Error&)> fatal);
  virtual ~LogStore() = default;

  virtual const RecoveryReport& recovery() const = 0;
  virtual const std::string& cluster_id() const = 0;  // from meta.properties, made once

  // Directories are made and synced before it returns; the caller then commits the topic to the
  // catalogue, and only then appends (log-protocol §3). Partitions that are there already stay as
  // they are, so it is idempotent for the same id and also makes those that a grown topic lacks.
  // After an error nothing of what it made is left.
  virtual Result<std::vector<std::shared_ptr<Partition>>> create_topic(const KnownTopic& topic) = 0;
  // The tombstone is in the catalogue already: closes the partitions, renames to trash, unlinks
  // later.
  virtual Status delete_topic(const TopicId& id) = 0;
  // Tombstones that the journal has passed: the catalogue may forget them.
  virtual std::vector<TopicId> releasable_tombstones() const = 0;
  // The catalogue has forgotten them, so they need not be named again.
  virtual void forget_tombstones(const std::vector<TopicId>& forgotten) = 0;

  virtual std::shared_ptr<Partition> find(const PartitionId& id) const = 0;  // null when unknown
  virtual std::vector<std::shared_ptr<Partition>> all() const = 0;
  // As of the last look, about a second ago; before start_background(): kEnough.
  virtual DiskSpace disk_space() const = 0;
  virtual void set_config(const TopicId& id, const TopicLogConfig& config) = 0;

  // Looks at the free space, then starts the background thread (retention, compaction, checkpoints,
  // trash).
  virtual void start_background() = 0;
  // Clean stop: background off, every log closed clean, checkpoint, clean marker, lock released.
  virtual Status close() = 0;
};

}  // namespace orloj::log
