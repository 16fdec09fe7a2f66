// Errors of the protocol room: what was wrong with the bytes, or with the message to be written.
// (Kafka's own error codes, which travel inside messages, are in protocol/error_code.h.)
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace orloj::protocol {

enum class Fault : std::uint8_t {
  kTruncated,           // the bytes end before the field does
  kTrailingBytes,       // bytes are left over after the last field
  kInvalidLength,       // a negative or impossible length, count or tag section
  kInvalidVarint,       // a varint longer than its type allows
  kUnexpectedNull,      // null where this version does not allow it
  kInvalidTag,          // tagged fields are not in strictly ascending order, or overrun their size
  kOverBudget,          // decoding would claim more memory than protocol/options.h allows
  kUnsupportedVersion,  // no such API, or a version of it that is not spoken here
  kTooLong,             // the message to be written does not fit the wire format
};

struct Error {
  Fault code;
  std::string message;
};

// Used by boost::system::result when value() is called on an error: a programmer error, so it
// throws.
[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

template <class T>
using Result = boost::system::result<T, Error>;
using Status = Result<void>;

std::string_view name(Fault code);

}  // namespace orloj::protocol
