// Names that Kafka gives: where a group lives, and what a new member is called.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "log/env/env.h"

namespace orloj::coordinator {

// Java's String.hashCode of the UTF-16 form of UTF-8 text.
std::int32_t java_hash(std::string_view text);

// A random UUID in its usual spelling.
std::string make_uuid(log::Random& random);

}  // namespace orloj::coordinator
