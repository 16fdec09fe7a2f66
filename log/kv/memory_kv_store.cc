#include "log/kv/memory_kv_store.h"

#include <map>
#include <mutex>
#include <utility>

namespace orloj::log {
namespace {

using Entries = std::map<std::string, std::string, std::less<>>;

class MemoryKvStore final : public KvStore {
 public:
  Result<std::optional<std::string>> get(std::string_view key) const override {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    return found == entries_.end() ? std::nullopt : std::optional(found->second);
  }

  Status write(const KvBatch& batch, KvSync) override {
    const std::lock_guard lock(mutex_);
    for (const KvBatch::Step& step : batch.steps()) {
      switch (step.kind) {
        case KvBatch::Kind::kPut:
          entries_.insert_or_assign(step.key, step.value);
          break;
        case KvBatch::Kind::kDelete:
          entries_.erase(step.key);
          break;
        case KvBatch::Kind::kDeleteRange:
          if (step.key < step.value) {
            entries_.erase(entries_.lower_bound(step.key), entries_.lower_bound(step.value));
          }
          break;
      }
    }
    return {};
  }

  Status scan(const KvRange& range, const Visitor& visit) const override {
    for (const auto& [key, value] : copy(range)) {
      if (visit(key, value) == KvVisit::kStop) {
        break;
      }
    }
    return {};
  }

  Status flush() override { return {}; }

 private:
  Entries copy(const KvRange& range) const {
    const std::lock_guard lock(mutex_);
    if (!range.below.empty() && range.below <= range.from) {
      return {};
    }
    return {entries_.lower_bound(range.from),
            range.below.empty() ? entries_.end() : entries_.lower_bound(range.below)};
  }

  mutable std::mutex mutex_;
  Entries entries_;
};

}  // namespace

std::unique_ptr<KvStore> make_memory_kv_store() {
  return std::make_unique<MemoryKvStore>();
}

}  // namespace orloj::log
