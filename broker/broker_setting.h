// A setting as DescribeConfigs shows it.
#pragma once

#include <string>

namespace orloj::broker {

struct BrokerSetting {
  std::string name;
  std::string value;
  bool is_default = true;
  std::string meaning;
};

}  // namespace orloj::broker
