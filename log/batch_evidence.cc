#include "log/batch_evidence.h"

#include "log/bytes.h"

namespace orloj::log {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHalves = 1;
constexpr std::size_t kSequenceCount = 2;
constexpr std::size_t kDataLastDelta = 14;
static_assert(kBatchEvidenceDataEndPosition == kSequenceCount + sizeof(std::int32_t));
static_assert(kDataLastDelta == kBatchEvidenceDataEndPosition + sizeof(std::int64_t));
static_assert(kBatchEvidenceBytes == kDataLastDelta + sizeof(std::int32_t));

}  // namespace

void encode_batch_evidence(const BatchEvidence& evidence,
                           std::span<std::byte, kBatchEvidenceBytes> out) {
  out[0] = std::byte{kVersion};
  out[kHalves] = static_cast<std::byte>(evidence.halves);
  store_big(out.data() + kSequenceCount, evidence.sequence_count);
  store_big(out.data() + kBatchEvidenceDataEndPosition, evidence.data_end_offset);
  store_big(out.data() + kDataLastDelta, evidence.data_last_delta);
}

std::optional<BatchEvidence> decode_batch_evidence(std::span<const std::byte> key) {
  if (key.size() != kBatchEvidenceBytes || std::to_integer<std::uint8_t>(key[0]) != kVersion ||
      std::to_integer<std::uint8_t>(key[kHalves]) >
          static_cast<std::uint8_t>(BatchHalves::kMixed)) {
    return std::nullopt;
  }
  BatchEvidence evidence;
  evidence.halves = static_cast<BatchHalves>(key[kHalves]);
  evidence.sequence_count = load_big<std::int32_t>(key.data() + kSequenceCount);
  evidence.data_end_offset = load_big<std::int64_t>(key.data() + kBatchEvidenceDataEndPosition);
  evidence.data_last_delta = load_big<std::int32_t>(key.data() + kDataLastDelta);
  return evidence;
}

}  // namespace orloj::log
