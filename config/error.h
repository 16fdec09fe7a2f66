// Errors of the config room: everything that is wrong with a configuration is reported at once.
#pragma once

#include <string>
#include <vector>

namespace orloj::config {

// One fault and where it stands: "orloj.yaml:12", "environment ORLOJ_NUM_PARTITIONS" or "--set
// num.partitions".
struct Fault {
  std::string where;
  std::string message;
};

// "where: message", one a line.
std::string to_text(const std::vector<Fault>& faults);

}  // namespace orloj::config
