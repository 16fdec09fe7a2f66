#include "broker/error_map.h"

namespace orloj::broker {

using Wire = protocol::ErrorCode;

Wire to_wire(log::ErrorCode code) {
  using log::ErrorCode;
  switch (code) {
    case ErrorCode::kIo:
    case ErrorCode::kNoSpace:
    case ErrorCode::kLocked:
    case ErrorCode::kUnsupportedFormat:
    case ErrorCode::kSealed:
      return Wire::kKafkaStorageError;
    case ErrorCode::kNotFound:
      return Wire::kUnknownTopicOrPartition;
    case ErrorCode::kCorrupt:
      return Wire::kCorruptMessage;
    case ErrorCode::kInvalidBatch:
    case ErrorCode::kInvalidRecord:
      return Wire::kInvalidRecord;
    case ErrorCode::kTooLarge:
      return Wire::kMessageTooLarge;
    case ErrorCode::kUnsupportedCodec:
      return Wire::kUnsupportedCompressionType;
    case ErrorCode::kOffsetOutOfRange:
      return Wire::kOffsetOutOfRange;
    case ErrorCode::kOutOfOrderSequence:
      return Wire::kOutOfOrderSequenceNumber;
    case ErrorCode::kInvalidProducerEpoch:
      return Wire::kInvalidProducerEpoch;
    case ErrorCode::kUnknownProducer:
      return Wire::kUnknownProducerId;
    case ErrorCode::kInvalidTimestamp:
      return Wire::kInvalidTimestamp;
    case ErrorCode::kClosed:
      return Wire::kNotLeaderOrFollower;  // deleted or stopping: clients look again
  }
  return Wire::kUnknownServerError;
}

Wire to_wire(coordinator::ErrorCode code) {
  using coordinator::ErrorCode;
  switch (code) {
    case ErrorCode::kTopicExists:
      return Wire::kTopicAlreadyExists;
    case ErrorCode::kUnknownTopic:
      return Wire::kUnknownTopicOrPartition;
    case ErrorCode::kInvalidTopicName:
    case ErrorCode::kInternalTopic:
      return Wire::kInvalidTopicException;
    case ErrorCode::kInvalidPartitions:
      return Wire::kInvalidPartitions;
    case ErrorCode::kInvalidReplicationFactor:
      return Wire::kInvalidReplicationFactor;
    case ErrorCode::kInvalidReplicaAssignment:
      return Wire::kInvalidReplicaAssignment;
    case ErrorCode::kInvalidConfig:
      return Wire::kInvalidConfig;
    case ErrorCode::kTooLarge:
      return Wire::kPolicyViolation;
    case ErrorCode::kConflict:
      return Wire::kConcurrentTransactions;
    case ErrorCode::kStore:
    case ErrorCode::kLog:
    case ErrorCode::kCorrupt:
    case ErrorCode::kUnsupportedFormat:
      return Wire::kKafkaStorageError;
    case ErrorCode::kCompacted:  // of watches, which no request starts
      return Wire::kUnknownServerError;
  }
  return Wire::kUnknownServerError;
}

Wire to_wire(coordinator::GroupError error) {
  return static_cast<Wire>(error);  // its values are the wire's
}

Wire to_wire(scheduler::ErrorCode code) {
  using scheduler::ErrorCode;
  switch (code) {
    case ErrorCode::kInvalidRecord:
    case ErrorCode::kInvalidBatch:
      return Wire::kInvalidRecord;
    case ErrorCode::kTooLarge:
      return Wire::kMessageTooLarge;
    case ErrorCode::kLog:
    case ErrorCode::kUnsupportedFormat:
      return Wire::kKafkaStorageError;
    case ErrorCode::kCorrupt:
      return Wire::kCorruptMessage;
  }
  return Wire::kUnknownServerError;
}

bool is_fatal(coordinator::ErrorCode code) {
  return code == coordinator::ErrorCode::kStore;
}

}  // namespace orloj::broker
