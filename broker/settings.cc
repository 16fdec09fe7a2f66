#include "broker/settings.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "config/settings.h"
#include "coordinator/topic_config.h"

namespace orloj::broker {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

Variables variables_of(char** environment) {
  Variables variables;
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    const std::size_t equals = entry.find('=');
    const std::string_view name = entry.substr(0, equals);
    if (equals == std::string_view::npos || name == kCrashPointVariable) continue;
    variables.emplace_back(name, entry.substr(equals + 1));
  }
  return variables;
}

config::Source read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    config::Source source;
    source.faults.push_back({path, "the file cannot be read"});
    return source;
  }
  return config::read_yaml(text, path);
}

// The report of a source that could not be read at all says nothing about what it would have set.
bool is_lost(const config::Source& source) {
  return source.settings.empty() && !source.faults.empty();
}

// What only the rooms themselves can judge. A setting that has a fault already is at its default.
void judge(config::Loaded& loaded, const std::vector<config::Source>& sources) {
  const auto refuse = [&loaded](const std::string& name, const std::string& message) {
    loaded.faults.push_back({loaded.origins.at(name), name + ": " + message});
  };
  for (const auto& fault :
       coordinator::broker_setting_faults(loaded.config.coordinator.topic_defaults)) {
    refuse(fault.name, fault.message);
  }
  const std::string& data_dir = loaded.config.log.data_dir;
  if (data_dir.find(',') != std::string::npos) refuse("log.dirs", "one directory only");
  if (data_dir.empty() && std::ranges::none_of(sources, is_lost)) {
    loaded.faults.push_back({"log.dirs", "say where everything is stored: --data-dir DIRECTORY"});
  }
}

void derive(config::Config& config) {
  config.coordinator.metadata_dir = config.log.data_dir + "/metadata";
  config.scheduler.index_dir = config.log.data_dir + "/schedule-index";
}

}  // namespace

config::Loaded read_settings(const CommandLine& line, char** environment) {
  std::vector<config::Source> sources;
  if (!line.config_file.empty()) sources.push_back(read_file(line.config_file));
  sources.push_back(config::read_environment(variables_of(environment)));
  sources.push_back(config::read_flags(line.sets));
  if (!line.data_dir.empty()) {
    sources.back().settings.push_back({"log.dirs", line.data_dir, "--data-dir"});
  }
  config::Loaded loaded = config::load(sources);
  judge(loaded, sources);
  if (loaded.faults.empty()) derive(loaded.config);
  return loaded;
}

std::vector<BrokerSetting> shown_settings(config::Loaded& loaded) {
  std::vector<BrokerSetting> shown;
  for (const config::Setting& setting : config::settings()) {
    shown.push_back({std::string(setting.name), print_value(setting, loaded.config),
                     !loaded.origins.contains(setting.name), std::string(setting.meaning)});
  }
  return shown;
}

}  // namespace orloj::broker
