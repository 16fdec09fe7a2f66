// The producer state as Kafka writes it, `<log end>.snapshot`, for Kafka's own tools. A by-product:
// never read back. Format: version i16 (1), CRC-32C u32 of what follows, then an array of producers
// (Kafka's ProducerSnapshot schema).
#pragma once

#include <string>

#include "log/env/env.h"
#include "log/error.h"
#include "log/producer_state_file.h"

namespace orloj::log {

std::vector<std::byte> encode_producer_snapshot(const ProducerFacts& facts);

// Writes the snapshot of a stopped partition and removes older ones.
Status write_producer_snapshot(FileSystem& files, const std::string& directory,
                               const ProducerFacts& facts);

}  // namespace orloj::log
