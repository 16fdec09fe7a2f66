// Small files read and replaced as a whole: checkpoints, meta.properties, producer state.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "log/env/env.h"

namespace orloj::log {

// kNotFound when absent, kTooLarge when the file holds more than `max_bytes`.
Result<std::vector<std::byte>> read_whole_file(FileSystem& files, const std::string& path,
                                               std::size_t max_bytes);

// Writes "path.tmp", syncs it, renames it over `path` and syncs the directory: after a crash the
// old or the new content is there, and once this returns the new one is durable.
Status replace_file(FileSystem& files, const std::string& path, ByteView content);

}  // namespace orloj::log
