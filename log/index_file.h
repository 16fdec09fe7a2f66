// The storage under the offset and the time index: rising entries of one size.
//
// While its segment is appended to, the entries are in memory and follow to the file in blocks; a
// sealed index lives in its file alone and is searched there. Derived data: rebuilt from the
// segment when absent or damaged.
//
// One writer at a time; lookups from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "log/env/env.h"
#include "log/error.h"

namespace orloj::log {

enum class IndexUse : std::uint8_t { kAppend, kLookup };

class IndexFile {
 public:
  static constexpr std::size_t kEntryBytesMax = 12;
  using Entry = std::array<std::byte, kEntryBytesMax>;  // the first entry_bytes are used

  // Makes the file, or empties it.
  static Result<std::unique_ptr<IndexFile>> create(FileSystem& files, const std::string& path,
                                                   std::size_t entry_bytes);
  // kNotFound when absent, kCorrupt when its size is no multiple of the entry's.
  static Result<std::unique_ptr<IndexFile>> open(FileSystem& files, const std::string& path,
                                                 std::size_t entry_bytes, IndexUse use);

  std::size_t count() const;
  // A block that cannot be written now stays in memory and is tried again later, at last by seal().
  void append(const Entry& entry);

  // The last entry for which `holds` is true, given that it is true for the first ones and false
  // for the rest.
  Result<std::optional<Entry>> last_where(const std::function<bool(const Entry&)>& holds) const;
  Result<std::optional<Entry>> last() const;

  // Whether each entry is below its follower, by `below`.
  Result<bool> rises(const std::function<bool(const Entry&, const Entry&)>& below) const;

  // Keeps the entries for which `keep` is true (the first ones); the index takes appends again.
  Status truncate_where(const std::function<bool(const Entry&)>& keep);

  // Writes what is missing in the file and gives the memory back.
  Status seal();
  Status sync() { return file_->sync_data(); }

 private:
  IndexFile(std::unique_ptr<File> file, std::size_t entry_bytes)
      : file_(std::move(file)), entry_bytes_(entry_bytes) {}

  Status load();
  Status save();
  Result<Entry> read(std::size_t index) const;
  Entry in_memory(std::size_t index) const;
  Result<std::size_t> count_where(const std::function<bool(const Entry&)>& holds) const;

  const std::unique_ptr<File> file_;
  const std::size_t entry_bytes_;
  mutable std::mutex mutex_;  // guards the three below
  std::vector<std::byte> memory_;
  bool in_memory_ = true;
  std::size_t count_ = 0;
  std::size_t saved_bytes_ = 0;  // writer only: this much of memory_ is in the file
};

}  // namespace orloj::log
