#include "broker/handlers/group_wire.h"

namespace orloj::broker {

protocol::ErrorCode to_wire(coordinator::GroupError error, Request& request) {
  if (error != coordinator::GroupError::kNone) request.failed = true;
  return static_cast<protocol::ErrorCode>(error);
}

std::optional<std::string> to_text(const std::optional<std::string_view>& text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

coordinator::Bytes to_bytes(protocol::BytesView view) {
  return {view.begin(), view.end()};
}

}  // namespace orloj::broker
