// Creation and deletion of topics: directories, trash, tombstones.
#include <algorithm>
#include <set>
#include <utility>

#include "log/crash_point.h"
#include "log/format.h"
#include "log/log_store_impl.h"
#include "log/partition_spec.h"
#include "log/recovery.h"

namespace orloj::log {

// True when no segment file in a partition's directory has a byte: what a creation leaves that was
// not committed to the catalogue.
Result<bool> LogStoreImpl::holds_no_records(const std::string& directory) const {
  const auto entries = env_.files().list(directory);
  if (entries.has_error()) {
    return entries.error();
  }
  for (const DirectoryEntry& entry : *entries) {
    const std::string path = join_path(directory, entry.name);
    if (entry.is_directory) {
      const auto empty = holds_no_records(path);
      if (empty.has_error() || !*empty) {
        return empty;
      }
      continue;
    }
    const auto name = format::parse_segment_file_name(entry.name);
    if (!name || !name->suffix.starts_with(format::kDataSuffix)) {
      continue;
    }
    const auto file = env_.files().open(path, OpenMode::kRead);
    if (file.has_error()) {
      return file.error();
    }
    const auto size = (*file)->size();
    if (size.has_error()) {
      return size.error();
    }
    if (*size > 0) {
      return false;
    }
  }
  return true;
}

Status LogStoreImpl::clear_place(const PartitionSpec& spec) {
  const auto exists = env_.files().exists(spec.directory);
  if (exists.has_error()) {
    return exists.error();
  }
  if (!*exists) {
    return {};
  }
  const auto empty = holds_no_records(spec.directory);
  if (empty.has_error()) {
    return empty.error();
  }
  if (!*empty) {
    return Error{ErrorCode::kCorrupt,
                 spec.directory + " holds records of a topic that is not known; move it away"};
  }
  auto trash = rename_to_trash(env_, options_.data_dir,
                               partition_directory_name(spec.topic, spec.id.partition));
  if (trash.has_error()) {
    return trash.error();
  }
  discard_later(*std::move(trash));
  return {};
}

Result<std::shared_ptr<Partition>> LogStoreImpl::create_partition(const KnownTopic& topic,
                                                                  std::int32_t index) {
  const PartitionSpec spec = partition_spec(options_, topic, index);
  if (const Status cleared = clear_place(spec); !cleared) {
    return cleared.error();
  }
  auto created = fill_directory(spec);
  if (created.has_error()) {
    take_back(spec);
  }
  return created;
}

Result<std::shared_ptr<Partition>> LogStoreImpl::fill_directory(const PartitionSpec& spec) {
  Partition::Parts parts;
  auto log = create_log(env_, log_spec(options_, spec, LogKind::kData), 0);
  if (log.has_error()) {
    return log.error();
  }
  parts.data = *std::move(log);
  if (const Status written = write_partition_metadata(env_, spec.directory, spec.id.topic_id);
      !written) {
    return written.error();
  }
  auto partition = Partition::open(env_, *journal_, spec, std::move(parts), options_, true);
  if (partition.has_value()) {
    watch_flushes(*partition);
  }
  return partition;
}

// Of a creation that failed nothing stays: the disk may be full, and no catalogue knows of it.
void LogStoreImpl::take_back(const PartitionSpec& spec) {
  journal_->forget(spec.id);
  Status removed = env_.files().remove_all(spec.directory);
  if (removed) {
    removed = env_.files().sync_directory(options_.data_dir);
  }
  check(removed);
}

Result<std::vector<std::shared_ptr<Partition>>> LogStoreImpl::create_topic(
    const KnownTopic& topic) {
  auto created = make_topic(topic);
  if (created.has_error()) {
    check(created.error());
  }
  return created;
}

Result<std::vector<std::shared_ptr<Partition>>> LogStoreImpl::make_topic(const KnownTopic& topic) {
  const std::lock_guard one_at_a_time(topics_mutex_);
  std::vector<std::shared_ptr<Partition>> partitions;
  std::vector<std::shared_ptr<Partition>> made;
  for (std::int32_t i = 0; i < topic.partition_count; ++i) {
    if (auto existing = find({topic.topic_id, i})) {
      partitions.push_back(std::move(existing));
      continue;
    }
    auto created = create_partition(topic, i);
    if (created.has_error()) {
      for (const auto& partition : made) {
        partition->close();
        take_back(partition->spec());
      }
      return created.error();
    }
    made.push_back(*created);
    partitions.push_back(*std::move(created));
  }
  env_.reached(crash_point::kCreateTopicAfterDirectory);
  const std::unique_lock lock(mutex_);
  for (const auto& partition : made) {
    partitions_[partition->spec().id] = partition;
  }
  return partitions;
}

Status LogStoreImpl::delete_topic(const TopicId& id) {
  Status deleted = remove_topic(id);
  check(deleted);
  return deleted;
}

Status LogStoreImpl::remove_topic(const TopicId& id) {
  env_.reached(crash_point::kDeleteAfterTombstone);
  const std::lock_guard one_at_a_time(topics_mutex_);
  std::vector<std::shared_ptr<Partition>> gone;
  {
    const std::unique_lock lock(mutex_);
    for (auto at = partitions_.begin(); at != partitions_.end();) {
      if (at->first.topic_id == id) {
        gone.push_back(std::move(at->second));
        at = partitions_.erase(at);
      } else {
        ++at;
      }
    }
  }
  for (const auto& partition : gone) {
    partition->close();
  }
  for (const auto& partition : gone) {
    const PartitionSpec& spec = partition->spec();
    auto trash = rename_to_trash(env_, options_.data_dir,
                                 partition_directory_name(spec.topic, spec.id.partition));
    if (trash.has_error()) {
      return trash.error();
    }
    discard_later(*std::move(trash));
  }
  env_.reached(crash_point::kDeleteAfterRename);
  // Only frames that are written already are behind the next checkpoint for sure.
  if (Status flushed = journal_->flush(); !flushed) {
    return flushed;
  }
  for (const auto& partition : gone) {
    journal_->forget(partition->spec().id);
  }
  const std::unique_lock lock(mutex_);
  deletions_.push_back({id, journal_->checkpoints_started()});
  return {};
}

std::vector<TopicId> LogStoreImpl::releasable_tombstones() const {
  const std::shared_lock lock(mutex_);
  std::vector<TopicId> ids = passed_;
  const std::uint64_t complete = journal_->last_complete_checkpoint();
  for (const Deletion& deletion : deletions_) {
    if (deletion.checkpoint < complete) {
      ids.push_back(deletion.id);
    }
  }
  return ids;
}

void LogStoreImpl::forget_tombstones(const std::vector<TopicId>& forgotten) {
  const std::set<TopicId> ids(forgotten.begin(), forgotten.end());
  const std::unique_lock lock(mutex_);
  std::erase_if(passed_, [&ids](const TopicId& id) { return ids.contains(id); });
  std::erase_if(deletions_, [&ids](const Deletion& deletion) { return ids.contains(deletion.id); });
}

void LogStoreImpl::discard_later(std::string path) {
  const std::int64_t due = env_.clock().boot_ms() + options_.file_delete_delay_ms;
  const std::lock_guard lock(background_mutex_);
  trash_.push_back({std::move(path), due});
  background_wake_.notify_one();
}

}  // namespace orloj::log
