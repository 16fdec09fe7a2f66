// A set of byte ranges of a file: which of its bytes are known to be intact. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace orloj::log {

struct ByteRange {
  std::int64_t from = 0;
  std::int64_t to = 0;  // the byte behind it
};

class VerifiedRanges {
 public:
  // Beyond so many that do not touch, the lowest one is forgotten: it is checked once more.
  static constexpr std::size_t kRangesMax = 16;

  bool covers(ByteRange range) const;  // an empty range: when its place lies in a known one
  void add(ByteRange range);           // joined with what it touches
  void forget(ByteRange range);

 private:
  mutable std::mutex mutex_;
  std::vector<ByteRange> ranges_;  // ascending; no two touch
};

}  // namespace orloj::log
