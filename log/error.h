// Errors of the log room: a code that callers branch on and a message that an operator can act on.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace orloj::log {

enum class ErrorCode : std::uint8_t {
  kIo,                    // a system call failed; the message holds the path and errno text
  kNoSpace,               // ENOSPC: nothing was kept of the write
  kNotFound,              // a file, key, topic or partition does not exist
  kLocked,                // another process holds the data directory
  kCorrupt,               // stored bytes fail their checks (CRC, offsets, sizes)
  kInvalidBatch,          // client bytes are not one valid v2 batch
  kInvalidRecord,         // a record inside a batch breaks a rule
  kTooLarge,              // a named limit is exceeded; the message holds its name
  kUnsupportedCodec,      // compression that is unknown or not allowed here
  kUnsupportedFormat,     // written by a newer version
  kOffsetOutOfRange,      // read below the log start or above the high watermark
  kOutOfOrderSequence,    // idempotent producer: a gap
  kInvalidProducerEpoch,  // idempotent producer: an older epoch
  kUnknownProducer,       // idempotent producer: state is needed but absent
  kInvalidTimestamp,      // outside message.timestamp.before/after.max.ms
  kClosed,                // the log is closing or its topic is deleted
  kSealed,                // an earlier write or sync failed; nothing more is accepted
};

struct Error {
  ErrorCode code;
  std::string message;
};

// Used by boost::system::result when value() is called on an error: a programmer error, so it
// throws.
[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

template <class T>
using Result = boost::system::result<T, Error>;
using Status = Result<void>;

std::string_view name(ErrorCode code);

}  // namespace orloj::log
