#include "protocol/message.h"

namespace orloj::protocol {

Status check_version(std::string_view message, std::int16_t version, std::int16_t min_version,
                     std::int16_t max_version) {
  if (version >= min_version && version <= max_version) return {};
  return Error{Fault::kUnsupportedVersion,
               std::string(message) + " version " + std::to_string(version) + " is outside " +
                   std::to_string(min_version) + "-" + std::to_string(max_version)};
}

Error in_message(Error error, std::string_view message, std::int16_t version) {
  error.message =
      std::string(message) + " version " + std::to_string(version) + ": " + error.message;
  return error;
}

}  // namespace orloj::protocol
