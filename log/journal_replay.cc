#include "log/journal_replay.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "log/format.h"
#include "log/segment_walk.h"

namespace orloj::log {
namespace {

constexpr std::size_t kOpenFilesMax =
    128;  // written segment files held open before they are synced

}  // namespace

JournalReplay::JournalReplay(Env env, const CheckpointPayload& checkpoint, Locate locate)
    : env_(env), locate_(std::move(locate)) {
  for (const LogFacts& facts : checkpoint.logs) {
    logs_[facts.log] = {facts.log_start, facts.synced_end, facts.synced_end};
  }
}

JournalReplay::LogState JournalReplay::state_of(const LogId& id) const {
  const auto found = logs_.find(id);
  return found == logs_.end() ? LogState{} : found->second;
}

Status JournalReplay::apply(const DecodedFrame& frame) {
  const FrameHeader& header = frame.header;
  if (header.type == FrameType::kCheckpoint) {
    return {};
  }
  const auto directory = locate_(header.log);
  if (directory.has_error()) {
    return directory.error();
  }
  if (!directory->has_value()) {
    return {};
  }
  LogState& state = logs_[header.log];
  switch (header.type) {
    case FrameType::kAppend:
      if (header.end_offset <= state.synced_end) {
        return {};
      }
      state.durable_end = std::max(state.durable_end, header.end_offset);
      ++frames_applied_;
      return write_back(**directory, frame);
    case FrameType::kTruncate:
      state.durable_end = std::min(state.durable_end, header.end_offset);
      state.synced_end = std::min(state.synced_end, header.end_offset);
      ++frames_applied_;
      return truncate(**directory, header);
    case FrameType::kLogStart:
      state.log_start = std::max(state.log_start, header.base_offset);
      return {};
    case FrameType::kNote:
      state.durable_end = std::max(state.durable_end, header.end_offset);
      return {};
    case FrameType::kCheckpoint:
      break;
  }
  return {};
}

Result<File*> JournalReplay::segment_file(const std::string& directory, Offset base_offset) {
  const std::string path =
      join_path(directory, format::segment_file_name(base_offset, format::kDataSuffix));
  const auto found = open_files_.find(path);
  if (found != open_files_.end()) {
    return found->second.get();
  }
  if (open_files_.size() >= kOpenFilesMax) {
    if (Status closed = close_files(); !closed) {
      return closed.error();
    }
  }
  auto opened = env_.files().open(path, OpenMode::kReadWriteCreate);
  if (opened.has_error()) {
    return opened.error();
  }
  directories_.insert(directory);
  return (open_files_[path] = *std::move(opened)).get();
}

Status JournalReplay::write_back(const std::string& directory, const DecodedFrame& frame) {
  const auto file = segment_file(directory, frame.header.segment_base_offset);
  if (file.has_error()) {
    return file.error();
  }
  return (*file)->pwrite(frame.payload, static_cast<std::uint64_t>(frame.header.position));
}

// Segments behind the cut go; in the one that holds it, the old batches go. Batches of a newer
// epoch were appended after the truncation and stay.
Status JournalReplay::truncate(const std::string& directory, const FrameHeader& header) {
  if (Status closed = close_files(); !closed) {
    return closed;
  }
  const auto entries = env_.files().list(directory);
  if (entries.has_error()) {
    return entries.error();
  }
  std::vector<Offset> bases;
  for (const DirectoryEntry& entry : *entries) {
    const auto name = format::parse_segment_file_name(entry.name);
    if (name && name->suffix == format::kDataSuffix) {
      bases.push_back(name->base_offset);
    }
  }
  std::sort(bases.begin(), bases.end());
  directories_.insert(directory);
  for (auto base = bases.rbegin(); base != bases.rend(); ++base) {
    const std::string path =
        join_path(directory, format::segment_file_name(*base, format::kDataSuffix));
    if (Status cut = truncate_segment(path, header); !cut) {
      return cut;
    }
    if (*base <= header.end_offset) {
      break;
    }
  }
  return {};
}

Status JournalReplay::truncate_segment(const std::string& path, const FrameHeader& header) {
  auto file = env_.files().open(path, OpenMode::kReadWrite);
  if (file.has_error()) {
    return file.error();
  }
  const auto size = (*file)->size();
  if (size.has_error()) {
    return size.error();
  }
  HeaderWalk walk(**file, {0, static_cast<std::int64_t>(*size)});
  for (;;) {
    const auto batch = walk.next();
    if (batch.has_error() || !batch->has_value()) {
      return {};
    }
    if ((*batch)->last_offset < header.end_offset) {
      continue;
    }
    if ((*batch)->leader_epoch > header.leader_epoch) {
      return {};
    }
    if (Status cut = (*file)->truncate(static_cast<std::uint64_t>((*batch)->position)); !cut) {
      return cut;
    }
    return (*file)->sync_data();
  }
}

Status JournalReplay::close_files() {
  for (const auto& [path, file] : open_files_) {
    if (Status synced = file->sync_data(); !synced) {
      return synced;
    }
  }
  open_files_.clear();
  return {};
}

Status JournalReplay::finish() {
  if (Status closed = close_files(); !closed) {
    return closed;
  }
  for (const std::string& directory : directories_) {
    if (Status synced = env_.files().sync_directory(directory); !synced) {
      return synced;
    }
  }
  directories_.clear();
  return {};
}

}  // namespace orloj::log
