#include "log/verified_ranges.h"

#include <algorithm>
#include <utility>

namespace orloj::log {

bool VerifiedRanges::covers(ByteRange range) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const ByteRange& known) {
    return known.from <= range.from && range.to <= known.to;
  });
}

void VerifiedRanges::add(ByteRange range) {
  if (range.from >= range.to) {
    return;
  }
  const std::lock_guard lock(mutex_);
  const auto first = std::find_if(ranges_.begin(), ranges_.end(),
                                  [&](const ByteRange& known) { return known.to >= range.from; });
  auto behind = first;
  for (; behind != ranges_.end() && behind->from <= range.to; ++behind) {
    range.from = std::min(range.from, behind->from);
    range.to = std::max(range.to, behind->to);
  }
  if (first != behind) {
    *first = range;
    ranges_.erase(first + 1, behind);
    return;
  }
  ranges_.insert(first, range);
  if (ranges_.size() > kRangesMax) {
    ranges_.erase(ranges_.begin());
  }
}

void VerifiedRanges::forget(ByteRange range) {
  const std::lock_guard lock(mutex_);
  std::vector<ByteRange> left;
  for (const ByteRange& known : ranges_) {
    const ByteRange below{known.from, std::min(known.to, range.from)};
    const ByteRange above{std::max(known.from, range.to), known.to};
    for (const ByteRange& part : {below, above}) {
      if (part.from < part.to) {
        left.push_back(part);
      }
    }
  }
  ranges_ = std::move(left);
}

}  // namespace orloj::log
