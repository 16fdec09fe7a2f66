// What LogStore::open does before anything serves: find the directories, replay the journal,
// recover every log.
#pragma once

#include <string>
#include <vector>

#include "log/data_directory.h"
#include "log/journal_writer.h"
#include "log/log_store.h"
#include "log/recovery.h"

namespace orloj::log {

struct RecoveredPartition {
  PartitionSpec spec;
  Partition::Parts parts;
};

struct StoreRecovery {
  std::vector<RecoveredPartition> partitions;
  JournalStart journal;
  RecoveryReport report;
  std::vector<std::string> trash;  // paths of directories to be unlinked
  std::string cluster_id;          // empty on the first start
};

// Errors: kCorrupt when the catalogue, the journal and the directories contradict each other in a
// way that could lose records.
Result<StoreRecovery> recover_store(Env& env, const LogOptions& options, const CatalogFacts& facts,
                                    const DataDirectory& directory);

PartitionSpec partition_spec(const LogOptions& options, const KnownTopic& topic,
                             std::int32_t partition);

// Moves a directory out of the way, durably; returns its new path.
Result<std::string> rename_to_trash(Env& env, const std::string& data_dir,
                                    const std::string& directory_name);

}  // namespace orloj::log
