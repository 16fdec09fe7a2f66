#include "log/format.h"

#include <gtest/gtest.h>

namespace orloj::log::format {
namespace {

TEST(SegmentFileName, IsKafkasTwentyDigits) {
  EXPECT_EQ(segment_file_name(0, kDataSuffix), "00000000000000000000.log");
  EXPECT_EQ(segment_file_name(INT64_MAX, kTimeIndexSuffix), "09223372036854775807.timeindex");
}

TEST(SegmentFileName, Parse_InvertsAndRefusesOthers) {
  const auto parsed = parse_segment_file_name("00000000000000000042.log.deleted");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->base_offset, 42);
  EXPECT_EQ(parsed->suffix, ".log.deleted");
  EXPECT_FALSE(parse_segment_file_name("leader-epoch-checkpoint"));
  EXPECT_FALSE(parse_segment_file_name("0000000000000000042.log"));
  EXPECT_FALSE(parse_segment_file_name("-0000000000000000042.log"));
  EXPECT_FALSE(parse_segment_file_name("0000000000000000004x.log"));
  EXPECT_FALSE(parse_segment_file_name("99999999999999999999.log"));
}

}  // namespace
}  // namespace orloj::log::format
