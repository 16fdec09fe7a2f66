// A reply on its way out: bytes in memory and ranges of segment files, in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "log/file_slice.h"

namespace orloj::broker {

struct Response {
  using Part = std::variant<std::vector<std::byte>, log::FileSlice>;
  std::vector<Part> parts;

  std::int64_t size_bytes() const {
    std::int64_t total = 0;
    for (const Part& part : parts) {
      const auto* bytes = std::get_if<std::vector<std::byte>>(&part);
      total += bytes != nullptr ? static_cast<std::int64_t>(bytes->size())
                                : std::get<log::FileSlice>(part).length;
    }
    return total;
  }
};

}  // namespace orloj::broker
