#include "tests/support/sim_disk.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "tests/support/sim_file.h"

namespace orloj::test {

using log::Error;
using log::ErrorCode;
using log::Result;
using log::Status;

namespace {

bool is_below(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

constexpr std::uint64_t kFates = 3;  // of an unsynced change: whole, torn, lost

}  // namespace

SimDisk::SimDisk(std::uint64_t seed) : random_(seed) {
  const auto root = std::make_shared<Node>();
  root->is_directory = true;
  names_["/"] = root;
  durable_names_ = names_;
}

SimDisk::~SimDisk() = default;

void SimDisk::inject(SimFaultPlan plan) {
  const std::lock_guard lock(mutex_);
  plans_.push_back(std::move(plan));
}

void SimDisk::arm(std::string crash_point, std::int64_t nth) {
  const std::lock_guard lock(mutex_);
  armed_ = std::move(crash_point);
  armed_nth_ = nth;
}

void SimDisk::disarm() {
  const std::lock_guard lock(mutex_);
  plans_.clear();
  armed_.clear();
}

void SimDisk::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

void SimDisk::set_cached(bool cached) {
  const std::lock_guard lock(mutex_);
  cached_ = cached;
}

void SimDisk::set_write_through(log::WriteThrough mode) {
  const std::lock_guard lock(mutex_);
  write_through_ = mode;
}

std::int64_t SimDisk::calls(SimCall call) const {
  const std::lock_guard lock(mutex_);
  return calls_[static_cast<std::size_t>(call)];
}

bool SimDisk::power_is_off() const {
  const std::lock_guard lock(mutex_);
  return power_off_;
}

void SimDisk::kill_process() {
  const std::lock_guard lock(mutex_);
  for (const auto& [path, node] : names_) {
    for (const Change& change : node->in_flight) {
      if (below(2) == 0) {
        apply(change, node->live);
        apply(change, node->durable);
      }
    }
    node->in_flight.clear();
  }
  new_process();
}

void SimDisk::restart_after_power_cut() {
  const std::lock_guard lock(mutex_);
  const std::size_t kept = below(unsynced_names_.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) {
    apply(unsynced_names_[i], durable_names_);
  }
  unsynced_names_.clear();
  names_ = durable_names_;
  for (const auto& [path, node] : names_) {
    std::move(node->in_flight.begin(), node->in_flight.end(), std::back_inserter(node->unsynced));
    node->in_flight.clear();
    for (const Change& change : node->unsynced) {
      const std::uint64_t fate = below(kFates);
      if (fate == 0) {
        apply(change, node->durable);
      } else if (fate == 1) {
        apply(survivor(change), node->durable);
      }
    }
    node->unsynced.clear();
    node->live = node->durable;
  }
  new_process();
}

// What is left of a change that the power cut tore.
SimDisk::Change SimDisk::survivor(const Change& change) {
  if (const auto* write = std::get_if<Write>(&change); write != nullptr && !write->bytes.empty()) {
    Write torn = *write;
    torn.bytes.resize(below(torn.bytes.size()));
    return torn;
  }
  return change;
}

void SimDisk::new_process() {
  ++process_;
  locked_.clear();
  plans_.clear();
  armed_.clear();
  power_off_ = false;
}

std::string SimDisk::normal(const std::string& path) {
  std::string result;
  for (const char symbol : "/" + path) {
    if (symbol != '/' || result.empty() || result.back() != '/') {
      result.push_back(symbol);
    }
  }
  if (result.size() > 1 && result.back() == '/') {
    result.pop_back();
  }
  return result;
}

void SimDisk::apply(const NameChange& change, Names& names) {
  switch (change.kind) {
    case NameChange::Kind::kLink:
      names[change.path] = change.node;
      return;
    case NameChange::Kind::kUnlink:
      names.erase(change.path);
      return;
    case NameChange::Kind::kUnlinkTree:
      std::erase_if(names, [&](const auto& entry) {
        return entry.first == change.path || is_below(entry.first, change.path);
      });
      return;
    case NameChange::Kind::kRename:
      break;
  }
  Names moved;
  for (auto at = names.begin(); at != names.end();) {
    if (at->first == change.path || is_below(at->first, change.path)) {
      moved[change.to + at->first.substr(change.path.size())] = at->second;
      at = names.erase(at);
    } else {
      ++at;
    }
  }
  for (auto& [path, node] : moved) {
    names[path] = node;
  }
}

void SimDisk::apply(const Change& change, Content& content) {
  if (const auto* resize = std::get_if<Resize>(&change)) {
    content.resize(resize->size);
    return;
  }
  const auto& write = std::get<Write>(change);
  content.resize(std::max<std::uint64_t>(content.size(), write.offset + write.bytes.size()));
  std::copy(write.bytes.begin(), write.bytes.end(),
            content.begin() + static_cast<std::ptrdiff_t>(write.offset));
}

bool SimDisk::touches(const NameChange& change, const std::string& directory) {
  return normal(log::parent_path(change.path)) == directory ||
         (!change.to.empty() && normal(log::parent_path(change.to)) == directory);
}

void SimDisk::change_names(NameChange change) {
  apply(change, names_);
  unsynced_names_.push_back(std::move(change));
}

Status SimDisk::change_content(Node& node, const std::string& path, Change change) {
  std::uint64_t end = 0;
  if (const auto* write = std::get_if<Write>(&change)) {
    end = write->offset + write->bytes.size();
  } else {
    end = std::get<Resize>(change).size;
  }
  if (end > node.live.size() &&
      end - node.live.size() > capacity_ - std::min(capacity_, used_bytes())) {
    return failure("no space left for", path, ErrorCode::kNoSpace);
  }
  apply(change, node.live);
  ++node.changes;
  node.unsynced.push_back(std::move(change));
  return {};
}

std::uint64_t SimDisk::used_bytes() const {
  std::uint64_t used = 0;
  for (const auto& [path, node] : names_) {
    used += node->live.size();
  }
  return used;
}

std::optional<SimFault> SimDisk::take_fault(SimCall call, const std::string& path) {
  ++calls_[static_cast<std::size_t>(call)];
  for (auto plan = plans_.begin(); plan != plans_.end(); ++plan) {
    if (plan->call == call && path.find(plan->path_contains) != std::string::npos &&
        --plan->nth == 0) {
      const SimFault fault = plan->fault;
      plans_.erase(plan);
      power_off_ = power_off_ || fault == SimFault::kPowerCut;
      return fault;
    }
  }
  return std::nullopt;
}

Status SimDisk::check(SimCall call, const std::string& path) {
  const auto fault = take_fault(call, path);
  if (power_off_) {
    return failure("the power is off:", path);
  }
  if (fault == SimFault::kNoSpace) {
    return failure("no space left for", path, ErrorCode::kNoSpace);
  }
  return fault ? Status(failure("I/O error at", path)) : Status{};
}

Result<std::shared_ptr<SimDisk::Node>> SimDisk::find(const std::string& path, log::OpenMode mode) {
  const auto found = names_.find(path);
  if (found != names_.end()) {
    if (found->second->is_directory) {
      return failure("cannot open a directory as a file:", path);
    }
    return found->second;
  }
  const auto parent = names_.find(normal(log::parent_path(path)));
  if (mode != log::OpenMode::kReadWriteCreate || parent == names_.end()) {
    return failure("no such file", path, ErrorCode::kNotFound);
  }
  const auto node = std::make_shared<Node>();
  change_names({NameChange::Kind::kLink, path, "", node});
  return node;
}

Result<std::unique_ptr<log::File>> SimDisk::open(const std::string& path, log::OpenMode mode) {
  const std::lock_guard lock(mutex_);
  if (Status allowed = check(SimCall::kOpen, path); !allowed) {
    return allowed.error();
  }
  const auto node = find(normal(path), mode);
  if (!node) {
    return node.error();
  }
  return std::unique_ptr<log::File>(std::make_unique<SimFile>(*this, *node, path, false));
}

Result<log::WriteThroughFile> SimDisk::open_write_through(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Status allowed = check(SimCall::kOpen, path); !allowed) {
    return allowed.error();
  }
  const auto node = find(normal(path), log::OpenMode::kReadWriteCreate);
  if (!node) {
    return node.error();
  }
  return log::WriteThroughFile{std::make_unique<SimFile>(*this, *node, path, true), write_through_};
}

Status SimDisk::create_directories(const std::string& raw_path) {
  const std::lock_guard lock(mutex_);
  if (Status allowed = check(SimCall::kOpen, raw_path); !allowed) {
    return allowed;
  }
  const std::string path = normal(raw_path);
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (!names_.contains(part)) {
      const auto node = std::make_shared<Node>();
      node->is_directory = true;
      change_names({NameChange::Kind::kLink, part, "", node});
    }
    if (slash == std::string::npos) {
      return {};
    }
  }
}

