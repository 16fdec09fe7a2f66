// A File over a Linux descriptor, and errno as an Error. Private to log/env.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "log/env/env.h"

namespace orloj::log {

// The errno `cause` of `operation` on `path`, with a remedy where one is known.
Error errno_error(std::string_view operation, const std::string& path, int cause);

// Takes ownership of `descriptor`.
std::unique_ptr<File> make_posix_file(int descriptor, std::string path);

}  // namespace orloj::log
