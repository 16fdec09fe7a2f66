// The metadata store in memory: the twin of the durable ones for tests. Forgets all at the end.
#pragma once

#include "coordinator/embedded_metadata_store.h"

namespace orloj::coordinator {

class MemoryMetadataStore : public EmbeddedMetadataStore {
 public:
  explicit MemoryMetadataStore(const CoordinatorOptions& options = {})
      : EmbeddedMetadataStore(options) {}

 private:
  Status persist(const std::vector<EntryChange>&, Revision) override { return {}; }
};

}  // namespace orloj::coordinator
