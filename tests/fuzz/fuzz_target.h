// What a fuzz program consists of: the entry point that libFuzzer calls, and sound inputs to begin
// with. Linked with libFuzzer, or with short_run.cc where there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace orloj::test {

using FuzzInput = std::vector<std::byte>;

// At least one; the same at every call.
std::vector<FuzzInput> fuzz_seeds();

}  // namespace orloj::test
