#include "log/env/posix_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

namespace orloj::log {
namespace {

constexpr std::size_t kPageBytes = 4096;     // mincore answers for so many bytes at a time
constexpr std::size_t kVectorsPerCall = 64;  // below IOV_MAX; more parts take more calls

std::string_view remedy(int cause) {
  switch (cause) {
    case ENOSPC:
    case EDQUOT:
      return "; free or add disk space";
    case EIO:
      return "; check the disk and the kernel log";
    case EACCES:
    case EPERM:
      return "; give the broker's user access";
    case EROFS:
      return "; mount the file system for writing";
    case EMFILE:
    case ENFILE:
      return "; raise the limit of open files (ulimit -n)";
    default:
      return "";
  }
}

// Walks over parts, gathering at most kVectorsPerCall of what is left.
class PartCursor {
 public:
  explicit PartCursor(std::span<const ByteView> parts) : parts_(parts) {}

  std::span<const iovec> gather() {
    std::size_t count = 0;
    std::size_t skip = skip_;
    for (std::size_t i = 0; i < parts_.size() && count < vectors_.size(); ++i) {
      const ByteView rest = parts_[i].subspan(skip);
      skip = 0;
      if (!rest.empty()) {
        vectors_[count++] = {const_cast<std::byte*>(rest.data()), rest.size()};
      }
    }
    return {vectors_.data(), count};
  }

  void advance(std::size_t bytes) {
    while (!parts_.empty() && bytes >= parts_.front().size() - skip_) {
      bytes -= parts_.front().size() - skip_;
      skip_ = 0;
      parts_ = parts_.subspan(1);
    }
    skip_ += bytes;
  }

 private:
  std::span<const ByteView> parts_;
  std::size_t skip_ = 0;  // bytes of the first part that are written
  std::array<iovec, kVectorsPerCall> vectors_{};
};

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;
  ~PosixFile() override { ::close(descriptor_); }

  using File::pwrite;
  Status pwrite(std::span<const ByteView> parts, std::uint64_t offset) override {
    PartCursor cursor(parts);
    for (auto vectors = cursor.gather(); !vectors.empty(); vectors = cursor.gather()) {
      const ssize_t written =
          ::pwritev(descriptor_, vectors.data(), static_cast<int>(vectors.size()),
                    static_cast<off_t>(offset));
      if (written < 0) {
        if (errno == EINTR) {
          continue;
        }
        return errno_error("write", path_, errno);
      }
      if (written == 0) {
        return errno_error("write", path_, ENOSPC);
      }
      cursor.advance(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
    return {};
  }

  Result<std::size_t> pread(MutableBytes out, std::uint64_t offset) const override {
    std::size_t total = 0;
    while (total < out.size()) {
      const ssize_t got = ::pread(descriptor_, out.data() + total, out.size() - total,
                                  static_cast<off_t>(offset + total));
      if (got < 0) {
        if (errno == EINTR) {
          continue;
        }
        return errno_error("read", path_, errno);
      }
      if (got == 0) {
        break;
      }
      total += static_cast<std::size_t>(got);
    }
    return total;
  }

  Result<std::size_t> pread_cached(MutableBytes out, std::uint64_t offset) const override {
    const iovec vector{out.data(), out.size()};
    const ssize_t got = ::preadv2(descriptor_, &vector, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    if (got < 0 && errno != EAGAIN && errno != EINTR && errno != EOPNOTSUPP) {
      return errno_error("read", path_, errno);
    }
    return static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  }

  bool is_cached(std::uint64_t offset, std::uint64_t length) const override {
    const std::uint64_t from = offset / kPageBytes * kPageBytes;
    const std::size_t mapped_bytes = offset + length - from;
    void* const mapped =
        ::mmap(nullptr, mapped_bytes, PROT_READ, MAP_SHARED, descriptor_, static_cast<off_t>(from));
    if (mapped == MAP_FAILED) {
      return false;
    }
    std::vector<unsigned char> pages((mapped_bytes + kPageBytes - 1) / kPageBytes);
    const bool told = ::mincore(mapped, mapped_bytes, pages.data()) == 0;
    ::munmap(mapped, mapped_bytes);
    return told && std::all_of(pages.begin(), pages.end(),
                               [](unsigned char page) { return (page & 1U) != 0; });
  }

  Result<std::uint64_t> size() const override {
    struct stat facts {};
    if (::fstat(descriptor_, &facts) != 0) {
      return errno_error("stat", path_, errno);
    }
    return static_cast<std::uint64_t>(facts.st_size);
  }

  Result<std::int64_t> content_version() const override {
    struct stat facts {};
    if (::fstat(descriptor_, &facts) != 0) {
      return errno_error("stat", path_, errno);
    }
    return std::int64_t{facts.st_mtim.tv_sec} * 1'000'000'000 + facts.st_mtim.tv_nsec;
  }

  Status truncate(std::uint64_t size) override {
    return check("truncate", ::ftruncate(descriptor_, static_cast<off_t>(size)));
  }

  Status allocate(std::uint64_t bytes) override {
    if (bytes == 0) {
      return {};
    }
    const int cause = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes));
    return cause == 0 ? Status{} : errno_error("preallocate", path_, cause);
  }

  Status sync_data() override { return check("fdatasync", ::fdatasync(descriptor_)); }

  Status sync_range_start(std::uint64_t offset, std::uint64_t length) override {
    return check("start write-back of",
                 ::sync_file_range(descriptor_, static_cast<off64_t>(offset),
                                   static_cast<off64_t>(length), SYNC_FILE_RANGE_WRITE));
  }

  int native_handle() const override { return descriptor_; }
  const std::string& path() const override { return path_; }

 private:
  Status check(std::string_view operation, int outcome) const {
    return outcome == 0 ? Status{} : errno_error(operation, path_, errno);
  }

  const int descriptor_;
  const std::string path_;
};

}  // namespace

Error errno_error(std::string_view operation, const std::string& path, int cause) {
  ErrorCode code = ErrorCode::kIo;
  if (cause == ENOSPC || cause == EDQUOT) {
    code = ErrorCode::kNoSpace;
  } else if (cause == ENOENT || cause == ENOTDIR) {
    code = ErrorCode::kNotFound;
  }
  std::string message = "cannot ";
  message.append(operation).append(" ").append(path).append(": ");
  message.append(std::system_category().message(cause)).append(remedy(cause));
  return {code, std::move(message)};
}

std::unique_ptr<File> make_posix_file(int descriptor, std::string path) {
  return std::make_unique<PosixFile>(descriptor, std::move(path));
}

}  // namespace orloj::log
