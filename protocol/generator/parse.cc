#include "protocol/generator/parse.h"

#include <cctype>
#include <map>

namespace orloj::protocol::generator {

namespace {

const std::map<std::string, Type> kTypes = {
    {"bool", Type::kBool},       {"int8", Type::kInt8},       {"int16", Type::kInt16},
    {"uint16", Type::kUint16},   {"int32", Type::kInt32},     {"uint32", Type::kUint32},
    {"int64", Type::kInt64},     {"float64", Type::kFloat64}, {"uuid", Type::kUuid},
    {"error", Type::kError},     {"string", Type::kString},   {"bytes", Type::kBytes},
    {"records", Type::kRecords},
};

std::string trim(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = text.find(separator, begin);
    if (end == std::string::npos) break;
    parts.push_back(trim(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  parts.push_back(trim(text.substr(begin)));
  return parts;
}

class Parser {
 public:
  explicit Parser(const std::string& file) {
    api_.file = file;
    const auto underscore = file.find('_');
    const auto dot = file.rfind('.');
    if (underscore == std::string::npos || dot == std::string::npos || dot < underscore) {
      throw DefinitionError(file + ": a definition is named NN_name.api");
    }
    api_.stem = file.substr(underscore + 1, dot - underscore - 1);
  }

  Api run(std::istream& in) {
    std::string line;
    while (std::getline(in, line)) {
      ++line_;
      const std::string text = trim(line);
      if (text.empty()) {
        if (levels_.empty() && api_.comment.empty()) api_.comment = comment_;
        comment_.clear();
      } else if (text.front() == '#') {
        comment_.push_back(trim(text.substr(1)));
      } else {
        statement(line.find_first_not_of(' '), text);
        comment_.clear();
      }
    }
    check(api_);
    return std::move(api_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DefinitionError(where() + ": " + what);
  }
  std::string where() const { return api_.file + ":" + std::to_string(line_); }

  void statement(std::size_t indent, const std::string& text) {
    if (indent % 2 != 0) fail("indent by two spaces a level");
    const std::size_t level = indent / 2;
    if (level == 0) return directive(text);
    if (levels_.empty()) fail("a field outside 'request' and 'response'");
    if (level > levels_.size()) fail("indented too far");
    levels_.resize(level);
    if (levels_.back() == nullptr) fail("only a struct has fields of its own");
    levels_.back()->push_back(field(text));
    Field& added = levels_.back()->back();
    levels_.push_back(added.type == Type::kStruct ? &added.fields : nullptr);
  }

  void directive(const std::string& text) {
    const auto words = split(text, ' ');
    const std::string& first = words.front();
    if (first == "api" && words.size() == 3) {
      api_.key = number(words[1]);
      api_.name = words[2];
      if (api_.comment.empty()) api_.comment = comment_;
    } else if (first == "versions" && words.size() == 2) {
      api_.versions = range(words[1]);
    } else if (first == "advertised" && words.size() == 3 && words[1] == "from") {
      api_.advertised_from = number(words[2]);
    } else if (first == "flexible" && words.size() == 3 && words[1] == "from") {
      api_.flexible_from = number(words[2]);
    } else if (text == "flexible never") {
      api_.flexible_from.reset();
    } else if (text == "request" || text == "response") {
      Message& message = text == "request" ? api_.request : api_.response;
      message.is_request = text == "request";
      message.comment = comment_;
      levels_.assign(1, &message.fields);
    } else {
      fail("not understood: " + text);
    }
  }

  Field field(const std::string& text) {
    Field field;
    field.where = where();
    field.comment = comment_;
    const auto colon = text.find(':');
    if (colon == std::string::npos) fail("a field is written 'name: type'");
    field.name = trim(text.substr(0, colon));
    const auto parts = split(text.substr(colon + 1), ',');
    type(field, parts.front());
    for (std::size_t i = 1; i < parts.size(); ++i) attribute(field, parts[i]);
    return field;
  }

  void type(Field& field, std::string text) {
    if (text.starts_with("[]")) {
      field.is_array = true;
      text = text.substr(2);
    }
    if (const auto known = kTypes.find(text); known != kTypes.end()) {
      field.type = known->second;
    } else if (!text.empty() && std::isupper(static_cast<unsigned char>(text.front()))) {
      field.type = Type::kStruct;
      field.struct_name = text;
    } else {
      fail("unknown type " + text);
    }
    if (field.type == Type::kRecords) field.nullable = VersionRange{};
  }

  void attribute(Field& field, const std::string& text) {
    const auto words = split(text, ' ');
    const std::string& first = words.front();
    if (first == "versions" && words.size() == 2) {
      field.versions = range(words[1]);
    } else if (first == "nullable" && words.size() <= 2) {
      field.nullable = words.size() == 2 ? range(words[1]) : VersionRange{};
    } else if (first == "default" && words.size() == 2) {
      field.default_text = words[1];
    } else if (first == "tag" && words.size() == 2) {
      field.tag = number(words[1]);
    } else {
      fail("not understood: " + text);
    }
  }

  VersionRange range(const std::string& text) const {
    if (text.ends_with('+')) return {number(text.substr(0, text.size() - 1)), INT_MAX};
    const auto dash = text.find('-');
    if (dash == std::string::npos) return {number(text), number(text)};
    return {number(text.substr(0, dash)), number(text.substr(dash + 1))};
  }

  int number(const std::string& text) const {
    if (text.empty() || text.size() > 5 ||
        text.find_first_not_of("0123456789") != std::string::npos) {
      fail("not a number: " + text);
    }
    return std::stoi(text);
  }

  Api api_;
  int line_ = 0;
  std::vector<std::string> comment_;
  // The field lists that are open, outermost first; null below a field that is no struct.
  std::vector<std::vector<Field>*> levels_;
};

}  // namespace

Api parse(std::istream& in, const std::string& file) {
  return Parser(file).run(in);
}

}  // namespace orloj::protocol::generator
