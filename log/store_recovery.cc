#include "log/store_recovery.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "log/crash_point.h"
#include "log/journal_reader.h"
#include "log/journal_replay.h"
#include "log/partition_spec.h"

namespace orloj::log {

PartitionSpec partition_spec(const LogOptions& options, const KnownTopic& topic,
                             std::int32_t partition) {
  return {{topic.topic_id, partition},
          topic.name,
          join_path(options.data_dir, partition_directory_name(topic.name, partition)),
          topic.config};
}

Result<std::string> rename_to_trash(Env& env, const std::string& data_dir,
                                    const std::string& directory_name) {
  const std::string trash =
      join_path(data_dir, trash_name(directory_name, env.random().next_u64()));
  if (const Status renamed = env.files().rename(join_path(data_dir, directory_name), trash);
      !renamed) {
    return renamed.error();
  }
  if (const Status synced = env.files().sync_directory(data_dir); !synced) {
    return synced.error();
  }
  return trash;
}

namespace {

class StoreRecoverer {
 public:
  StoreRecoverer(Env& env, const LogOptions& options, const CatalogFacts& facts,
                 const DataDirectory& directory)
      : env_(env), options_(options), facts_(facts), directory_(directory) {}

  Result<StoreRecovery> run();

 private:
  Status read_identity();
  Status find_directories();
  Status check_directory(const std::string& name, const PartitionName& parsed);
  Status check_nothing_is_missing() const;
  Result<std::optional<std::string>> locate(const LogId& id) const;
  Status check_every_log_is_known(const CheckpointPayload& checkpoint) const;
  Status replay_journal();
  Status recover_partition(const KnownTopic& topic, std::int32_t partition);
  Result<std::unique_ptr<SegmentedLog>> recover(const PartitionSpec& partition, LogKind kind);
  void say(std::string message) { out_.report.messages.push_back(std::move(message)); }

  Env& env_;
  const LogOptions& options_;
  const CatalogFacts& facts_;
  const DataDirectory& directory_;
  StoreRecovery out_;
  std::unordered_map<TopicId, const KnownTopic*> by_id_;
  std::unordered_map<std::string, const KnownTopic*> by_name_;
  std::unordered_set<TopicId> tombstones_;
  std::unordered_set<PartitionId> found_;
  std::optional<JournalReplay> replay_;
};

Status StoreRecoverer::read_identity() {
  const auto cluster_id = directory_.read_meta(options_.node_id);
  if (cluster_id.has_error()) {
    return cluster_id.error();
  }
  if (!cluster_id->has_value() && !facts_.topics.empty()) {
    return Error{ErrorCode::kCorrupt, directory_.path() +
                                          " has no meta.properties, but topics are known; restore "
                                          "the data directory from a copy"};
  }
  out_.cluster_id = cluster_id->value_or("");
  const auto clean = directory_.take_clean_marker();
  if (clean.has_error()) {
    return clean.error();
  }
  out_.report.clean_stop = *clean;
  env_.reached(crash_point::kCleanMarkerRemoved);
  for (const KnownTopic& topic : facts_.topics) {
    by_id_[topic.topic_id] = &topic;
    by_name_[topic.name] = &topic;
  }
  tombstones_.insert(facts_.tombstones.begin(), facts_.tombstones.end());
  return {};
}

Status StoreRecoverer::check_directory(const std::string& name, const PartitionName& parsed) {
  const auto id = read_partition_metadata(env_, join_path(directory_.path(), name));
  const auto known = by_name_.find(parsed.topic);
  if (id.has_value() && known != by_name_.end() && known->second->topic_id == *id &&
      parsed.partition < known->second->partition_count) {
    found_.insert({*id, parsed.partition});
    return {};
  }
  if (id.has_value() && tombstones_.contains(*id)) {
    auto trash = rename_to_trash(env_, directory_.path(), name);
    if (trash.has_error()) {
      return trash.error();
    }
    out_.trash.push_back(*std::move(trash));
    return {};
  }
  say("directory " + name + " belongs to no known topic and is left alone" +
      (id.has_error() ? ": " + id.error().message : ""));
  return {};
}

Status StoreRecoverer::find_directories() {
  const auto entries = env_.files().list(directory_.path());
  if (entries.has_error()) {
    return entries.error();
  }
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.is_directory) {
      continue;
    }
    if (is_trash_name(entry.name)) {
      out_.trash.push_back(join_path(directory_.path(), entry.name));
    } else if (const auto parsed = parse_partition_directory_name(entry.name)) {
      if (Status checked = check_directory(entry.name, *parsed); !checked) {
        return checked;
      }
    }
  }
  return check_nothing_is_missing();
}

Status StoreRecoverer::check_nothing_is_missing() const {
  for (const KnownTopic& topic : facts_.topics) {
    for (std::int32_t i = 0; i < topic.partition_count; ++i) {
      if (!found_.contains({topic.topic_id, i})) {
        return Error{ErrorCode::kCorrupt,
                     "the directory " +
                         join_path(directory_.path(), partition_directory_name(topic.name, i)) +
                         " of topic id " + topic.topic_id.to_string() +
                         " is missing or belongs to another topic; restore it from a copy"};
      }
    }
  }
  return {};
}

