// Errors of the broker room: what stops a start. Requests carry Kafka's codes (error_map.h).
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>

namespace orloj::broker {

enum class ErrorCode : std::uint8_t {
  kListener,   // an address cannot be resolved or bound
  kRoom,       // a room could not be opened; the message holds its words
  kMalformed,  // bytes of a client that are no request
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

}  // namespace orloj::broker
