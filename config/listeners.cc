#include "config/listeners.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace orloj::config {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = std::min(text.find(separator), text.size());
    std::string_view part = text.substr(0, end);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    parts.push_back(part);
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

struct Endpoint {
  std::string name;
  std::string host;
  std::uint16_t port = 0;
};

// "host:port" without a name.
std::optional<Endpoint> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Endpoint endpoint;
  endpoint.host = std::string(text.substr(0, colon));
  if (endpoint.host.size() > 1 && endpoint.host.front() == '[' && endpoint.host.back() == ']') {
    endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  }
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (error != std::errc{} || end != port.data() + port.size()) return std::nullopt;
  return endpoint;
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return std::nullopt;
  auto endpoint = parse_address(text.substr(scheme + 3));
  if (endpoint) endpoint->name = std::string(text.substr(0, scheme));
  return endpoint;
}

bool is_every_address(std::string_view host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

std::string endpoint_fault(std::string_view text) {
  return fmt::format("\"{}\" is not NAME://host:port", text);
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

auto find_listener(Config& config, std::string_view name) {
  auto& all = config.broker.listeners;
  return std::find_if(all.begin(), all.end(), [&](const auto& l) { return l.name == name; });
}

}  // namespace

std::optional<std::string> parse_listeners(Config& config, std::string_view text) {
  std::vector<broker::ListenerOptions> listeners;
  for (const std::string_view part : split(text, ',')) {
    auto endpoint = parse_endpoint(part);
    if (!endpoint) return endpoint_fault(part);
    const auto same = [&](const auto& l) { return l.name == endpoint->name; };
    if (std::any_of(listeners.begin(), listeners.end(), same)) {
      return fmt::format("listener \"{}\" stands twice", endpoint->name);
    }
    broker::ListenerOptions listener;
    listener.name = endpoint->name;
    listener.host = is_every_address(endpoint->host) ? "" : endpoint->host;
    listener.port = endpoint->port;
    listeners.push_back(std::move(listener));
  }
  if (listeners.size() > kListenersMax) {
    return fmt::format("{} listeners, the limit is {}", listeners.size(), kListenersMax);
  }
  config.broker.listeners = std::move(listeners);
  return std::nullopt;
}

std::optional<std::string> parse_advertised_listeners(Config& config, std::string_view text) {
  for (const std::string_view part : split(text, ',')) {
    auto endpoint = parse_endpoint(part);
    if (!endpoint) return endpoint_fault(part);
    if (is_every_address(endpoint->host)) {
      return fmt::format("\"{}\" names no address that a client can connect to", part);
    }
    const auto listener = find_listener(config, endpoint->name);
    if (listener == config.broker.listeners.end()) {
      return fmt::format("no listener is named \"{}\"; name it in listeners too", endpoint->name);
    }
    listener->advertised_host = endpoint->host;
    listener->advertised_port = endpoint->port;
  }
  return std::nullopt;
}

std::optional<std::string> parse_protocol_map(Config& config, std::string_view text) {
  for (const std::string_view part : split(text, ',')) {
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos) return fmt::format("\"{}\" is not NAME:PROTOCOL", part);
    const std::string_view name = part.substr(0, colon);
    const std::string_view protocol = part.substr(colon + 1);
    if (protocol == "PLAINTEXT") continue;
    if (find_listener(config, name) == config.broker.listeners.end()) continue;
    return fmt::format("listener \"{}\" asks for {}; PLAINTEXT is the only protocol so far", name,
                       protocol);
  }
  return std::nullopt;
}

std::optional<std::string> parse_admin_address(Config& config, std::string_view text) {
  const auto address = parse_address(text);
  if (!text.empty() && (!address || address->host.empty())) {
    return fmt::format("\"{}\" is not host:port", text);
  }
  config.broker.admin_address = std::string(text);
  return std::nullopt;
}

std::string print_listeners(Config& config) {
  std::string text;
  for (const auto& l : config.broker.listeners) {
    text += fmt::format("{}{}://{}:{}", text.empty() ? "" : ",", l.name, bracketed(l.host), l.port);
  }
  return text;
}

std::string print_advertised_listeners(Config& config) {
  std::string text;
  for (const auto& l : config.broker.listeners) {
    const std::string& host = l.advertised_host.empty() ? l.host : l.advertised_host;
    if (host.empty()) continue;
    const auto port = l.advertised_port == 0 ? l.port : l.advertised_port;
    text += fmt::format("{}{}://{}:{}", text.empty() ? "" : ",", l.name, bracketed(host), port);
  }
  return text;
}

std::string print_protocol_map(Config& config) {
  std::string text;
  for (const auto& l : config.broker.listeners) {
    text += fmt::format("{}{}:PLAINTEXT", text.empty() ? "" : ",", l.name);
  }
  return text;
}

std::string print_admin_address(Config& config) {
  return config.broker.admin_address;
}

}  // namespace orloj::config
