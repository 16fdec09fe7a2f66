#include "log/env/posix_env.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "log/env/posix_file.h"

namespace orloj::log {
namespace {

constexpr mode_t kFileMode = 0640;

int open_descriptor(const std::string& path, int flags) {
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), flags | O_CLOEXEC, kFileMode);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kReadWriteCreate:
      break;
  }
  return O_RDWR | O_CREAT;
}

// Some file systems accept O_DIRECT at open and refuse the reads and writes.
bool direct_reads_work(const File& file) {
  alignas(kDirectAlignment) static thread_local std::byte block[kDirectAlignment];
  return file.pread(block, 0).has_value();
}

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(int descriptor) : descriptor_(descriptor) {}
  PosixLock(const PosixLock&) = delete;
  PosixLock& operator=(const PosixLock&) = delete;
  ~PosixLock() override { ::close(descriptor_); }

 private:
  const int descriptor_;
};

class PosixFileSystem final : public FileSystem {
 public:
  explicit PosixFileSystem(ArmedCrash armed) : armed_(std::move(armed)) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const int descriptor = open_descriptor(path, open_flags(mode));
    if (descriptor < 0) {
      return errno_error("open", path, errno);
    }
    return make_posix_file(descriptor, path);
  }

  Result<WriteThroughFile> open_write_through(const std::string& path) override {
    const int flags = O_RDWR | O_CREAT | O_DSYNC;
    const int direct = open_descriptor(path, flags | O_DIRECT);
    if (direct >= 0) {
      auto file = make_posix_file(direct, path);
      if (direct_reads_work(*file)) {
        return WriteThroughFile{std::move(file), WriteThrough::kDirect};
      }
    }
    const int buffered = open_descriptor(path, flags);
    if (buffered < 0) {
      return errno_error("open", path, errno);
    }
    return WriteThroughFile{make_posix_file(buffered, path), WriteThrough::kBuffered};
  }

  Status create_directories(const std::string& path) override {
    std::error_code cause;
    std::filesystem::create_directories(path, cause);
    return check("create directory", path, cause);
  }

  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    std::vector<DirectoryEntry> entries;
    std::error_code cause;
    std::filesystem::directory_iterator at(path, cause);
    for (; !cause && at != std::filesystem::directory_iterator(); at.increment(cause)) {
      std::error_code vanished;
      const bool is_directory = at->is_directory(vanished);
      entries.push_back({at->path().filename().string(), is_directory});
    }
    if (cause) {
      return errno_error("list", path, cause.value());
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
  }

  Result<bool> exists(const std::string& path) override {
    std::error_code cause;
    const bool found = std::filesystem::exists(path, cause);
    if (cause) {
      return errno_error("look up", path, cause.value());
    }
    return found;
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) {
      return errno_error("rename to " + to + " the file", from, errno);
    }
    return {};
  }

  Status remove(const std::string& path) override {
    return ::unlink(path.c_str()) == 0 ? Status{} : errno_error("remove", path, errno);
  }

  Status remove_all(const std::string& path) override {
    std::error_code cause;
    std::filesystem::remove_all(path, cause);
    return check("remove", path, cause);
  }

  Status sync_directory(const std::string& path) override {
    const int descriptor = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (descriptor < 0) {
      return errno_error("open directory", path, errno);
    }
    const int outcome = ::fsync(descriptor);
    const int cause = errno;
    ::close(descriptor);
    return outcome == 0 ? Status{} : errno_error("sync directory", path, cause);
  }

  Result<std::unique_ptr<FileLock>> lock_file(const std::string& path) override;

  Result<std::uint64_t> free_bytes(const std::string& path) override {
    struct statvfs facts {};
    if (::statvfs(path.c_str(), &facts) != 0) {
      return errno_error("ask for the free space of", path, errno);
    }
    return static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
  }

  void reached(std::string_view crash_point) override {
    if (crash_point == armed_.crash_point && ++visits_ == armed_.nth) {
      ::kill(::getpid(), SIGKILL);
    }
  }

 private:
  static Status check(std::string_view operation, const std::string& path, std::error_code cause) {
    return cause ? Status(errno_error(operation, path, cause.value())) : Status{};
  }

  const ArmedCrash armed_;
  std::atomic<std::int64_t> visits_{0};
};

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock_file(const std::string& path) {
  const int descriptor = open_descriptor(path, O_RDWR | O_CREAT);
  if (descriptor < 0) {
    return errno_error("open", path, errno);
  }
  auto lock = std::make_unique<PosixLock>(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return errno_error("lock", path, errno);
    }
    std::string holder(32, '\0');
    const ssize_t got = ::pread(descriptor, holder.data(), holder.size(), 0);
    holder.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    while (!holder.empty() && (holder.back() < '0' || holder.back() > '9')) {
      holder.pop_back();
    }
    return Error{ErrorCode::kLocked, path + " is locked by process " +
                                         (holder.empty() ? "unknown" : holder) +
                                         "; stop it, or use another data directory"};
  }
  const std::string process_id = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, process_id.data(), process_id.size(),
                                                  0) != static_cast<ssize_t>(process_id.size())) {
    return errno_error("write the process id into", path, errno);
  }
  return std::unique_ptr<FileLock>(std::move(lock));
}

class PosixClock final : public Clock {
 public:
  std::int64_t wall_us() const override { return now_ns(CLOCK_REALTIME) / 1000; }
  std::int64_t boot_ns() const override { return now_ns(CLOCK_BOOTTIME); }

 private:
  static std::int64_t now_ns(clockid_t which) {
    timespec now{};
    ::clock_gettime(which, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  }
};

class PosixRandom final : public Random {
 public:
  std::uint64_t next_u64() override {
    std::uint64_t value = 0;
    fill(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }

  void fill(MutableBytes out) override {
    while (!out.empty()) {
      const ssize_t got = ::getrandom(out.data(), out.size(), 0);
      if (got < 0 && errno != EINTR) {
        throw std::system_error(errno, std::system_category(), "getrandom");
      }
      out = out.subspan(got > 0 ? static_cast<std::size_t>(got) : 0);
    }
  }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system(ArmedCrash armed) {
  return std::make_unique<PosixFileSystem>(std::move(armed));
}
std::unique_ptr<Clock> make_posix_clock() {
  return std::make_unique<PosixClock>();
}
std::unique_ptr<Random> make_posix_random() {
  return std::make_unique<PosixRandom>();
}

PosixEnv::PosixEnv(ArmedCrash armed)
    : files_(make_posix_file_system(std::move(armed))),
      clock_(make_posix_clock()),
      random_(make_posix_random()) {
}

}  // namespace orloj::log
