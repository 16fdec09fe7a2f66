// One row per API of protocol/definitions: names and version ranges. Dispatch, ApiVersions and
// metrics are drawn from these rows. Source: generated from the definitions at build time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/api_key.h"

namespace orloj::protocol {

inline constexpr std::int16_t kNeverFlexible = INT16_MAX;

struct ApiRow {
  ApiKey key;
  std::string_view name;  // in Kafka's spelling, for example "ListOffsets"
  std::int16_t min_version;
  std::int16_t max_version;
  // What ApiVersions announces as the minimum; lower than min_version where clients probe for it
  // without using it (Produce: librdkafka before 2.11.1 turns compression off unless 0 is in
  // range).
  std::int16_t advertised_min_version;
  std::int16_t first_flexible_version;  // kNeverFlexible if there is none

  bool supports(std::int16_t version) const {
    return version >= min_version && version <= max_version;
  }
  bool is_flexible(std::int16_t version) const { return version >= first_flexible_version; }
  // 1, or 2 for flexible versions.
  std::int16_t request_header_version(std::int16_t version) const {
    return is_flexible(version) ? 2 : 1;
  }
  // 0, or 1 for flexible versions; always 0 for ApiVersions, whose answer must be readable by a
  // client that does not yet know what the broker speaks (KIP-511).
  std::int16_t response_header_version(std::int16_t version) const {
    return is_flexible(version) && key != ApiKey::kApiVersions ? 1 : 0;
  }
};

// All rows, ascending by key.
std::span<const ApiRow> api_table();

// The row of `key`, or null if it is not spoken here.
const ApiRow* find_api(std::int16_t key);
inline const ApiRow* find_api(ApiKey key) {
  return find_api(static_cast<std::int16_t>(key));
}

}  // namespace orloj::protocol