Result<std::vector<log::DirectoryEntry>> SimDisk::list(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Status allowed = check(SimCall::kRead, path); !allowed) {
    return allowed.error();
  }
  const std::string directory = normal(path);
  if (!names_.contains(directory)) {
    return failure("no such directory", path, ErrorCode::kNotFound);
  }
  std::vector<log::DirectoryEntry> entries;
  for (const auto& [name, node] : names_) {
    if (name != "/" && normal(log::parent_path(name)) == directory) {
      entries.push_back({name.substr(name.rfind('/') + 1), node->is_directory});
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

Result<bool> SimDisk::exists(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Status allowed = check(SimCall::kRead, path); !allowed) {
    return allowed.error();
  }
  return names_.contains(normal(path));
}

Status SimDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (Status allowed = check(SimCall::kRename, from); !allowed) {
    return allowed;
  }
  if (!names_.contains(normal(from)) || !names_.contains(normal(log::parent_path(to)))) {
    return failure("no such file or directory for the rename of", from, ErrorCode::kNotFound);
  }
  change_names({NameChange::Kind::kRename, normal(from), normal(to), nullptr});
  return {};
}

Status SimDisk::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Status allowed = check(SimCall::kRemove, path); !allowed) {
    return allowed;
  }
  if (!names_.contains(normal(path))) {
    return failure("no such file", path, ErrorCode::kNotFound);
  }
  change_names({NameChange::Kind::kUnlink, normal(path), "", nullptr});
  return {};
}

