// Where raw settings come from: a YAML file, the environment, the command line. Each yields names
// and texts; nothing is judged here.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/error.h"

namespace orloj::config {

struct RawSetting {
  std::string name;  // Kafka's dotted spelling
  std::string text;
  std::string where;  // for messages: file and line, variable, or flag
};

struct Source {
  std::vector<RawSetting> settings;
  std::vector<Fault> faults;
};

// A file larger than this is refused.
inline constexpr std::size_t kConfigFileBytesMax = std::size_t{1} << 20;

// One mapping. Keys are setting names; nested mappings are joined with dots, so "log:
// {retention.ms: 5}" and "log.retention.ms: 5" say the same. Sequences become comma-separated
// lists.
Source read_yaml(std::string_view yaml, const std::string& file_name);

// Variables ORLOJ_X_Y: the rest in lower case with "_" → ".", "__" → "_", "___" → "-" (the rule of
// Kafka's own container image).
Source read_environment(const std::vector<std::pair<std::string, std::string>>& variables);

// "name=value" of each --set flag.
Source read_flags(const std::vector<std::string>& flags);

}  // namespace orloj::config
