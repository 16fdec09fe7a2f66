#include "log/batch_evidence.h"

#include <gtest/gtest.h>

#include <array>

namespace orloj::log {
namespace {

TEST(BatchEvidence, DecodeOfEncode_GivesTheSame) {
  std::array<std::byte, kBatchEvidenceBytes> key{};
  encode_batch_evidence({.halves = BatchHalves::kMixed,
                         .sequence_count = 17,
                         .data_end_offset = 0x0102030405060708,
                         .data_last_delta = 12},
                        key);
  EXPECT_EQ(key[0], std::byte{1});
  EXPECT_EQ(key[kBatchEvidenceDataEndPosition], std::byte{1});
  EXPECT_EQ(key[kBatchEvidenceDataEndPosition + 7], std::byte{8});
  const auto evidence = decode_batch_evidence(key);
  ASSERT_TRUE(evidence);
  EXPECT_EQ(evidence->halves, BatchHalves::kMixed);
  EXPECT_EQ(evidence->sequence_count, 17);
  EXPECT_EQ(evidence->data_end_offset, 0x0102030405060708);
  EXPECT_EQ(evidence->data_last_delta, 12);
}

TEST(BatchEvidence, OtherSizeVersionOrHalves_IsRefused) {
  std::array<std::byte, kBatchEvidenceBytes> key{};
  encode_batch_evidence({}, key);
  EXPECT_TRUE(decode_batch_evidence(key));
  EXPECT_FALSE(decode_batch_evidence(std::span(key).first(kBatchEvidenceBytes - 1)));
  key[0] = std::byte{2};
  EXPECT_FALSE(decode_batch_evidence(key));
  key[0] = std::byte{1};
  key[1] = std::byte{3};
  EXPECT_FALSE(decode_batch_evidence(key));
}

}  // namespace
}  // namespace orloj::log
