#include "config/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

namespace orloj::config {
namespace {

std::string bounds_fault(const Setting& setting, std::string_view text) {
  return fmt::format("{} is out of bounds: {:.0f} … {:.0f}{}{}", text, setting.min, setting.max,
                     setting.unit.empty() ? "" : " ", setting.unit);
}

std::optional<std::string> parse_integer(std::int64_t& value, std::string_view text) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return fmt::format("\"{}\" is not a whole number", text);
  }
  return std::nullopt;
}

template <class Integer>
std::optional<std::string> apply_integer(const Setting& setting, Integer& field,
                                         std::string_view text) {
  std::int64_t value = 0;
  if (auto fault = parse_integer(value, text)) return fault;
  if (static_cast<double>(value) < setting.min || static_cast<double>(value) > setting.max) {
    return bounds_fault(setting, text);
  }
  field = static_cast<Integer>(value);
  return std::nullopt;
}

std::optional<std::string> apply_bool(bool& field, std::string_view text) {
  if (text != "true" && text != "false")
    return fmt::format("\"{}\" is neither true nor false", text);
  field = text == "true";
  return std::nullopt;
}

// The coordinator judges bounds and choices; here only the form is looked at, and empty means "not
// set".
std::optional<std::string> apply_topic_default(const Setting& setting, const TopicDefault& field,
                                               Config& config, std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::optional<std::string> fault;
  std::int64_t number = 0;
  bool flag = false;
  if (field.kind == TopicDefault::Kind::kInteger) fault = parse_integer(number, text);
  if (field.kind == TopicDefault::Kind::kBoolean) fault = apply_bool(flag, text);
  if (!fault) config.coordinator.topic_defaults.insert_or_assign(std::string(setting.name), text);
  return fault;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

const Setting* find_setting(std::string_view name) {
  const auto all = settings();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Setting& s) { return s.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::string_view nearest_setting(std::string_view name) {
  const auto all = settings();
  const auto nearest =
      std::min_element(all.begin(), all.end(), [&](const Setting& a, const Setting& b) {
        return edit_distance(name, a.name) < edit_distance(name, b.name);
      });
  return nearest->name;
}

std::optional<std::string> apply(const Setting& setting, Config& config, std::string_view text) {
  struct Visitor {
    const Setting& setting;
    Config& config;
    std::string_view text;
    std::optional<std::string> operator()(BoolField field) {
      return apply_bool(*field(config), text);
    }
    std::optional<std::string> operator()(Int32Field field) {
      return apply_integer(setting, *field(config), text);
    }
    std::optional<std::string> operator()(Int64Field field) {
      return apply_integer(setting, *field(config), text);
    }
    std::optional<std::string> operator()(Int16Field field) {
      return apply_integer(setting, *field(config), text);
    }
    std::optional<std::string> operator()(TextField field) {
      *field(config) = std::string(text);
      return std::nullopt;
    }
    std::optional<std::string> operator()(const CustomField& field) {
      return field.parse(config, text);
    }
    std::optional<std::string> operator()(const TopicDefault& field) {
      return apply_topic_default(setting, field, config, text);
    }
  };
  return std::visit(Visitor{setting, config, text}, setting.field);
}

std::string print_value(const Setting& setting, Config& config) {
  struct Visitor {
    const Setting& setting;
    Config& config;
    std::string operator()(BoolField field) { return *field(config) ? "true" : "false"; }
    std::string operator()(Int32Field field) { return std::to_string(*field(config)); }
    std::string operator()(Int64Field field) { return std::to_string(*field(config)); }
    std::string operator()(Int16Field field) { return std::to_string(*field(config)); }
    std::string operator()(TextField field) { return *field(config); }
    std::string operator()(const CustomField& field) { return field.print(config); }
    std::string operator()(const TopicDefault& field) {
      const auto set = config.coordinator.topic_defaults.find(setting.name);
      return set == config.coordinator.topic_defaults.end() ? std::string(field.default_text)
                                                            : set->second;
    }
  };
  return std::visit(Visitor{setting, config}, setting.field);
}

}  // namespace orloj::config
