// The real machine behind log/env/env.h: Linux files, CLOCK_REALTIME and CLOCK_BOOTTIME, getrandom.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "log/env/env.h"

namespace orloj::log {

// Where the process kills itself (SIGKILL) for a crash test: at the nth visit of the named point.
struct ArmedCrash {
  std::string crash_point;  // empty: never
  std::int64_t nth = 1;
};

std::unique_ptr<FileSystem> make_posix_file_system(ArmedCrash armed = {});
std::unique_ptr<Clock> make_posix_clock();
std::unique_ptr<Random> make_posix_random();

// Owns one of each; lives as long as the process.
class PosixEnv {
 public:
  explicit PosixEnv(ArmedCrash armed = {});
  Env env() const { return {*files_, *clock_, *random_}; }

 private:
  std::unique_ptr<FileSystem> files_;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Random> random_;
};

}  // namespace orloj::log
