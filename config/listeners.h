// Where to listen: Kafka's listener lists, "NAME://host:port,…", and the admin address.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace orloj::config {

inline constexpr std::size_t kListenersMax = 16;

// Each returns what is wrong, or nullopt after the options were filled.
std::optional<std::string> parse_listeners(Config& config, std::string_view text);
// Names must be those of `listeners`, which is applied first.
std::optional<std::string> parse_advertised_listeners(Config& config, std::string_view text);
// "NAME:PROTOCOL,…". PLAINTEXT is the only protocol so far.
std::optional<std::string> parse_protocol_map(Config& config, std::string_view text);

// "host:port" of health and metrics; empty: none.
std::optional<std::string> parse_admin_address(Config& config, std::string_view text);

std::string print_listeners(Config& config);
std::string print_advertised_listeners(Config& config);
std::string print_protocol_map(Config& config);
std::string print_admin_address(Config& config);

}  // namespace orloj::config
