// Producer ids for InitProducerId: unique for the life of the cluster, never handed out twice, also
// not across kill -9.
//
// Ids are claimed from the metadata store in blocks of CoordinatorOptions::producer_id_block and
// lie below log::kFirstReservedProducerId. What a crash leaves of a block is never used. A producer
// without a transactional id gets a fresh id with epoch 0 each time it asks, also when it presents
// an old one (KIP-360): its sequences start again.
#pragma once

#include <memory>
#include <mutex>

#include "coordinator/error.h"
#include "coordinator/metadata_store.h"
#include "log/types.h"

namespace orloj::coordinator {

class ProducerIds {
 public:
  // `store` outlives this.
  ProducerIds(MetadataStore& store, std::int64_t block);

  // Thread-safe. Blocks on the metadata store once a block. Errors: kStore, kCorrupt, kTooLarge.
  Result<log::ProducerId> next();

 private:
  Status claim_block();

  MetadataStore& store_;
  const std::int64_t block_;
  std::mutex mutex_;
  log::ProducerId next_ = 0;
  log::ProducerId end_ = 0;
};

}  // namespace orloj::coordinator
