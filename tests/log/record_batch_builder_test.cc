#include "log/record_batch_builder.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "log/record_batch.h"

namespace orloj::log {
namespace {

TEST(RecordBatchBuilder, SizeWith_IsExact) {
  const std::array<HeaderView, 1> headers = {HeaderView{"h", to_bytes("x")}};
  const std::string big(20'000, 'b');
  RecordBatchBuilder builder({});
  const NewRecord small{.timestamp_ms = 10, .key = to_bytes("k"), .headers = headers};
  const NewRecord large{.timestamp_ms = 99'999, .value = to_bytes(big)};
  for (int i = 0; i < 100; ++i) {
    const NewRecord& record = i % 9 == 3 ? large : small;
    const std::size_t expected = builder.size_with(record);
    builder.append(record);
    ASSERT_EQ(builder.size(), expected) << i;
  }
  const std::size_t size = builder.size();
  EXPECT_EQ(std::move(builder).build().value().size(), size);
}

TEST(RecordBatchBuilder, ControlBatch_CarriesTheBit) {
  RecordBatchBuilder builder({.kind = BatchKind::kControl});
  builder.append({.timestamp_ms = 1, .key = to_bytes(std::string_view("\0\0\0\1", 4))});
  const auto bytes = std::move(builder).build().value();
  EXPECT_TRUE(RecordBatchView::parse(bytes, CrcCheck::kVerify).value().is_control());
}

}  // namespace
}  // namespace orloj::log
