// The version of this program, for people and for metrics.
#pragma once

#include <string_view>

namespace orloj::broker {

inline constexpr std::string_view kVersion = ORLOJ_VERSION;

}  // namespace orloj::broker
