#include "protocol/error.h"

#include <stdexcept>

namespace orloj::protocol {

std::string_view name(Fault code) {
  switch (code) {
    case Fault::kTruncated:
      return "TRUNCATED";
    case Fault::kTrailingBytes:
      return "TRAILING_BYTES";
    case Fault::kInvalidLength:
      return "INVALID_LENGTH";
    case Fault::kInvalidVarint:
      return "INVALID_VARINT";
    case Fault::kUnexpectedNull:
      return "UNEXPECTED_NULL";
    case Fault::kInvalidTag:
      return "INVALID_TAG";
    case Fault::kOverBudget:
      return "OVER_BUDGET";
    case Fault::kUnsupportedVersion:
      return "UNSUPPORTED_VERSION";
    case Fault::kTooLong:
      return "TOO_LONG";
  }
  return "UNKNOWN";
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::logic_error(std::string(name(error.code)) + ": " + error.message + " (unchecked at " +
                         where.to_string() + ")");
}

}  // namespace orloj::protocol
