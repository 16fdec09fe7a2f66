// Names the cases of a GoogleTest suite over all_sample_cases().
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/protocol/sample_case.h"

namespace orloj::protocol {

inline void PrintTo(const SampleCase& each, std::ostream* out) {
  *out << each.name;
}

inline std::string case_name(const testing::TestParamInfo<SampleCase>& each) {
  return std::string(each.param.name);
}

}  // namespace orloj::protocol
