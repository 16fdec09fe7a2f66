#include "config/load.h"

#include <fmt/format.h>

#include "config/settings.h"

namespace orloj::config {
namespace {

// The strongest text of each setting, and faults for names that nobody knows.
std::map<std::string, RawSetting, std::less<>> merge(const std::vector<Source>& sources,
                                                     std::vector<Fault>& faults) {
  std::map<std::string, RawSetting, std::less<>> merged;
  for (const Source& source : sources) {
    faults.insert(faults.end(), source.faults.begin(), source.faults.end());
    std::map<std::string, std::string, std::less<>> seen;
    for (const RawSetting& raw : source.settings) {
      if (find_setting(raw.name) == nullptr) {
        faults.push_back({raw.where, fmt::format("unknown setting \"{}\"; did you mean \"{}\"?",
                                                 raw.name, nearest_setting(raw.name))});
        continue;
      }
      const auto [first, inserted] = seen.emplace(raw.name, raw.where);
      if (!inserted) {
        faults.push_back(
            {raw.where, fmt::format("\"{}\" is set twice; first at {}", raw.name, first->second)});
        continue;
      }
      merged.insert_or_assign(raw.name, raw);
    }
  }
  return merged;
}

constexpr double kPracticallyUnbounded = 9e18;

std::string bounds(const Setting& setting) {
  if (setting.min >= setting.max) return "";
  if (setting.max >= kPracticallyUnbounded) return fmt::format("≥ {:.0f}", setting.min);
  return fmt::format("{:.0f} … {:.0f}", setting.min, setting.max);
}

}  // namespace

Loaded load(const std::vector<Source>& sources) {
  Loaded loaded;
  const auto merged = merge(sources, loaded.faults);
  for (const Setting& setting : settings()) {
    const auto raw = merged.find(setting.name);
    if (raw == merged.end()) continue;
    if (auto fault = apply(setting, loaded.config, raw->second.text)) {
      loaded.faults.push_back({raw->second.where, fmt::format("{}: {}", setting.name, *fault)});
    } else {
      loaded.origins.emplace(setting.name, raw->second.where);
    }
  }
  return loaded;
}

std::string print(Loaded& loaded) {
  std::string text;
  for (const Setting& setting : settings()) {
    const auto origin = loaded.origins.find(setting.name);
    text += fmt::format("{}={}  # {}\n", setting.name, print_value(setting, loaded.config),
                        origin == loaded.origins.end() ? "default" : origin->second);
  }
  return text;
}

std::string settings_markdown() {
  Config defaults;
  std::string text = "| setting | default | unit | bounds | meaning |\n|---|---|---|---|---|\n";
  for (const Setting& setting : settings()) {
    text +=
        fmt::format("| `{}` | `{}` | {} | {} | {} |\n", setting.name,
                    print_value(setting, defaults), setting.unit, bounds(setting), setting.meaning);
  }
  return text;
}

}  // namespace orloj::config
