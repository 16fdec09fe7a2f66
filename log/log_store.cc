// Start and stop of LogStore; topics are in log_store_topics.cc, background work in
// log_store_background.cc.
#include "log/log_store.h"

#include <algorithm>
#include <utility>

#include "log/crash_point.h"
#include "log/log_store_impl.h"

namespace orloj::log {

Result<std::unique_ptr<LogStore>> LogStore::open(Env& env, const LogOptions& options,
                                                 const ReadFacts& read_facts,
                                                 std::function<void(const Error&)> fatal) {
  auto directory = DataDirectory::open(env, options.data_dir);
  if (directory.has_error()) {
    return directory.error();
  }
  const auto facts = read_facts();
  if (facts.has_error()) {
    return facts.error();
  }
  auto store =
      std::make_unique<LogStoreImpl>(env, options, *std::move(directory), std::move(fatal));
  if (const Status started = store->start(*facts); !started) {
    return started.error();
  }
  return std::unique_ptr<LogStore>(std::move(store));
}

LogStoreImpl::LogStoreImpl(Env& env, const LogOptions& options, DataDirectory directory,
                           std::function<void(const Error&)> fatal)
    : env_(env), options_(options), fatal_(std::move(fatal)), directory_(std::move(directory)) {
}

LogStoreImpl::~LogStoreImpl() {
  stop_background();
  for (const auto& partition : all()) {
    partition->close();
  }
  if (journal_) {
    (void)journal_->stop();
  }
}

void LogStoreImpl::fail(const Error& error) {
  std::call_once(failed_, [&] { fatal_(error); });
}

Status LogStoreImpl::start(const CatalogFacts& facts) {
  auto recovered = recover_store(env_, options_, facts, *directory_);
  if (recovered.has_error()) {
    return recovered.error();
  }
  report_ = std::move(recovered->report);
  cluster_id_ = std::move(recovered->cluster_id);
  if (Status made = env_.files().create_directories(recovered->journal.directory); !made) {
    return made;
  }
  if (Status synced = env_.files().sync_directory(options_.data_dir); !synced) {
    return synced;
  }
  auto journal = JournalWriter::open(env_, options_, std::move(recovered->journal),
                                     [this](const Error& error) { fail(error); });
  if (journal.has_error()) {
    return journal.error();
  }
  journal_ = *std::move(journal);
  report_.messages.push_back(journal_->mode() == WriteThrough::kDirect
                                 ? "the journal is written with O_DIRECT and O_DSYNC"
                                 : "the journal is written through the page cache with O_DSYNC: "
                                   "its file system has no O_DIRECT");
  if (Status opened = open_partitions(std::move(recovered->partitions)); !opened) {
    return opened;
  }
  env_.reached(crash_point::kRecoveryBeforeCheckpoint);
  if (Status checkpointed = journal_->checkpoint(); !checkpointed) {
    return checkpointed;
  }
  if (cluster_id_.empty()) {
    auto created = directory_->create_meta(options_.node_id);
    if (created.has_error()) {
      return created.error();
    }
    cluster_id_ = *std::move(created);
  }
  passed_ = facts.tombstones;
  for (std::string& path : recovered->trash) {
    discard_later(std::move(path));
  }
  return {};
}

Status LogStoreImpl::open_partitions(std::vector<RecoveredPartition> recovered) {
  for (RecoveredPartition& one : recovered) {
    const PartitionId id = one.spec.id;
    auto partition = Partition::open(env_, *journal_, std::move(one.spec), std::move(one.parts),
                                     options_, report_.clean_stop);
    if (partition.has_error()) {
      return partition.error();
    }
    watch_flushes(*partition);
    const std::unique_lock lock(mutex_);
    partitions_[id] = *std::move(partition);
  }
  return {};
}

void LogStoreImpl::watch_flushes(const std::shared_ptr<Partition>& partition) {
  partition->on_flush_due(
      [this, weak = std::weak_ptr(partition)] { flush_threads_.request(weak); });
}

std::shared_ptr<Partition> LogStoreImpl::find(const PartitionId& id) const {
  const std::shared_lock lock(mutex_);
  const auto found = partitions_.find(id);
  return found == partitions_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Partition>> LogStoreImpl::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::shared_ptr<Partition>> partitions;
  partitions.reserve(partitions_.size());
  for (const auto& [id, partition] : partitions_) {
    partitions.push_back(partition);
  }
  return partitions;
}

void LogStoreImpl::set_config(const TopicId& id, const TopicLogConfig& config) {
  for (const auto& partition : all()) {
    if (partition->spec().id.topic_id == id) {
      partition->set_config(config);
    }
  }
}

Status LogStoreImpl::close() {
  if (!directory_) {
    return {};
  }
  stop_background();
  for (const auto& partition : all()) {
    if (Status closed = partition->close_clean(); !closed) {
      return closed;
    }
  }
  if (Status checkpointed = journal_->checkpoint(); !checkpointed) {
    return checkpointed;
  }
  if (Status stopped = journal_->stop(); !stopped) {
    return stopped;
  }
  env_.reached(crash_point::kCloseBeforeCleanMarker);
  if (Status written = directory_->write_clean_marker(); !written) {
    return written;
  }
  directory_.reset();
  return {};
}

}  // namespace orloj::log
