// Named limits of the protocol room. They bound work per frame; the frame itself is bounded by the
// broker.
#pragma once

#include <cstddef>

namespace orloj::protocol {

// Memory that decoding one message may claim: kDecodeBudgetPerFrameByte times its size, plus
// kDecodeBudgetBase bytes. A message of many tiny elements beyond that is refused. The base leaves
// room for the text of an error, so that all in all four times the frame and 64 KiB are never
// exceeded.
inline constexpr std::size_t kDecodeBudgetPerFrameByte = 4;
inline constexpr std::size_t kDecodeBudgetBase = 60 * 1024;

// The longest string and the largest array or byte field that the wire format can carry.
inline constexpr std::size_t kMaxClassicStringBytes = 32767;
inline constexpr std::size_t kMaxLength = 2147483646;

// The size prefix of a frame is a positive int32.
inline constexpr std::size_t kMaxFrameBytes = 2147483647;

}  // namespace orloj::protocol
