#include "log/error.h"

#include <stdexcept>

namespace orloj::log {

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::logic_error("value of a failed result taken at " + where.to_string() + ": " +
                         error.message);
}

std::string_view name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kNoSpace:
      return "no space";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kLocked:
      return "locked";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kInvalidBatch:
      return "invalid batch";
    case ErrorCode::kInvalidRecord:
      return "invalid record";
    case ErrorCode::kTooLarge:
      return "too large";
    case ErrorCode::kUnsupportedCodec:
      return "unsupported codec";
    case ErrorCode::kUnsupportedFormat:
      return "unsupported format";
    case ErrorCode::kOffsetOutOfRange:
      return "offset out of range";
    case ErrorCode::kOutOfOrderSequence:
      return "out of order sequence";
    case ErrorCode::kInvalidProducerEpoch:
      return "invalid producer epoch";
    case ErrorCode::kUnknownProducer:
      return "unknown producer";
    case ErrorCode::kInvalidTimestamp:
      return "invalid timestamp";
    case ErrorCode::kClosed:
      return "closed";
    case ErrorCode::kSealed:
      return "sealed";
  }
  return "unknown";
}

}  // namespace orloj::log
