// The one seam to the machine: files, clock and randomness. Everything below the broker gets them
// from here, so that tests can cut the power, fill the disk, fail a sync and move the clock
// (tests/support/sim_env.h).
//
// Threads: every object here may be used from many threads at once; a File takes concurrent reads
// and writes (writes to overlapping ranges are the caller's to order). Errors: kIo, kNoSpace,
// kNotFound, kLocked; messages hold the operation, the path, errno's text and a remedy.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/bytes.h"
#include "log/error.h"

namespace orloj::log {

// An open file. Closing (destruction) makes nothing durable.
class File {
 public:
  virtual ~File() = default;

  // Writes all parts, one behind the other, from `offset` on; the file grows as needed. After an
  // error the bytes of the range are undefined. Not durable (but for files of open_write_through).
  virtual Status pwrite(std::span<const ByteView> parts, std::uint64_t offset) = 0;
  Status pwrite(ByteView bytes, std::uint64_t offset) { return pwrite({&bytes, 1}, offset); }

  // Fills `out` from `offset` on; fewer bytes than asked only at the end of the file.
  virtual Result<std::size_t> pread(MutableBytes out, std::uint64_t offset) const = 0;

  // pread without waiting for the disk: ends before the first byte that the page cache does not
  // hold. No bytes at all where the file system has no such call.
  virtual Result<std::size_t> pread_cached(MutableBytes out, std::uint64_t offset) const = 0;

  // Whether the page cache holds every byte of the range now, so that reading it does not reach
  // the disk; false when that cannot be told.
  virtual bool is_cached(std::uint64_t offset, std::uint64_t length) const = 0;

  virtual Result<std::uint64_t> size() const = 0;

  // A number that another one replaces with every change of the content, whoever makes it (the
  // modification time; changes within one tick of the kernel's clock may share it).
  virtual Result<std::int64_t> content_version() const = 0;

  virtual Status truncate(std::uint64_t size) = 0;

  // Reserves disk space for the first `bytes` bytes and grows the file to at least that size; new
  // bytes read as zero.
  virtual Status allocate(std::uint64_t bytes) = 0;

  // fdatasync: on success the bytes and the size survive a power cut (the name does after
  // sync_directory). After an error the state on disk is unknown and the file must not be appended
  // to again.
  virtual Status sync_data() = 0;

  // Starts write-back of a range and returns; promises nothing.
  virtual Status sync_range_start(std::uint64_t offset, std::uint64_t length) = 0;

  // The descriptor for sendfile; -1 where there is none. Owned by the File.
  virtual int native_handle() const = 0;

  virtual const std::string& path() const = 0;
};

enum class OpenMode : std::uint8_t {
  kRead,             // must exist
  kReadWrite,        // must exist
  kReadWriteCreate,  // made when absent; its name is durable after sync_directory of the parent
};

// How a write-through file reaches the disk.
enum class WriteThrough : std::uint8_t {
  kDirect,    // O_DIRECT|O_DSYNC: buffers, offsets and lengths are multiples of kDirectAlignment
  kBuffered,  // through the page cache, synced inside each write; any alignment
};

inline constexpr std::size_t kDirectAlignment = 4096;

struct WriteThroughFile {
  std::unique_ptr<File> file;  // pwrite returns when the bytes are durable
  WriteThrough mode = WriteThrough::kBuffered;
};

// Holds the lock of a file until destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

struct DirectoryEntry {
  std::string name;  // without the directory
  bool is_directory = false;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;

  // Opens (and makes) a file for the journal: kDirect where the file system can, else kBuffered.
  virtual Result<WriteThroughFile> open_write_through(const std::string& path) = 0;

  virtual Status create_directories(const std::string& path) = 0;

  // Names in a directory, sorted; "." and ".." left out.
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) = 0;

  virtual Result<bool> exists(const std::string& path) = 0;

  // Replaces `to` when it is a file (or an empty directory and `from` is one). Durable after
  // sync_directory.
  virtual Status rename(const std::string& from, const std::string& to) = 0;

  virtual Status remove(const std::string& path) = 0;      // one file; kNotFound when absent
  virtual Status remove_all(const std::string& path) = 0;  // a tree; nothing to do when absent

  // Makes creations, renames and removals of names in this directory durable.
  virtual Status sync_directory(const std::string& path) = 0;

  // Takes the lock (flock) of a file, made when absent, and writes our process id into it. kLocked
  // names the holder.
  virtual Result<std::unique_ptr<FileLock>> lock_file(const std::string& path) = 0;

  // Bytes an unprivileged process may still write to the file system that holds `path`.
  virtual Result<std::uint64_t> free_bytes(const std::string& path) = 0;

  // Called at every named crash point (log/crash_point.h). A file system armed with that name kills
  // the process or cuts the power; otherwise nothing happens.
  virtual void reached(std::string_view /*crash_point*/) {}
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t wall_us() const = 0;  // since 1970-01-01T00:00:00Z; may step
  virtual std::int64_t boot_ns() const = 0;  // since boot, suspended time included; never steps
  std::int64_t wall_ms() const { return wall_us() / 1000; }
  std::int64_t boot_ms() const { return boot_ns() / 1'000'000; }
};

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next_u64() = 0;
  virtual void fill(MutableBytes out) = 0;  // good enough for identifiers
};

// The three together; does not own them, cheap to copy. They outlive every room.
class Env {
 public:
  Env(FileSystem& files, Clock& clock, Random& random)
      : files_(&files), clock_(&clock), random_(&random) {}

  FileSystem& files() const { return *files_; }
  Clock& clock() const { return *clock_; }
  Random& random() const { return *random_; }
  void reached(std::string_view crash_point) const { files_->reached(crash_point); }

 private:
  FileSystem* files_;
  Clock* clock_;
  Random* random_;
};

// "directory/name".
std::string join_path(std::string_view directory, std::string_view name);

// "directory" of "directory/name"; "." when there is none.
std::string parent_path(std::string_view path);

}  // namespace orloj::log
