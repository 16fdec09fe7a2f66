// A file system that holds chosen operations until it is told to go on: a disk that takes its time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "log/env/env.h"

namespace orloj::test {

// Thread-safe.
class Gate {
 public:
  // Reads of files, writes of write-through files (the journal's) and creations of directories
  // whose path ends with `suffix` wait from now on.
  void shut(std::string suffix) {
    const std::lock_guard lock(mutex_);
    suffix_ = std::move(suffix);
  }
  // The same for syncs of files that are not written through.
  void shut_syncs(std::string suffix) {
    const std::lock_guard lock(mutex_);
    sync_suffix_ = std::move(suffix);
  }
  void open() {
    {
      const std::lock_guard lock(mutex_);
      suffix_.clear();
      sync_suffix_.clear();
    }
    changed_.notify_all();
  }
  // Until so many operations wait here.
  void await_visitors(int count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(10), [&] { return visitors_ >= count; })) {
      throw std::runtime_error("nobody came to the gate");
    }
  }
  void pass(std::string_view path) { pass(path, suffix_); }
  void pass_sync(std::string_view path) { pass(path, sync_suffix_); }

 private:
  void pass(std::string_view path, const std::string& suffix) {
    std::unique_lock lock(mutex_);
    if (suffix.empty() || !path.ends_with(suffix)) return;
    ++visitors_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return suffix.empty(); });
    --visitors_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string suffix_;       // empty: open
  std::string sync_suffix_;  // likewise
  int visitors_ = 0;
};

class GatedFile : public log::File {
 public:
  GatedFile(std::unique_ptr<log::File> file, Gate& gate) : file_(std::move(file)), gate_(gate) {}

  log::Status pwrite(std::span<const log::ByteView> parts, std::uint64_t offset) override {
    return file_->pwrite(parts, offset);
  }
  log::Result<std::size_t> pread(log::MutableBytes out, std::uint64_t offset) const override {
    gate_.pass(path());
    return file_->pread(out, offset);
  }
  log::Result<std::size_t> pread_cached(log::MutableBytes, std::uint64_t) const override {
    return std::size_t{0};
  }
  bool is_cached(std::uint64_t, std::uint64_t) const override { return false; }
  log::Result<std::uint64_t> size() const override { return file_->size(); }
  log::Result<std::int64_t> content_version() const override { return file_->content_version(); }
  log::Status truncate(std::uint64_t size) override { return file_->truncate(size); }
  log::Status allocate(std::uint64_t bytes) override { return file_->allocate(bytes); }
  log::Status sync_data() override {
    gate_.pass_sync(path());
    return file_->sync_data();
  }
  log::Status sync_range_start(std::uint64_t offset, std::uint64_t length) override {
    return file_->sync_range_start(offset, length);
  }
  int native_handle() const override { return file_->native_handle(); }
  const std::string& path() const override { return file_->path(); }

 protected:
  Gate& gate() { return gate_; }

 private:
  std::unique_ptr<log::File> file_;
  Gate& gate_;
};

class GatedWriteThroughFile final : public GatedFile {
 public:
  using GatedFile::GatedFile;

  log::Status pwrite(std::span<const log::ByteView> parts, std::uint64_t offset) override {
    gate().pass(path());
    return GatedFile::pwrite(parts, offset);
  }
};

class GatedFiles final : public log::FileSystem {
 public:
  explicit GatedFiles(log::FileSystem& files) : files_(files) {}

  Gate gate;

  log::Result<std::unique_ptr<log::File>> open(const std::string& path,
                                               log::OpenMode mode) override {
    auto file = files_.open(path, mode);
    if (!file) return file.error();
    return std::unique_ptr<log::File>(std::make_unique<GatedFile>(std::move(*file), gate));
  }
  log::Result<log::WriteThroughFile> open_write_through(const std::string& path) override {
    auto opened = files_.open_write_through(path);
    if (!opened) return opened.error();
    opened->file = std::make_unique<GatedWriteThroughFile>(std::move(opened->file), gate);
    return std::move(*opened);
  }
  log::Status create_directories(const std::string& path) override {
    gate.pass(path);
    return files_.create_directories(path);
  }
  log::Result<std::vector<log::DirectoryEntry>> list(const std::string& path) override {
    return files_.list(path);
  }
  log::Result<bool> exists(const std::string& path) override { return files_.exists(path); }
  log::Status rename(const std::string& from, const std::string& to) override {
    return files_.rename(from, to);
  }
  log::Status remove(const std::string& path) override { return files_.remove(path); }
  log::Status remove_all(const std::string& path) override { return files_.remove_all(path); }
  log::Status sync_directory(const std::string& path) override {
    return files_.sync_directory(path);
  }
  log::Result<std::unique_ptr<log::FileLock>> lock_file(const std::string& path) override {
    return files_.lock_file(path);
  }
  log::Result<std::uint64_t> free_bytes(const std::string& path) override {
    return files_.free_bytes(path);
  }
  void reached(std::string_view crash_point) override { files_.reached(crash_point); }

 private:
  log::FileSystem& files_;
};

// Shut while it lives.
class HeldFiles {
 public:
  HeldFiles(Gate& gate, std::string suffix) : gate_(gate) { gate_.shut(std::move(suffix)); }
  HeldFiles(const HeldFiles&) = delete;
  HeldFiles& operator=(const HeldFiles&) = delete;
  ~HeldFiles() { gate_.open(); }

 private:
  Gate& gate_;
};

}  // namespace orloj::test
