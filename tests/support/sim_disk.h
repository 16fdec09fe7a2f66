// A disk in memory that forgets what was not synced: the faulty twin of the file system in log/env.
//
// Bytes are durable after sync_data, names after sync_directory. A power cut keeps what is durable,
// and of the rest a random part: each unsynced write whole, torn at a random byte, or not at all;
// of the unsynced changes of names a random prefix in the order they were made (as journaling file
// systems do). All chance comes from the seed. Thread-safe. Handles of before a crash fail for
// ever.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "log/env/env.h"

namespace orloj::test {

enum class SimCall : std::uint8_t {
  kOpen,
  kWrite,
  kRead,
  kTruncate,
  kAllocate,
  kSync,
  kRename,
  kRemove,
  kSyncDirectory,
};
inline constexpr std::size_t kSimCalls = 9;

enum class SimFault : std::uint8_t {
  kIoError,  // the call does nothing; a sync loses what it was to make durable, though it can still
             // be read
  kNoSpace,  // the call does nothing
  kShortWrite,  // half of a write lands, then no space
  kLostWrite,   // a write-through write fails, though what it wrote can still be read
  kPowerCut,    // the call does nothing, the power goes: every later call fails until restart()
};

struct SimFaultPlan {
  SimCall call = SimCall::kWrite;
  std::int64_t nth = 1;  // from now on; 1 is the next one
  SimFault fault = SimFault::kIoError;
  std::string path_contains = {};  // only calls on such paths count
};

class SimDisk final : public log::FileSystem {
 public:
  explicit SimDisk(std::uint64_t seed);
  ~SimDisk() override;

  // Faults fire once each.
  void inject(SimFaultPlan plan);
  // The power goes at the n-th visit of a crash point.
  void arm(std::string crash_point, std::int64_t nth);
  // Takes back what inject() and arm() planned and has not happened yet.
  void disarm();
  void set_capacity(std::uint64_t bytes);
  void set_write_through(log::WriteThrough mode);
  // Whether the page cache is said to hold what is read; false until told otherwise.
  void set_cached(bool cached);
  std::int64_t calls(SimCall call) const;
  bool power_is_off() const;

  // The process dies; the page cache stays.
  void kill_process();
  // The power goes now (if it did not yet) and comes back: what had not reached the disk is lost as
  // said above.
  void restart_after_power_cut();

  log::Result<std::unique_ptr<log::File>> open(const std::string& path,
                                               log::OpenMode mode) override;
  log::Result<log::WriteThroughFile> open_write_through(const std::string& path) override;
  log::Status create_directories(const std::string& path) override;
  log::Result<std::vector<log::DirectoryEntry>> list(const std::string& path) override;
  log::Result<bool> exists(const std::string& path) override;
  log::Status rename(const std::string& from, const std::string& to) override;
  log::Status remove(const std::string& path) override;
  log::Status remove_all(const std::string& path) override;
  log::Status sync_directory(const std::string& path) override;
  log::Result<std::unique_ptr<log::FileLock>> lock_file(const std::string& path) override;
  log::Result<std::uint64_t> free_bytes(const std::string& path) override;
  void reached(std::string_view crash_point) override;

 private:
  friend class SimFile;
  friend class SimLock;

  using Content = std::vector<std::byte>;
  struct Write {
    std::uint64_t offset;
    Content bytes;
  };
  struct Resize {
    std::uint64_t size;
  };
  using Change = std::variant<Write, Resize>;

  struct Node {
    bool is_directory = false;
    Content live;
    Content durable;
    std::vector<Change> unsynced;
    std::int64_t changes = 0;
    std::vector<Change> in_flight;  // write-through writes that the crash met
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  struct NameChange {
    enum class Kind : std::uint8_t { kLink, kUnlink, kUnlinkTree, kRename } kind;
    std::string path;
    std::string to;
    std::shared_ptr<Node> node;
  };

  static std::string normal(const std::string& path);
  static void apply(const NameChange& change, Names& names);
  static void apply(const Change& change, Content& content);
  static bool touches(const NameChange& change, const std::string& directory);

  log::Status check(SimCall call, const std::string& path);
  std::optional<SimFault> take_fault(SimCall call, const std::string& path);
  log::Result<std::shared_ptr<Node>> find(const std::string& path, log::OpenMode mode);
  void change_names(NameChange change);
  log::Status change_content(Node& node, const std::string& path, Change change);
  Change survivor(const Change& change);
  void new_process();
  std::uint64_t used_bytes() const;
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> unsynced_names_;
  std::vector<SimFaultPlan> plans_;
  std::array<std::int64_t, kSimCalls> calls_{};
  std::string armed_;
  std::int64_t armed_nth_ = 0;
  std::set<std::string> locked_;
  std::uint64_t capacity_ = UINT64_MAX;
  log::WriteThrough write_through_ = log::WriteThrough::kDirect;
  std::uint64_t process_ = 1;
  bool power_off_ = false;
  bool cached_ = false;
};

}  // namespace orloj::test
