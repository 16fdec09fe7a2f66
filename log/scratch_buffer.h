// A byte buffer that grows without zeroing and is kept between uses. One thread at a time.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstring>
#include <memory>

#include "log/bytes.h"

namespace orloj::log {

class ScratchBuffer {
 public:
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  ByteView view() const { return {data_.get(), size_}; }

  // Everything that may be written: [0, capacity).
  MutableBytes space() { return {data_.get(), capacity_}; }

  void clear() { size_ = 0; }

  // Declares the first `size` bytes (<= capacity) as content.
  void set_size(std::size_t size) {
    assert(size <= capacity_);
    size_ = size;
  }

  // Grows to at least `capacity`, keeping the content.
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) {
      return;
    }
    auto grown = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (size_ > 0) {
      std::memcpy(grown.get(), data_.get(), size_);
    }
    data_ = std::move(grown);
    capacity_ = capacity;
  }

  // Gives memory back when more than `keep` bytes are held; the content is lost then.
  void shrink_above(std::size_t keep) {
    if (capacity_ > keep) {
      data_.reset();
      capacity_ = 0;
      size_ = 0;
    }
  }

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace orloj::log
