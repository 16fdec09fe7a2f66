#include "log/journal_reader.h"

#include <algorithm>
#include <utility>

#include "log/env/write_again.h"

namespace orloj::log {
namespace {

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

struct ChainEnd {
  std::uint64_t end = 0;         // of the last frame
  std::uint64_t last_group = 0;  // where the group of the last frame starts
  // Where the next frame was looked for: behind the padding, when the last group is whole.
  std::uint64_t broken_at = 0;
};

// Walks the unbroken chain of frames; returns where it ends. `visit` gets each frame and its
// position.
template <class Visit>
Result<ChainEnd> walk(ByteView file, const JournalFileHeader& header, Visit visit) {
  std::uint64_t at = kJournalBlockBytes;
  std::uint64_t end = at;
  std::uint64_t group = at;  // of the frames before
  std::uint64_t last_group = at;
  for (;;) {
    auto frame = decode_frame(file, at, header);
    if (frame.has_error()) {
      return frame.error();
    }
    // A frame of the same group behind a block that a torn write left out is no part of the chain.
    const std::uint64_t position = frame->has_value() ? (*frame)->header.group_position : 0;
    if (position == group || position == at) {
      group = position;
      last_group = position;
      if (Status visited = visit(**frame, at); !visited) {
        return visited.error();
      }
      at += frame_bytes((*frame)->header.payload_bytes);
      end = at;
      continue;
    }
    const std::uint64_t next_group = round_up_to_block(at);
    if (next_group == at || next_group >= file.size() ||
        !all_zero(file.subspan(at, next_group - at))) {
      return ChainEnd{end, last_group, at};
    }
    at = next_group;
    group = at;
  }
}

// A frame of a later group than the one in which the chain broke: that one had been synced before
// it was written. A torn write may have left any of its blocks, so frames of the broken group
// itself prove nothing, be it broken at its very start.
Result<bool> later_group_behind(ByteView file, const JournalFileHeader& header,
                                std::uint64_t broken_at) {
  for (std::uint64_t at = broken_at + kFrameAlignment; at + kFrameHeaderBytes <= file.size();
       at += kFrameAlignment) {
    const auto frame = decode_frame(file, at, header);
    if (frame.has_error()) {
      return frame.error();
    }
    if (frame->has_value() && (*frame)->header.group_position > broken_at) {
      return true;
    }
  }
  return false;
}

// Frames of this lap in a file whose header can't be read: the header was durable once and has
// rotted.
bool holds_frames_of(ByteView file, std::uint64_t lap) {
  constexpr std::size_t kLapAt = 8;
  for (std::uint64_t at = kJournalBlockBytes; at + kFrameHeaderBytes <= file.size();
       at += kJournalBlockBytes) {
    const ByteView start = file.subspan(at, kLapAt + sizeof lap);
    if (!all_zero(start.first(4)) && load_big<std::uint64_t>(start.data() + kLapAt) == lap) {
      return true;
    }
  }
  return false;
}

}  // namespace

Error JournalReader::damage(std::uint64_t lap, std::uint64_t position,
                            const std::string& what) const {
  return {ErrorCode::kCorrupt,
          "journal file " + join_path(directory_, journal_file_name(lap)) + " at byte " +
              std::to_string(position) + ": " + what +
              "; records that were acknowledged may be lost if the broker went on. Check the disk "
              "and restore the data directory from a copy"};
}

Result<std::vector<std::byte>> JournalReader::read_file(std::uint64_t lap) const {
  const std::string path = join_path(directory_, journal_file_name(lap));
  auto file = env_.files().open(path, OpenMode::kRead);
  if (file.has_error()) {
    return file.error();
  }
  const auto size = (*file)->size();
  if (size.has_error()) {
    return size.error();
  }
  std::vector<std::byte> bytes(*size);
  const auto got = (*file)->pread(bytes, 0);
  if (got.has_error()) {
    return got.error();
  }
  bytes.resize(*got);
  return bytes;
}

Result<JournalReader::FileScan> JournalReader::scan(std::uint64_t lap) const {
  const auto bytes = read_file(lap);
  if (bytes.has_error()) {
    return bytes.error();
  }
  FileScan found;
  found.lap = lap;
  found.end = kJournalBlockBytes;
  const auto header = decode_file_header(*bytes);
  if (header.has_error() && header.error().code != ErrorCode::kCorrupt) {
    return header.error();
  }
  if (header.has_error() || header->lap != lap) {
    if (holds_frames_of(*bytes, lap)) {
      return damage(lap, 0, "its header is damaged");
    }
    found.unused = true;
    return found;
  }
  found.header = *header;
  const auto end = walk(*bytes, *header, [&](const DecodedFrame& frame, std::uint64_t) -> Status {
    if (frame.header.type == FrameType::kCheckpoint) {
      found.checkpoint.assign(frame.payload.begin(), frame.payload.end());
    }
    return {};
  });
  if (end.has_error()) {
    return end.error();
  }
  found.end = end->end;
  found.last_group = end->last_group;
  const auto behind = later_group_behind(*bytes, *header, end->broken_at);
  if (behind.has_error()) {
    return behind.error();
  }
  found.valid_behind_break = *behind;
  return found;
}

Result<JournalReader> JournalReader::open(Env env, std::string directory) {
  JournalReader reader(env, std::move(directory));
  const auto exists = env.files().exists(reader.directory_);
  if (exists.has_error()) {
    return exists.error();
  }
  std::vector<std::uint64_t> laps;
  if (*exists) {
    const auto entries = env.files().list(reader.directory_);
    if (entries.has_error()) {
      return entries.error();
    }
    for (const DirectoryEntry& entry : *entries) {
      if (const auto lap = parse_journal_file_name(entry.name)) {
        laps.push_back(*lap);
      }
    }
  }
  std::sort(laps.begin(), laps.end());
  if (Status found = reader.find_checkpoint(std::move(laps)); !found) {
    return found.error();
  }
  if (Status synced = reader.sync_last(); !synced) {
    return synced.error();
  }
  return reader;
}

// Reads files from the newest back until one holds a CHECKPOINT, and then those that its replay
// needs.
Status JournalReader::find_checkpoint(std::vector<std::uint64_t> laps) {
  std::vector<FileScan> newest_first;
  bool found = false;
  const std::vector<std::uint64_t> all = laps;
  while (!laps.empty() && (!found || laps.back() >= checkpoint_.replay_lap)) {
    auto scanned = scan(laps.back());
    if (scanned.has_error()) {
      return scanned.error();
    }
    laps.pop_back();
    if (scanned->unused) {
      if (!newest_first.empty()) {
        return damage(scanned->lap, 0, "its header is missing");
      }
      continue;
    }
    if (!found && !scanned->checkpoint.empty()) {
      auto decoded = decode_checkpoint(scanned->checkpoint);
      if (!decoded) {
        return damage(scanned->lap, scanned->end, "a checkpoint that can't be read");
      }
      checkpoint_ = std::move(*decoded);
      found = true;
    }
    newest_first.push_back(std::move(*scanned));
  }
  if (newest_first.empty()) {
    found_.laps.clear();
    return {};
  }
  if (!found) {
    if (newest_first.back().lap != 1) {
      return damage(newest_first.back().lap, 0, "no checkpoint is in the journal");
    }
    checkpoint_ = {1, kJournalBlockBytes, {}};
  }
  fresh_ = !found;
  for (const std::uint64_t lap : all) {
    if (lap <= newest_first.front().lap) {
      found_.laps.push_back(lap);
    }
  }
  found_.last_end = newest_first.front().end;
  last_group_ = newest_first.front().last_group;
  found_.replay_lap = checkpoint_.replay_lap;
  return verify(newest_first);
}

Status JournalReader::verify(const std::vector<FileScan>& newest_first) const {
  for (std::size_t i = 0; i < newest_first.size(); ++i) {
    const FileScan& file = newest_first[i];
    const bool needed = file.lap >= checkpoint_.replay_lap;
    if (!needed) {
      continue;
    }
    if (file.valid_behind_break) {
      return damage(file.lap, file.end, "a damaged frame with valid ones behind it");
    }
    if (i > 0 && newest_first[i - 1].lap == file.lap + 1 &&
        newest_first[i - 1].header.previous_end != file.end) {
      return damage(file.lap, file.end,
                    "its frames should end at byte " +
                        std::to_string(newest_first[i - 1].header.previous_end));
    }
    if (i > 0 && newest_first[i - 1].lap != file.lap + 1) {
      return damage(file.lap + 1, 0, "the file is missing");
    }
  }
  const FileScan& oldest = newest_first.back();
  if (oldest.lap > checkpoint_.replay_lap) {
    return damage(checkpoint_.replay_lap, 0, "the file is missing");
  }
  return {};
}

// Each write is durable before the next one begins, so that one alone may have failed and be in the
// page cache all the same: that of the header, or that of the last group.
Status JournalReader::sync_last() const {
  if (found_.laps.empty()) {
    return {};
  }
  auto file = env_.files().open(join_path(directory_, journal_file_name(found_.laps.back())),
                                OpenMode::kReadWrite);
  if (file.has_error()) {
    return file.error();
  }
  const std::uint64_t end = round_up_to_block(found_.last_end);
  Status written = write_again(**file, 0, kJournalBlockBytes);
  if (written) {
    written = write_again(**file, last_group_, end);
  }
  return written ? (*file)->sync_data() : written;
}

Status JournalReader::replay(const Visitor& visit) const {
  for (const std::uint64_t lap : found_.laps) {
    if (lap < checkpoint_.replay_lap) {
      continue;
    }
    const auto bytes = read_file(lap);
    if (bytes.has_error()) {
      return bytes.error();
    }
    const auto header = decode_file_header(*bytes);
    if (header.has_error()) {
      return header.error();
    }
    const std::uint64_t from =
        lap == checkpoint_.replay_lap ? checkpoint_.replay_position : kJournalBlockBytes;
    const auto walked =
        walk(*bytes, *header, [&](const DecodedFrame& frame, std::uint64_t at) -> Status {
          return at < from ? Status{} : visit(frame);
        });
    if (walked.has_error()) {
      return walked.error();
    }
  }
  return {};
}

}  // namespace orloj::log
