#include "broker/net/frame_reader.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "log/bytes.h"

namespace orloj::broker {

namespace {
constexpr std::size_t kLengthBytes = 4;
}

FrameReader::Event FrameReader::advance(std::int64_t frame_max_bytes) {
  if (announced_ < 0) {
    if (staged_bytes() < kLengthBytes) return Event::kNeedBytes;
    const auto length = log::load_big<std::int32_t>(stage_.data() + stage_begin_);
    if (length < 0) return Event::kNegative;
    announced_ = length;
    if (length > frame_max_bytes) return Event::kTooLarge;
    stage_begin_ += kLengthBytes;
  }
  const auto size = static_cast<std::size_t>(announced_);
  if (leased_ == 0 && staged_bytes() < std::min(size, kStageBytes)) return Event::kNeedBytes;
  if (leased_ < size && filled_ == leased_) return Event::kNeedLease;
  const std::size_t staged = std::min(staged_bytes(), leased_ - filled_);
  if (staged > 0) {
    make_room();
    std::memcpy(data_.get() + filled_, stage_.data() + stage_begin_, staged);
    stage_begin_ += staged;
    filled_ += staged;
  }
  if (filled_ == size) return Event::kFrame;
  return filled_ == leased_ ? Event::kNeedLease : Event::kNeedBytes;
}

std::span<std::byte> FrameReader::writable() {
  if (in_stage()) {
    std::memmove(stage_.data(), stage_.data() + stage_begin_, staged_bytes());
    stage_end_ -= stage_begin_;
    stage_begin_ = 0;
    return {stage_.data() + stage_end_, stage_.size() - stage_end_};
  }
  assert(stage_begin_ == stage_end_);
  make_room();
  return {data_.get() + filled_, capacity_ - filled_};
}

void FrameReader::commit(std::size_t bytes) {
  (in_stage() ? stage_end_ : filled_) += bytes;
}

std::size_t FrameReader::want_bytes() const {
  const auto size = static_cast<std::size_t>(announced_);
  return leased_ == 0 ? std::min(size, kFirstLeaseBytes) : size - leased_;
}

bool FrameReader::is_here() const {
  return filled_ + staged_bytes() >= static_cast<std::size_t>(announced_);
}

void FrameReader::leased() {
  leased_ += want_bytes();
}

FrameBytes FrameReader::take() {
  FrameBytes frame{std::move(data_), static_cast<std::size_t>(announced_)};
  announced_ = -1;
  leased_ = capacity_ = filled_ = 0;
  return frame;
}

void FrameReader::make_room() {
  if (capacity_ == leased_) return;
  auto larger = std::make_unique_for_overwrite<std::byte[]>(leased_);
  if (filled_ > 0) std::memcpy(larger.get(), data_.get(), filled_);
  data_ = std::move(larger);
  capacity_ = leased_;
}

}  // namespace orloj::broker
