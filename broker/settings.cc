#include "broker/settings.h"

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

// What only the rooms themselves can judge.
void judge(config::Loaded& loaded) {
  const auto judged =
      coordinator::validate_broker_settings(loaded.config.coordinator.topic_defaults);
  if (!judged) loaded.faults.push_back({"settings", judged.error().message});
  if (loaded.config.log.data_dir.empty()) {
    loaded.faults.push_back({"log.dirs", "say where everything is stored: --data-dir DIRECTORY"});
  }
  if (loaded.config.log.data_dir.find(',') != std::string::npos) {
    loaded.faults.push_back({"log.dirs", "one directory only"});
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
  std::vector<std::string> flags = line.sets;
  if (!line.data_dir.empty()) flags.push_back("log.dirs=" + line.data_dir);
  sources.push_back(config::read_flags(flags));
  config::Loaded loaded = config::load(sources);
  if (loaded.faults.empty()) judge(loaded);
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