Status SimDisk::remove_all(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Status allowed = check(SimCall::kRemove, path); !allowed) {
    return allowed;
  }
  change_names({NameChange::Kind::kUnlinkTree, normal(path), "", nullptr});
  return {};
}

Status SimDisk::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Status allowed = check(SimCall::kSyncDirectory, path); !allowed) {
    return allowed;
  }
  const std::string directory = normal(path);
  const auto last =
      std::find_if(unsynced_names_.rbegin(), unsynced_names_.rend(),
                   [&](const NameChange& change) { return touches(change, directory); });
  const auto kept_end = last.base();
  for (auto at = unsynced_names_.begin(); at != kept_end; ++at) {
    apply(*at, durable_names_);
  }
  unsynced_names_.erase(unsynced_names_.begin(), kept_end);
  return {};
}

Result<std::unique_ptr<log::FileLock>> SimDisk::lock_file(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Status allowed = check(SimCall::kOpen, path); !allowed) {
    return allowed.error();
  }
  const std::string name = normal(path);
  const auto node = find(name, log::OpenMode::kReadWriteCreate);
  if (!node) {
    return node.error();
  }
  if (!locked_.insert(name).second) {
    return failure("locked by process " + std::to_string(process_) + ":", path, ErrorCode::kLocked);
  }
  return std::unique_ptr<log::FileLock>(std::make_unique<SimLock>(*this, name));
}

Result<std::uint64_t> SimDisk::free_bytes(const std::string&) {
  const std::lock_guard lock(mutex_);
  return capacity_ - std::min(capacity_, used_bytes());
}

void SimDisk::reached(std::string_view crash_point) {
  const std::lock_guard lock(mutex_);
  if (crash_point == armed_ && --armed_nth_ == 0) {
    power_off_ = true;
  }
}

}  // namespace orloj::test
