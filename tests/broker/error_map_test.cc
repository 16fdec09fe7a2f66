#include "broker/error_map.h"

#include <gtest/gtest.h>

namespace orloj::broker {
namespace {

using Wire = protocol::ErrorCode;

// The enumerations are dense: every value up to the last has a code of its own meaning.
template <class Code>
void expect_all_mapped(Code last) {
  for (int value = 0; value <= static_cast<int>(last); ++value) {
    const Wire code = to_wire(static_cast<Code>(value));
    EXPECT_NE(code, Wire::kNone) << value;
    EXPECT_NE(code, Wire::kUnknownServerError) << value;
  }
}

TEST(ErrorMap, EveryErrorOfTheRooms_HasAWireCode) {
  expect_all_mapped(log::ErrorCode::kSealed);
  expect_all_mapped(scheduler::ErrorCode::kCorrupt);
  for (int value = 0; value <= static_cast<int>(coordinator::ErrorCode::kUnsupportedFormat);
       ++value) {
    EXPECT_NE(to_wire(static_cast<coordinator::ErrorCode>(value)), Wire::kNone) << value;
  }
}

TEST(ErrorMap, GroupErrors_KeepTheirNumbers) {
  EXPECT_EQ(to_wire(coordinator::GroupError::kNone), Wire::kNone);
  EXPECT_EQ(to_wire(coordinator::GroupError::kFencedInstanceId), Wire::kFencedInstanceId);
  EXPECT_EQ(to_wire(coordinator::GroupError::kUnknownServerError), Wire::kUnknownServerError);
}

TEST(ErrorMap, OnlyAFailedMetadataStore_IsFatal) {
  EXPECT_TRUE(is_fatal(coordinator::ErrorCode::kStore));
  EXPECT_FALSE(is_fatal(coordinator::ErrorCode::kTopicExists));
}

}  // namespace
}  // namespace orloj::broker
