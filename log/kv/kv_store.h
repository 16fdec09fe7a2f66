// An ordered key-value store: metadata, and the indexes that are derived from logs. Keys order by
// their bytes.
//
// Thread-safe. Errors: kIo and kNoSpace when the store can take no more writes (it stays readable;
// the process should stop when it holds truth), kCorrupt when stored bytes are damaged, kLocked
// when another process has it open.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/error.h"

namespace orloj::log {

// What is put and deleted together: all of it or, after a crash, nothing.
class KvBatch {
 public:
  enum class Kind : std::uint8_t { kPut, kDelete, kDeleteRange };
  struct Step {
    Kind kind;
    std::string key;
    std::string value;  // of kPut; the end of the range, exclusive, of kDeleteRange
  };

  void put(std::string key, std::string value) {
    steps_.push_back({Kind::kPut, std::move(key), std::move(value)});
  }
  void remove(std::string key) { steps_.push_back({Kind::kDelete, std::move(key), {}}); }
  // Keys in [from, below).
  void remove_range(std::string from, std::string below) {
    steps_.push_back({Kind::kDeleteRange, std::move(from), std::move(below)});
  }

  const std::vector<Step>& steps() const { return steps_; }
  bool empty() const { return steps_.empty(); }
  void clear() { steps_.clear(); }

 private:
  std::vector<Step> steps_;
};

enum class KvSync : std::uint8_t {
  kNone,     // survives kill -9 when the store has a WAL
  kDurable,  // survives a power cut; only for stores with a WAL
};

// Keys in [from, below); an empty `below` is no bound.
struct KvRange {
  std::string from;
  std::string below;
};

// What a visit wants next.
enum class KvVisit : std::uint8_t { kContinue, kStop };

class KvStore {
 public:
  virtual ~KvStore() = default;

  // nullopt when the key is absent.
  virtual Result<std::optional<std::string>> get(std::string_view key) const = 0;

  virtual Status write(const KvBatch& batch, KvSync sync) = 0;

  // Calls `visit` for the keys of the range in order; the views are good during the call. Sees a
  // state of one moment; `visit` may write to the store.
  using Visitor = std::function<KvVisit(std::string_view key, std::string_view value)>;
  virtual Status scan(const KvRange& range, const Visitor& visit) const = 0;

  // Writes what is in memory to files and syncs them; for stores without a WAL, before a clean
  // stop.
  virtual Status flush() = 0;
};

// The smallest key above all keys that start with `prefix`; empty (no bound) when there is none.
std::string after_prefix(std::string_view prefix);

}  // namespace orloj::log
