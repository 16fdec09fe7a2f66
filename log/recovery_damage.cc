#include "log/recovery_damage.h"

#include <algorithm>
#include <utility>

#include "log/segment.h"
#include "log/segment_walk.h"

namespace orloj::log {
namespace {

// Somebody may have put the file back that was gone.
bool is_whole(const SegmentList& segments, const DamagedRange& range) {
  Offset next = range.from;
  for (const auto& segment : segments) {
    const auto first = segment->find_batch(next);
    if (first.has_error() || !first->has_value()) {
      continue;
    }
    BatchWalk walk(*segment->file(), {(*first)->position, segment->size_bytes()},
                   CrcCheck::kVerify);
    auto batch = walk.next();
    while (next < range.to && batch.has_value() && batch->has_value() &&
           (*batch)->base_offset() <= next) {
      next = (*batch)->next_offset();
      batch = walk.next();
    }
  }
  return next >= range.to;
}

}  // namespace

void RecoveryDamage::say(const DamagedRange& range, const std::string& what) {
  say_("offsets " + std::to_string(range.from) + " to " + std::to_string(range.to - 1) + " " +
       what);
}

void RecoveryDamage::note(const DamagedRange& hole, const std::string& why) {
  const Offset noted = ranges_.empty() ? recovery_.log_start : ranges_.back().to;
  const DamagedRange rest{std::max({hole.from, recovery_.log_start, noted}), hole.to};
  if (rest.from < rest.to) {
    say(rest, why + "; they answer CORRUPT_MESSAGE");
    ranges_.push_back(rest);
  }
}

Result<std::vector<DamagedRange>> RecoveryDamage::stored() {
  if (!has_file_) {
    return std::vector<DamagedRange>();
  }
  auto loaded = load_damaged_ranges(files_, recovery_.spec.directory);
  if (loaded.has_error() && loaded.error().code == ErrorCode::kCorrupt) {
    say_(loaded.error().message + "; it is made anew from what this start finds");
    return std::vector<DamagedRange>();
  }
  return loaded;
}

Status RecoveryDamage::remember(const SegmentList& segments) {
  const auto earlier = stored();
  if (earlier.has_error()) {
    return earlier.error();
  }
  const Offset end = segments.empty() ? recovery_.log_start : segments.back()->next_offset();
  const DamagedRange within{recovery_.log_start, std::max(end, recovery_.durable_end)};
  const std::vector<DamagedRange> found = normal(std::move(ranges_), within);
  ranges_ = found;
  for (const DamagedRange& range : *earlier) {
    if (is_whole(segments, range)) {
      say(range, "can be read again");
      continue;
    }
    if (range.to > within.from && std::find(found.begin(), found.end(), range) == found.end()) {
      say(range, "answer CORRUPT_MESSAGE: an earlier start found them gone or damaged");
    }
    ranges_.push_back(range);
  }
  ranges_ = normal(std::move(ranges_), within);
  const bool is_current = ranges_ == *earlier && has_file_ == !ranges_.empty();
  return is_current ? Status{} : store_damaged_ranges(files_, recovery_.spec.directory, ranges_);
}

}  // namespace orloj::log
