#include "config/source.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>

namespace orloj::config {
namespace {

constexpr int kYamlDepthMax = 8;

class YamlFlattener {
 public:
  YamlFlattener(std::string file_name, Source& out) : file_name_(std::move(file_name)), out_(out) {}

  void flatten(const YAML::Node& node, const std::string& prefix, int depth) {
    if (depth > kYamlDepthMax) {
      fault(node, fmt::format("mappings are nested deeper than {}", kYamlDepthMax));
      return;
    }
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        fault(entry.first, "a setting's name must be plain text");
        continue;
      }
      add(entry.first, entry.second, prefix + entry.first.Scalar(), depth);
    }
  }

 private:
  void add(const YAML::Node& key, const YAML::Node& value, const std::string& name, int depth) {
    if (value.IsMap()) {
      flatten(value, name + ".", depth + 1);
    } else if (value.IsSequence()) {
      add_sequence(key, value, name);
    } else {
      out_.settings.push_back({name, value.IsNull() ? "" : value.Scalar(), where(key)});
    }
  }

  void add_sequence(const YAML::Node& key, const YAML::Node& value, const std::string& name) {
    std::string joined;
    for (const auto& item : value) {
      if (!item.IsScalar()) {
        fault(item, fmt::format("{}: a list may only hold plain values", name));
        return;
      }
      joined += (joined.empty() ? "" : ",") + item.Scalar();
    }
    out_.settings.push_back({name, joined, where(key)});
  }

  std::string where(const YAML::Node& node) const {
    return fmt::format("{}:{}", file_name_, node.Mark().line + 1);
  }

  void fault(const YAML::Node& node, std::string message) {
    out_.faults.push_back({where(node), std::move(message)});
  }

  std::string file_name_;
  Source& out_;
};

// Runs of one, two and three underscores stand for ".", "_" and "-".
std::string name_of_variable(std::string_view rest) {
  std::string name;
  for (std::size_t i = 0; i < rest.size();) {
    if (rest[i] != '_') {
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(rest[i++])));
      continue;
    }
    std::size_t run = 0;
    while (run < 3 && i + run < rest.size() && rest[i + run] == '_') ++run;
    name += run == 1 ? '.' : run == 2 ? '_' : '-';
    i += run;
  }
  return name;
}

}  // namespace

std::string to_text(const std::vector<Fault>& faults) {
  std::string text;
  for (const Fault& fault : faults) text += fault.where + ": " + fault.message + "\n";
  return text;
}

Source read_yaml(std::string_view yaml, const std::string& file_name) {
  Source source;
  if (yaml.size() > kConfigFileBytesMax) {
    source.faults.push_back({file_name, fmt::format("the file has {} bytes, the limit is {}",
                                                    yaml.size(), kConfigFileBytesMax)});
    return source;
  }
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    if (root.IsNull()) return source;
    if (!root.IsMap()) {
      source.faults.push_back({file_name + ":1", "the file must be one mapping of settings"});
      return source;
    }
    YamlFlattener(file_name, source).flatten(root, "", 0);
  } catch (const YAML::Exception& error) {
    source.faults.push_back({fmt::format("{}:{}", file_name, error.mark.line + 1), error.msg});
  }
  return source;
}

Source read_environment(const std::vector<std::pair<std::string, std::string>>& variables) {
  constexpr std::string_view kPrefix = "ORLOJ_";
  Source source;
  for (const auto& [variable, text] : variables) {
    if (!variable.starts_with(kPrefix)) continue;
    source.settings.push_back({name_of_variable(std::string_view(variable).substr(kPrefix.size())),
                               text, "environment " + variable});
  }
  return source;
}

Source read_flags(const std::vector<std::string>& flags) {
  Source source;
  for (const std::string& flag : flags) {
    const std::size_t equals = flag.find('=');
    if (equals == std::string::npos || equals == 0) {
      source.faults.push_back({"--set " + flag, "expected --set name=value"});
      continue;
    }
    source.settings.push_back(
        {flag.substr(0, equals), flag.substr(equals + 1), "--set " + flag.substr(0, equals)});
  }
  return source;
}

}  // namespace orloj::config