Result<std::optional<std::string>> StoreRecoverer::locate(const LogId& id) const {
  if (found_.contains({id.topic_id, id.partition})) {
    const PartitionSpec spec = partition_spec(options_, *by_id_.at(id.topic_id), id.partition);
    return std::optional(log_spec(options_, spec, id.kind).directory);
  }
  if (tombstones_.contains(id.topic_id)) {
    return std::optional<std::string>();
  }
  return Error{ErrorCode::kCorrupt,
               "the journal holds records of topic id " + id.topic_id.to_string() + ", partition " +
                   std::to_string(id.partition) +
                   ", which the catalogue neither knows nor has deleted; the metadata store and "
                   "the data directory do not belong together: restore both from one copy"};
}

// A catalogue that is lost looks like an empty one. A log without records may be of a topic whose
// creation was not committed.
Status StoreRecoverer::check_every_log_is_known(const CheckpointPayload& checkpoint) const {
  for (const LogFacts& facts : checkpoint.logs) {
    if (facts.log_start == 0 && facts.synced_end == 0) {
      continue;
    }
    if (const auto place = locate(facts.log); place.has_error()) {
      return place.error();
    }
  }
  return {};
}

Status StoreRecoverer::replay_journal() {
  const std::string path = directory_.journal_path();
  const auto reader = JournalReader::open(env_, path);
  if (reader.has_error()) {
    return reader.error();
  }
  if (reader->is_fresh() && !out_.cluster_id.empty()) {
    return Error{ErrorCode::kCorrupt,
                 path +
                     " is gone or empty; records that were acknowledged may "
                     "have been in it. Restore the data directory from a copy"};
  }
  if (Status known = check_every_log_is_known(reader->checkpoint()); !known) {
    return known;
  }
  replay_.emplace(env_, reader->checkpoint(), [this](const LogId& id) { return locate(id); });
  const Status replayed =
      reader->replay([this](const DecodedFrame& frame) { return replay_->apply(frame); });
  if (!replayed) {
    return replayed;
  }
  if (Status finished = replay_->finish(); !finished) {
    return finished;
  }
  out_.report.journal_frames_replayed = replay_->frames_applied();
  out_.journal.directory = path;
  out_.journal.found = reader->found();
  env_.reached(crash_point::kRecoveryAfterReplay);
  return {};
}

Result<std::unique_ptr<SegmentedLog>> StoreRecoverer::recover(const PartitionSpec& partition,
                                                              LogKind kind) {
  LogRecovery recovery;
  recovery.spec = log_spec(options_, partition, kind);
  const auto state = replay_->state_of(recovery.spec.id);
  recovery.last_stop = out_.report.clean_stop ? LastStop::kClean : LastStop::kUnclean;
  recovery.log_start = state.log_start;
  recovery.durable_end = state.durable_end;
  recovery.synced_end = state.synced_end;
  auto recovered = recover_log(env_, recovery);
  if (recovered.has_error()) {
    return recovered.error();
  }
  out_.report.bytes_truncated += recovered->bytes_truncated;
  for (std::string& message : recovered->messages) {
    say(std::move(message));
  }
  out_.journal.facts.push_back(
      {recovery.spec.id, recovered->log->start_offset(), recovered->log->end_offset()});
  return std::move(recovered->log);
}

Status StoreRecoverer::recover_partition(const KnownTopic& topic, std::int32_t partition) {
  RecoveredPartition recovered;
  recovered.spec = partition_spec(options_, topic, partition);
  auto data = recover(recovered.spec, LogKind::kData);
  if (data.has_error()) {
    return data.error();
  }
  recovered.parts.data = *std::move(data);
  const SegmentedLog::Spec schedule = log_spec(options_, recovered.spec, LogKind::kSchedule);
  const auto exists = env_.files().exists(schedule.directory);
  if (exists.has_error()) {
    return exists.error();
  }
  if (*exists) {
    auto log = recover(recovered.spec, LogKind::kSchedule);
    if (log.has_error()) {
      return log.error();
    }
    recovered.parts.schedule = *std::move(log);
  } else if (replay_->state_of(schedule.id).durable_end > 0) {
    return Error{ErrorCode::kCorrupt, schedule.directory +
                                          " is missing, although records were scheduled there; "
                                          "restore it from a copy"};
  }
  out_.partitions.push_back(std::move(recovered));
  return {};
}

Result<StoreRecovery> StoreRecoverer::run() {
  for (const auto step : {&StoreRecoverer::read_identity, &StoreRecoverer::find_directories,
                          &StoreRecoverer::replay_journal}) {
    if (Status done = (this->*step)(); !done) {
      return done.error();
    }
  }
  for (const KnownTopic& topic : facts_.topics) {
    for (std::int32_t i = 0; i < topic.partition_count; ++i) {
      if (Status recovered = recover_partition(topic, i); !recovered) {
        return recovered.error();
      }
    }
  }
  out_.report.partitions = static_cast<std::int64_t>(out_.partitions.size());
  return std::move(out_);
}

}  // namespace

Result<StoreRecovery> recover_store(Env& env, const LogOptions& options, const CatalogFacts& facts,
                                    const DataDirectory& directory) {
  return StoreRecoverer(env, options, facts, directory).run();
}

}  // namespace orloj::log
