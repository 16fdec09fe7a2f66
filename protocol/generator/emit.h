// Writes C++ from definitions.
#pragma once

#include <string>
#include <vector>

#include "protocol/generator/model.h"

namespace orloj::protocol::generator {

// messages/<stem>.h and .cc: the structs and their codec.
std::string emit_header(const Api& api);
std::string emit_source(const Api& api);
// api_table.cc: the rows of protocol/api_table.h.
std::string emit_table(const std::vector<Api>& apis);
// <stem>_samples.cc and sample_table.cc: random messages for tests (tests/protocol/sample_case.h).
std::string emit_samples(const Api& api);
std::string emit_sample_table(const std::vector<Api>& apis);
// <stem>_fuzz.cc: the libFuzzer program of the request.
std::string emit_fuzz(const Api& api);

// Helpers shared by the writers above.
std::string cpp_type(const Field& field, bool is_request);
std::string message_name(const Api& api, const Message& message);
// The condition on `version` that selects `inner` among `outer`; empty if it is always true.
std::string condition(const VersionRange& inner, const VersionRange& outer);
bool is_optional(const Field& field, bool is_request);

// Lines of text with an indentation of two spaces a level.
class Text {
 public:
  void line(const std::string& text = "");
  void open(const std::string& text);   // a line, then one level deeper
  void close(const std::string& text);  // one level up, then a line
  void comment(const std::vector<std::string>& lines);
  // `if (condition) statement;`, or the bare statement if the condition is empty.
  void guarded(const std::string& condition, const std::string& statement);
  const std::string& str() const { return text_; }

 private:
  std::string text_;
  int level_ = 0;
};

}  // namespace orloj::protocol::generator
