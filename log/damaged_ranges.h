// Offsets of a log that were durable once and are lost or can't be read: reads there answer
// kCorrupt. They are kept beside the log in "damaged-offsets" (docs/on-disk-formats.md), since a
// later start could take the place of a segment file that is gone for one that the cleaner emptied.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "log/env/env.h"
#include "log/error.h"
#include "log/types.h"

namespace orloj::log {

// [from, to)
struct DamagedRange {
  Offset from = 0;
  Offset to = 0;
  bool operator==(const DamagedRange&) const = default;
};

inline constexpr std::string_view kDamagedOffsetsFile = "damaged-offsets";

// The same offsets as ascending ranges that do not touch; what lies outside `within` is left out.
std::vector<DamagedRange> normal(std::vector<DamagedRange> ranges, const DamagedRange& within);

// kNotFound when there is no file, kCorrupt when its content can't be believed, kUnsupportedFormat
// when a newer version wrote it.
Result<std::vector<DamagedRange>> load_damaged_ranges(FileSystem& files,
                                                      const std::string& directory);

// Durable when it returns; no ranges, no file.
Status store_damaged_ranges(FileSystem& files, const std::string& directory,
                            const std::vector<DamagedRange>& ranges);

}  // namespace orloj::log
