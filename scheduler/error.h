// Errors of the scheduler room.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>

namespace orloj::scheduler {

enum class ErrorCode : std::uint8_t {
  kInvalidRecord,      // a schedule header is malformed or contradicts another
  kInvalidBatch,       // the batch itself cannot be read
  kTooLarge,           // a named limit is exceeded; the message holds its name
  kLog,                // the log room refused; the message holds its words
  kUnsupportedFormat,  // a schedule log entry of a newer version
  kCorrupt,            // a schedule log entry that cannot be decoded
};

struct Error {
  ErrorCode code;
  std::string message;
};

[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

template <class T>
using Result = boost::system::result<T, Error>;
using Status = Result<void>;

}  // namespace orloj::scheduler
