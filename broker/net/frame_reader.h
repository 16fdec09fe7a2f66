// Cuts a byte stream into Kafka frames: a big-endian length and so many bytes. Pure; knows no
// socket.
//
// The budget is asked when a whole stage of the frame is here, or all of it: first for
// kFirstLeaseBytes, then for all the rest, so that frames that were let past the first step can be
// completed. What is leased is allocated; its pages follow the bytes that arrive.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace orloj::broker {

struct FrameBytes {
  std::unique_ptr<std::byte[]> data;
  std::size_t size = 0;
  std::span<std::byte> span() const { return {data.get(), size}; }
};

class FrameReader {
 public:
  static constexpr std::size_t kStageBytes = 4096;
  static constexpr std::size_t kFirstLeaseBytes =
      128 * 1024;  // most batches fit: they are not copied again

  enum class Event : std::uint8_t {
    kNeedBytes,  // read into writable(), then commit()
    kNeedLease,  // lease want_bytes() more from the budget, then leased()
    kFrame,      // take()
    kTooLarge,   // announced_bytes() is above the limit; the stream is lost
    kNegative,   // a negative length; the stream is lost
  };

  // What is to be done next.
  Event advance(std::int64_t frame_max_bytes);

  std::span<std::byte> writable();
  void commit(std::size_t bytes);

  std::size_t want_bytes() const;
  // Every byte of the frame that want_bytes() is asked for has arrived.
  bool is_here() const;
  bool has_lease() const { return leased_ > 0; }
  void leased();

  FrameBytes take();
  std::int64_t announced_bytes() const { return announced_; }
  // Bytes of the frame in progress that have arrived.
  std::size_t filled_bytes() const { return filled_; }
  // A frame has begun (if only its length) and is not complete.
  bool half_frame() const { return announced_ >= 0 || stage_begin_ < stage_end_; }

 private:
  // The frame in progress is gathered in the stage: nothing was leased for it yet.
  bool in_stage() const { return announced_ < 0 || leased_ == 0; }
  std::size_t staged_bytes() const { return stage_end_ - stage_begin_; }
  void make_room();  // for all that is leased

  std::array<std::byte, kStageBytes> stage_;
  std::size_t stage_begin_ = 0;
  std::size_t stage_end_ = 0;
  std::int64_t announced_ = -1;  // length of the frame in progress
  std::size_t leased_ = 0;
  std::unique_ptr<std::byte[]> data_;
  std::size_t capacity_ = 0;  // of data_
  std::size_t filled_ = 0;
};

}  // namespace orloj::broker
