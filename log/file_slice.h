// A range of a segment file, ready for sendfile.
#pragma once

#include <cstdint>
#include <memory>

#include "log/env/env.h"

namespace orloj::log {

// The shared_ptr keeps the file open: retention may unlink it meanwhile.
struct FileSlice {
  std::shared_ptr<const File> file;
  std::int64_t position = 0;
  std::int64_t length = 0;
};

}  // namespace orloj::log
