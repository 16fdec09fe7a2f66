#include "log/index_file.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace orloj::log {
namespace {

constexpr std::size_t kSaveBytes = 4096;  // entries gathered before they are written

}  // namespace

Result<std::unique_ptr<IndexFile>> IndexFile::create(FileSystem& files, const std::string& path,
                                                     std::size_t entry_bytes) {
  auto file = files.open(path, OpenMode::kReadWriteCreate);
  if (!file) {
    return file.error();
  }
  if (Status done = (*file)->truncate(0); !done) {
    return done.error();
  }
  return std::unique_ptr<IndexFile>(new IndexFile(*std::move(file), entry_bytes));
}

Result<std::unique_ptr<IndexFile>> IndexFile::open(FileSystem& files, const std::string& path,
                                                   std::size_t entry_bytes, IndexUse use) {
  auto file = files.open(path, OpenMode::kReadWrite);
  if (!file) {
    return file.error();
  }
  const auto size = (*file)->size();
  if (!size) {
    return size.error();
  }
  if (*size % entry_bytes != 0) {
    return Error{ErrorCode::kCorrupt, path + " holds " + std::to_string(*size) +
                                          " bytes, no multiple of its entries' " +
                                          std::to_string(entry_bytes) + "; it can be rebuilt"};
  }
  std::unique_ptr<IndexFile> index(new IndexFile(*std::move(file), entry_bytes));
  index->count_ = static_cast<std::size_t>(*size) / entry_bytes;
  index->in_memory_ = false;
  if (use == IndexUse::kAppend) {
    if (Status done = index->load(); !done) {
      return done.error();
    }
  }
  return index;
}

std::size_t IndexFile::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

void IndexFile::append(const Entry& entry) {
  {
    const std::lock_guard lock(mutex_);
    assert(in_memory_);
    memory_.insert(memory_.end(), entry.begin(), entry.begin() + entry_bytes_);
    ++count_;
  }
  if (memory_.size() - saved_bytes_ >= kSaveBytes) {
    static_cast<void>(save());
  }
}

Result<std::optional<IndexFile::Entry>> IndexFile::last_where(
    const std::function<bool(const Entry&)>& holds) const {
  const auto matching = count_where(holds);
  if (!matching) {
    return matching.error();
  }
  if (*matching == 0) {
    return std::optional<Entry>();
  }
  auto entry = read(*matching - 1);
  return entry ? Result<std::optional<Entry>>(*entry) : entry.error();
}

Result<std::optional<IndexFile::Entry>> IndexFile::last() const {
  const std::size_t entries = count();
  if (entries == 0) {
    return std::optional<Entry>();
  }
  auto entry = read(entries - 1);
  return entry ? Result<std::optional<Entry>>(*entry) : entry.error();
}

Result<bool> IndexFile::rises(const std::function<bool(const Entry&, const Entry&)>& below) const {
  const std::size_t entries = count();
  Entry previous{};
  for (std::size_t i = 0; i < entries; ++i) {
    const auto entry = read(i);
    if (!entry) {
      return entry.error();
    }
    if (i > 0 && !below(previous, *entry)) {
      return false;
    }
    previous = *entry;
  }
  return true;
}

Status IndexFile::truncate_where(const std::function<bool(const Entry&)>& keep) {
  if (Status done = load(); !done) {
    return done;
  }
  const auto kept = count_where(keep);
  if (!kept) {
    return kept.error();
  }
  const std::size_t bytes = *kept * entry_bytes_;
  {
    const std::lock_guard lock(mutex_);
    memory_.resize(bytes);
    count_ = *kept;
  }
  saved_bytes_ = std::min(saved_bytes_, bytes);
  return file_->truncate(saved_bytes_);
}

Status IndexFile::seal() {
  if (!in_memory_) {
    return {};
  }
  if (Status done = save(); !done) {
    return done;
  }
  if (Status done = file_->truncate(saved_bytes_); !done) {
    return done;
  }
  const std::lock_guard lock(mutex_);
  in_memory_ = false;
  memory_ = {};
  return {};
}

Status IndexFile::load() {
  if (in_memory_) {
    return {};
  }
  std::vector<std::byte> content(count_ * entry_bytes_);
  const auto read = file_->pread(content, 0);
  if (!read) {
    return read.error();
  }
  if (*read != content.size()) {
    return Error{ErrorCode::kCorrupt, file_->path() + " is shorter than it was; it can be rebuilt"};
  }
  saved_bytes_ = content.size();
  const std::lock_guard lock(mutex_);
  memory_ = std::move(content);
  in_memory_ = true;
  return {};
}

Status IndexFile::save() {
  const ByteView rest = ByteView(memory_).subspan(saved_bytes_);
  if (rest.empty()) {
    return {};
  }
  if (Status done = file_->pwrite(rest, saved_bytes_); !done) {
    return done;
  }
  saved_bytes_ += rest.size();
  return {};
}

Result<IndexFile::Entry> IndexFile::read(std::size_t index) const {
  {
    const std::lock_guard lock(mutex_);
    if (in_memory_ && index < count_) {
      return in_memory(index);
    }
  }
  Entry entry{};
  const auto read = file_->pread(MutableBytes(entry).first(entry_bytes_), index * entry_bytes_);
  if (!read) {
    return read.error();
  }
  if (*read != entry_bytes_) {
    return Error{ErrorCode::kCorrupt,
                 file_->path() + " ends before entry " + std::to_string(index)};
  }
  return entry;
}

IndexFile::Entry IndexFile::in_memory(std::size_t index) const {
  Entry entry{};
  std::copy_n(memory_.begin() + static_cast<std::ptrdiff_t>(index * entry_bytes_), entry_bytes_,
              entry.begin());
  return entry;
}

Result<std::size_t> IndexFile::count_where(const std::function<bool(const Entry&)>& holds) const {
  std::size_t low = 0;
  std::size_t high = count();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const auto entry = read(middle);
    if (!entry) {
      return entry.error();
    }
    if (holds(*entry)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace orloj::log
