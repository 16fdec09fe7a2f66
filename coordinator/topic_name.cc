#include "coordinator/topic_name.h"

#include <algorithm>

namespace orloj::coordinator {
namespace {

bool is_legal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

Error bad_name(std::string message) {
  return Error{ErrorCode::kInvalidTopicName, std::move(message)};
}

char with_one_separator(char c) {
  return c == '.' ? '_' : c;
}

}  // namespace

Status check_topic_name(std::string_view name) {
  if (name.empty()) return bad_name("the topic name is empty");
  if (name == "." || name == "..") return bad_name("a topic may not be named \".\" or \"..\"");
  if (name.size() > kTopicNameMaxBytes) {
    return bad_name("the topic name has " + std::to_string(name.size()) +
                    " characters; the limit is " + std::to_string(kTopicNameMaxBytes));
  }
  if (!std::ranges::all_of(name, is_legal)) {
    return bad_name("topic \"" + std::string(name) +
                    "\": only letters, digits, '.', '_' and '-' are allowed in a topic name");
  }
  return {};
}

bool topic_names_collide(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, with_one_separator, with_one_separator);
}

}  // namespace orloj::coordinator
