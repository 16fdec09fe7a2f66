#include "log/crc32c.h"

#include <gtest/gtest.h>

#include <array>

namespace orloj::log {
namespace {

TEST(Crc32c, CheckValue_IsTheStandardOne) {
  EXPECT_EQ(crc32c(to_bytes("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, Zeros_MatchRfc3720) {
  const std::array<std::byte, 32> zeros{};
  EXPECT_EQ(crc32c(zeros), 0x8A9136AAU);
}

TEST(Crc32c, Extend_EqualsOnePassAtEverySplit) {
  const std::string_view text = "The quick brown fox jumps over the lazy dog, twice or more often.";
  const std::uint32_t whole = crc32c(to_bytes(text));
  for (std::size_t split = 0; split <= text.size(); ++split) {
    const std::uint32_t head = crc32c(to_bytes(text.substr(0, split)));
    EXPECT_EQ(crc32c_extend(head, to_bytes(text.substr(split))), whole) << split;
  }
}

}  // namespace
}  // namespace orloj::log
