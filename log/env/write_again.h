// What a failed sync took from the disk can still be read: the page cache keeps it and counts it as
// written, so that the next sync succeeds without it. Whoever goes on from bytes that may have met
// such a sync writes them again first.
#pragma once

#include <cstdint>

#include "log/env/env.h"
#include "log/error.h"

namespace orloj::log {

// Writes the bytes from `from` to `to` again where they are, a bounded buffer at a time. Durable
// after sync_data.
Status write_again(File& file, std::uint64_t from, std::uint64_t to);

}  // namespace orloj::log
