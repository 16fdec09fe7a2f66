// Errors of the coordinator room. Group answers carry Kafka's own semantics through GroupError in
// group/group_types.h.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>

namespace orloj::coordinator {

enum class ErrorCode : std::uint8_t {
  kTopicExists,
  kUnknownTopic,
  kInvalidTopicName,
  kInvalidPartitions,
  kInvalidReplicationFactor,
  kInvalidReplicaAssignment,
  kInvalidConfig,
  kInternalTopic,  // may not be deleted or produced to by clients
  kConflict,       // compare-and-write lost
  kCompacted,      // a watch starts before the kept history
  kTooLarge,       // a named limit; the message holds its name
  kStore,          // the metadata store failed: the process must stop
  kLog,            // the log room refused; the message holds its words
  kCorrupt,        // a stored value cannot be decoded
  kUnsupportedFormat,
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

}  // namespace orloj::coordinator
