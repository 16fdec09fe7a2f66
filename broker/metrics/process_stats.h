// What the operating system says about this process.
#pragma once

#include <cstdint>

namespace orloj::broker {

struct ProcessStats {
  double cpu_seconds = 0;
  std::int64_t resident_bytes = 0;
  std::int64_t open_fds = 0;
  std::int64_t max_fds = 0;
};

ProcessStats read_process_stats();

}  // namespace orloj::broker
