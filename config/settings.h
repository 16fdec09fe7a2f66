// The one table of settings: name, meaning, unit, bounds, and the field of an option struct that it
// fills. The YAML reader, the environment, the flags, `orloj config` and docs/settings.md all read
// this table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "config/config.h"

namespace orloj::config {

// How a text becomes a value: the field's own type, or a parser for what is not one number, flag or
// text.
using BoolField = bool* (*)(Config&);
using Int16Field = std::int16_t* (*)(Config&);
using Int32Field = std::int32_t* (*)(Config&);
using Int64Field = std::int64_t* (*)(Config&);
using TextField = std::string* (*)(Config&);
// Reads and writes a value of its own form; parse returns what is wrong.
struct CustomField {
  std::optional<std::string> (*parse)(Config&, std::string_view text);
  std::string (*print)(Config&);
};
// A default of topic configs under the broker's name, handed to the coordinator as text; empty:
// not set.
struct TopicDefault {
  enum class Kind : std::uint8_t { kInteger, kBoolean, kText };
  Kind kind;
  std::string_view default_text;
};
using Field = std::variant<BoolField, Int16Field, Int32Field, Int64Field, TextField, CustomField,
                           TopicDefault>;

struct Setting {
  std::string_view name;
  std::string_view unit;     // "ms", "bytes", "" …
  std::string_view meaning;  // one sentence
  double min;                // numbers only; min == max: no bounds
  double max;
  Field field;
};

// Applied in this order, so that log.retention.ms wins over log.retention.hours wherever they
// stand.
std::span<const Setting> settings();
const Setting* find_setting(std::string_view name);
// The name with the smallest edit distance, for "did you mean".
std::string_view nearest_setting(std::string_view name);

// What is wrong with `text`, or nullopt after the field was set.
std::optional<std::string> apply(const Setting& setting, Config& config, std::string_view text);
std::string print_value(const Setting& setting, Config& config);

}  // namespace orloj::config
