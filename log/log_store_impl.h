// The inside of LogStore, shared by log_store*.cc only.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "log/data_directory.h"
#include "log/flush_threads.h"
#include "log/journal_writer.h"
#include "log/log_store.h"
#include "log/store_recovery.h"

namespace orloj::log {

class LogStoreImpl final : public LogStore {
 public:
  LogStoreImpl(Env& env, const LogOptions& options, DataDirectory directory,
               std::function<void(const Error&)> fatal);
  ~LogStoreImpl() override;

  Status start(const CatalogFacts& facts);

  const RecoveryReport& recovery() const override { return report_; }
  const std::string& cluster_id() const override { return cluster_id_; }
  Result<std::vector<std::shared_ptr<Partition>>> create_topic(const KnownTopic& topic) override;
  Status delete_topic(const TopicId& id) override;
  std::vector<TopicId> releasable_tombstones() const override;
  void forget_tombstones(const std::vector<TopicId>& forgotten) override;
  std::shared_ptr<Partition> find(const PartitionId& id) const override;
  std::vector<std::shared_ptr<Partition>> all() const override;
  void set_config(const TopicId& id, const TopicLogConfig& config) override;
  DiskSpace disk_space() const override { return disk_space_; }
  void start_background() override;
  Status close() override;

 private:
  struct Trash {
    std::string path;
    std::int64_t due_ms = 0;  // boot time
  };
  // A deleted topic whose frames may still be replayed.
  struct Deletion {
    TopicId id;
    std::uint64_t checkpoint = 0;  // number of the latest one that had started when it was deleted
  };
  // When the background thread does what next, in boot time.
  struct Timetable {
    std::int64_t retention_ms = 0;
    std::int64_t compaction_ms = 0;
  };

  Status open_partitions(std::vector<RecoveredPartition> recovered);
  void watch_flushes(const std::shared_ptr<Partition>& partition);
  void fail(const Error& error);

  Result<std::vector<std::shared_ptr<Partition>>> make_topic(const KnownTopic& topic);
  Status remove_topic(const TopicId& id);
  Result<std::shared_ptr<Partition>> create_partition(const KnownTopic& topic, std::int32_t index);
  Result<std::shared_ptr<Partition>> fill_directory(const PartitionSpec& spec);
  void take_back(const PartitionSpec& spec);
  Status clear_place(const PartitionSpec& spec);
  Result<bool> holds_no_records(const std::string& directory) const;
  void discard_later(std::string path);

  void look_at_disk_space();
  void run_background();
  void run_due(Timetable& timetable);
  void check(const Status& status);
  void unlink_due(std::int64_t now_ms);
  void stop_background();

  Env env_;
  const LogOptions options_;
  std::function<void(const Error&)> fatal_;
  std::once_flag failed_;
  std::optional<DataDirectory> directory_;  // gone once the lock is released
  RecoveryReport report_;
  std::string cluster_id_;
  std::unique_ptr<JournalWriter> journal_;

  std::mutex topics_mutex_;  // one create or delete at a time; taken before the other one
  mutable std::shared_mutex mutex_;
  std::unordered_map<PartitionId, std::shared_ptr<Partition>> partitions_;
  std::vector<Deletion> deletions_;
  std::vector<TopicId> passed_;  // tombstones that the journal has passed

  std::atomic<DiskSpace> disk_space_ = DiskSpace::kEnough;
  std::mutex background_mutex_;
  std::condition_variable background_wake_;
  std::vector<Trash> trash_;
  bool stopping_ = false;
  std::thread background_;
  FlushThreads flush_threads_{[this](const Status& status) { check(status); }};
};

}  // namespace orloj::log
