// Random damage to sound inputs, from a seed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace orloj::test {

class Mutator {
 public:
  using Input = std::vector<std::byte>;

  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  // One of the inputs, with up to kChangesMax changes.
  Input damaged(std::span<const Input> inputs) {
    Input input = inputs[below(inputs.size())];
    for (std::size_t left = 1 + below(kChangesMax); left > 0; --left) {
      change(input, inputs[below(inputs.size())]);
    }
    return input;
  }

 private:
  static constexpr std::size_t kChangesMax = 6;
  static constexpr std::size_t kPieceMax = 64;
  static constexpr std::array<std::uint64_t, 14> kNumbers = {0,
                                                             1,
                                                             0x7f,
                                                             0x80,
                                                             0xff,
                                                             0x7fff,
                                                             0x8000,
                                                             0xffff,
                                                             0x10000,
                                                             0x7fffffff,
                                                             0x80000000,
                                                             0xffffffff,
                                                             0x7fffffffffffffff,
                                                             ~0ULL};

  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }
  std::byte byte() { return static_cast<std::byte>(random_()); }

  void change(Input& input, const Input& other) {
    if (input.empty()) {
      input.push_back(byte());
      return;
    }
    const std::size_t at = below(input.size());
    switch (below(7)) {
      case 0:
        input[at] ^= static_cast<std::byte>(1U << below(8));
        break;
      case 1:
        input[at] = byte();
        break;
      case 2:
        overwrite(input, at);
        break;
      case 3:
        input.resize(at);
        break;
      case 4:
        erase(input, at);
        break;
      case 5:
        insert(input, at, input);
        break;
      default:
        insert(input, at, other);
    }
  }

  // An integer of one of the sizes that formats use, with a value at which checks go wrong.
  void overwrite(Input& input, std::size_t at) {
    const std::size_t width = std::min(std::size_t{1} << below(4), input.size() - at);
    const std::uint64_t number = kNumbers[below(kNumbers.size())];
    for (std::size_t i = 0; i < width; ++i) {
      input[at + i] = static_cast<std::byte>(number >> (8 * (width - 1 - i)));
    }
  }

  void erase(Input& input, std::size_t at) {
    const std::size_t count = std::min(1 + below(kPieceMax), input.size() - at);
    const auto from = input.begin() + static_cast<std::ptrdiff_t>(at);
    input.erase(from, from + static_cast<std::ptrdiff_t>(count));
  }

  void insert(Input& input, std::size_t at, const Input& source) {
    const std::size_t from = below(source.size());
    const std::size_t count = std::min(1 + below(kPieceMax), source.size() - from);
    const Input piece(source.begin() + static_cast<std::ptrdiff_t>(from),
                      source.begin() + static_cast<std::ptrdiff_t>(from + count));
    input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), piece.begin(), piece.end());
  }

  std::mt19937_64 random_;
};

}  // namespace orloj::test
