#include "log/types.h"

#include <gtest/gtest.h>

#include "log/error.h"

namespace orloj::log {
namespace {

TEST(TopicId, ToString_IsBase64UrlWithoutPaddingAsKafkaPrintsIt) {
  EXPECT_EQ(TopicId{}.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
  TopicId id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(0xf0 + i);
  }
  EXPECT_EQ(id.to_string(), "8PHy8_T19vf4-fr7_P3-_w");
}

TEST(LogId, Hash_TellsKindAndPartitionApart) {
  const std::hash<LogId> hash;
  const LogId data{TopicId{}, 0, LogKind::kData};
  const LogId schedule{TopicId{}, 0, LogKind::kSchedule};
  const LogId other{TopicId{}, 1, LogKind::kData};
  EXPECT_EQ(hash(data), hash(LogId{TopicId{}, 0, LogKind::kData}));
  EXPECT_NE(hash(data), hash(schedule));
  EXPECT_NE(hash(data), hash(other));
}

TEST(Result, ValueOfAnError_Throws) {
  const Result<int> failed = Error{ErrorCode::kIo, "the disk is gone"};
  EXPECT_THROW(static_cast<void>(failed.value()), std::logic_error);
}

}  // namespace
}  // namespace orloj::log
