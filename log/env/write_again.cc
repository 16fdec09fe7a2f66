#include "log/env/write_again.h"

#include <algorithm>
#include <vector>

namespace orloj::log {
namespace {

constexpr std::uint64_t kBufferBytes = std::uint64_t{1} << 20;

}  // namespace

Status write_again(File& file, std::uint64_t from, std::uint64_t to) {
  std::vector<std::byte> buffer(from < to ? std::min(to - from, kBufferBytes) : 0);
  while (from < to) {
    const auto part = MutableBytes(buffer).first(std::min<std::uint64_t>(to - from, kBufferBytes));
    const auto read = file.pread(part, from);
    if (!read) {
      return read.error();
    }
    if (*read == 0) {
      return {};  // the file ends before `to`
    }
    if (Status written = file.pwrite(part.first(*read), from); !written) {
      return written;
    }
    from += *read;
  }
  return {};
}

}  // namespace orloj::log
