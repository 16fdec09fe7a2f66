// Bit sets of what a client may do (KIP-430): bit n is Kafka's AclOperation n. Without an
// authorizer everything is allowed.
#pragma once

#include <cstdint>

namespace orloj::broker {

enum class Operation : std::uint8_t {
  kRead = 3,
  kWrite = 4,
  kCreate = 5,
  kDelete = 6,
  kAlter = 7,
  kDescribe = 8,
  kClusterAction = 9,
  kDescribeConfigs = 10,
  kAlterConfigs = 11,
  kIdempotentWrite = 12,
};

template <class... Operations>
constexpr std::int32_t operation_bits(Operations... operations) {
  return ((std::int32_t{1} << static_cast<int>(operations)) | ...);
}

inline constexpr std::int32_t kTopicOperations = operation_bits(
    Operation::kRead, Operation::kWrite, Operation::kCreate, Operation::kDelete, Operation::kAlter,
    Operation::kDescribe, Operation::kDescribeConfigs, Operation::kAlterConfigs);
inline constexpr std::int32_t kClusterOperations = operation_bits(
    Operation::kCreate, Operation::kAlter, Operation::kDescribe, Operation::kClusterAction,
    Operation::kDescribeConfigs, Operation::kAlterConfigs, Operation::kIdempotentWrite);

}  // namespace orloj::broker
