// The files and locks of SimDisk. All state is the disk's, under its mutex; a handle outlives
// neither the disk nor, in use, the process that opened it.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/sim_disk.h"

namespace orloj::test {

inline log::Error failure(std::string_view what, const std::string& path,
                          log::ErrorCode code = log::ErrorCode::kIo) {
  return {code, "simulated: " + std::string(what) + " " + path};
}

class SimFile final : public log::File {
 public:
  SimFile(SimDisk& disk, std::shared_ptr<SimDisk::Node> node, std::string path, bool write_through)
      : disk_(disk),
        node_(std::move(node)),
        path_(std::move(path)),
        process_(disk.process_),
        write_through_(write_through) {}

  using File::pwrite;
  log::Status pwrite(std::span<const log::ByteView> parts, std::uint64_t offset) override {
    const std::lock_guard lock(disk_.mutex_);
    SimDisk::Write write{offset, {}};
    for (const log::ByteView part : parts) {
      if (write_through_ && disk_.write_through_ == log::WriteThrough::kDirect &&
          (reinterpret_cast<std::uintptr_t>(part.data()) % log::kDirectAlignment != 0 ||
           part.size() % log::kDirectAlignment != 0 || offset % log::kDirectAlignment != 0)) {
        return failure("unaligned direct write to", path_);
      }
      write.bytes.insert(write.bytes.end(), part.begin(), part.end());
    }
    const auto fault = disk_.take_fault(SimCall::kWrite, path_);
    if (fault == SimFault::kShortWrite) {
      write.bytes.resize(write.bytes.size() / 2);
      static_cast<void>(disk_.change_content(*node_, path_, std::move(write)));
      return failure("no space left within a write to", path_, log::ErrorCode::kNoSpace);
    }
    if (fault == SimFault::kLostWrite) {
      static_cast<void>(disk_.change_content(*node_, path_, std::move(write)));
      node_->unsynced.pop_back();
      return failure("I/O error in a write to", path_);
    }
    if (log::Status allowed = usable(fault, "write to"); !allowed) {
      if (fault == SimFault::kPowerCut && write_through_) {
        node_->in_flight.push_back(std::move(write));  // may have landed, whole or torn
      }
      return allowed;
    }
    return written(std::move(write));
  }

  log::Result<std::size_t> pread(log::MutableBytes out, std::uint64_t offset) const override {
    const std::lock_guard lock(disk_.mutex_);
    if (log::Status allowed = usable(disk_.take_fault(SimCall::kRead, path_), "read of");
        !allowed) {
      return allowed.error();
    }
    if (offset >= node_->live.size()) {
      return std::size_t{0};
    }
    const std::size_t count = std::min(out.size(), node_->live.size() - offset);
    std::copy_n(node_->live.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
    return count;
  }

  log::Result<std::size_t> pread_cached(log::MutableBytes out,
                                        std::uint64_t offset) const override {
    return is_cached(offset, out.size()) ? pread(out, offset) : std::size_t{0};
  }

  bool is_cached(std::uint64_t, std::uint64_t) const override {
    const std::lock_guard lock(disk_.mutex_);
    return disk_.cached_;
  }

  log::Result<std::uint64_t> size() const override {
    const std::lock_guard lock(disk_.mutex_);
    if (log::Status allowed = usable(std::nullopt, "stat of"); !allowed) {
      return allowed.error();
    }
    return node_->live.size();
  }

  log::Result<std::int64_t> content_version() const override {
    const std::lock_guard lock(disk_.mutex_);
    return node_->changes;
  }

  log::Status truncate(std::uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    if (log::Status allowed = usable(disk_.take_fault(SimCall::kTruncate, path_), "truncate of");
        !allowed) {
      return allowed;
    }
    return written(SimDisk::Resize{size});
  }

  log::Status allocate(std::uint64_t bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    if (log::Status allowed = usable(disk_.take_fault(SimCall::kAllocate, path_), "allocate of");
        !allowed) {
      return allowed;
    }
    return bytes <= node_->live.size() ? log::Status{} : written(SimDisk::Resize{bytes});
  }

  log::Status sync_data() override {
    const std::lock_guard lock(disk_.mutex_);
    const auto fault = disk_.take_fault(SimCall::kSync, path_);
    log::Status allowed = usable(fault, "sync of");
    if (allowed) {
      for (const SimDisk::Change& change : node_->unsynced) {
        SimDisk::apply(change, node_->durable);
      }
    }
    if (allowed || fault == SimFault::kIoError) {
      node_->unsynced.clear();
    }
    return allowed;
  }

  log::Status sync_range_start(std::uint64_t, std::uint64_t) override {
    const std::lock_guard lock(disk_.mutex_);
    return usable(std::nullopt, "write-back of");
  }

  int native_handle() const override { return -1; }
  const std::string& path() const override { return path_; }

 private:
  log::Status usable(std::optional<SimFault> fault, std::string_view what) const {
    if (process_ != disk_.process_) {
      return failure("the process is gone:", std::string(what) + " " + path_);
    }
    if (disk_.power_off_) {
      return failure("the power is off:", std::string(what) + " " + path_);
    }
    if (fault == SimFault::kNoSpace) {
      return failure("no space left for", path_, log::ErrorCode::kNoSpace);
    }
    if (fault) {
      return failure("I/O error in", std::string(what) + " " + path_);
    }
    return {};
  }

  log::Status written(SimDisk::Change change) {
    log::Status done = disk_.change_content(*node_, path_, std::move(change));
    if (done && write_through_) {
      SimDisk::apply(node_->unsynced.back(), node_->durable);
      node_->unsynced.pop_back();
    }
    return done;
  }

  SimDisk& disk_;
  const std::shared_ptr<SimDisk::Node> node_;
  const std::string path_;
  const std::uint64_t process_;
  const bool write_through_;
};

class SimLock final : public log::FileLock {
 public:
  SimLock(SimDisk& disk, std::string path)
      : disk_(disk), path_(std::move(path)), process_(disk.process_) {}
  SimLock(const SimLock&) = delete;
  SimLock& operator=(const SimLock&) = delete;
  ~SimLock() override {
    const std::lock_guard lock(disk_.mutex_);
    if (process_ == disk_.process_) {
      disk_.locked_.erase(path_);
    }
  }

 private:
  SimDisk& disk_;
  const std::string path_;
  const std::uint64_t process_;
};

}  // namespace orloj::test
