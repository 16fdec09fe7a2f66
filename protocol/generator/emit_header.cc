#include <fmt/format.h>

#include "protocol/generator/emit.h"

namespace orloj::protocol::generator {

void Text::line(const std::string& text) {
  if (!text.empty()) text_ += std::string(static_cast<std::size_t>(level_) * 2, ' ') + text;
  text_ += '\n';
}

void Text::open(const std::string& text) {
  line(text);
  ++level_;
}

void Text::close(const std::string& text) {
  --level_;
  line(text);
}

void Text::comment(const std::vector<std::string>& lines) {
  for (const std::string& each : lines) line("// " + each);
}

void Text::guarded(const std::string& condition, const std::string& statement) {
  line(condition.empty() ? statement : fmt::format("if ({}) {}", condition, statement));
}

std::string message_name(const Api& api, const Message& message) {
  return api.name + (message.is_request ? "Request" : "Response");
}

bool is_optional(const Field& field, bool is_request) {
  if (!field.nullable) return false;
  return is_request || field.type != Type::kRecords;
}

std::string condition(const VersionRange& inner, const VersionRange& outer) {
  const bool below = inner.first > outer.first;
  const bool above = inner.last < outer.last;
  if (below && above && inner.first == inner.last) return fmt::format("version == {}", inner.first);
  if (below && above) {
    return fmt::format("version >= {} && version <= {}", inner.first, inner.last);
  }
  if (below) return fmt::format("version >= {}", inner.first);
  if (above) return fmt::format("version <= {}", inner.last);
  return "";
}

namespace {

std::string item_type(const Field& field, bool is_request) {
  switch (field.type) {
    case Type::kBool:
      return "bool";
    case Type::kInt8:
      return "std::int8_t";
    case Type::kInt16:
      return "std::int16_t";
    case Type::kUint16:
      return "std::uint16_t";
    case Type::kInt32:
      return "std::int32_t";
    case Type::kUint32:
      return "std::uint32_t";
    case Type::kInt64:
      return "std::int64_t";
    case Type::kFloat64:
      return "double";
    case Type::kUuid:
      return "Uuid";
    case Type::kError:
      return "ErrorCode";
    case Type::kString:
      return is_request ? "std::string_view" : "std::string";
    case Type::kBytes:
      return is_request ? "BytesView" : "Bytes";
    case Type::kRecords:
      return is_request ? "BytesView" : "RecordsField";
    case Type::kStruct:
      return field.struct_name;
  }
  return "";
}

// Every member has one, so that handlers may name only some of them in braces.
std::string initializer(const Field& field, bool is_request) {
  if (field.is_array || field.nullable) return "{}";
  switch (field.type) {
    case Type::kBool:
      return " = " + field.default_text.value_or("false");
    case Type::kError:
      return " = ErrorCode::kNone";
    case Type::kString:
    case Type::kBytes:
    case Type::kRecords:
    case Type::kStruct:
    case Type::kUuid:
      return "{}";
    default:
      break;
  }
  const std::string text = field.default_text.value_or("0");
  if (text == "min" || text == "max") {
    return fmt::format(" = std::numeric_limits<{}>::{}()", item_type(field, is_request), text);
  }
  return " = " + text;
}

std::string availability(const Api& api, const Field& field, const VersionRange& outer) {
  std::string note;
  const VersionRange& range = field.versions;
  if (range.first > outer.first && range.last < outer.last) {
    note = fmt::format("Versions {}-{}. ", range.first, range.last);
  } else if (range.first > outer.first) {
    note = fmt::format("Since version {}. ", range.first);
  } else if (range.last < outer.last) {
    note = fmt::format("Until version {}. ", range.last);
  }
  if (field.nullable && field.nullable->first > api.versions.first &&
      field.nullable->first > range.first) {
    note += fmt::format("Nullable since version {}. ", field.nullable->first);
  }
  if (field.tag) note += fmt::format("Tag {}. ", *field.tag);
  if (!note.empty()) note.pop_back();
  return note;
}

void emit_fields(Text& out, const Api& api, const Message& message,
                 const std::vector<Field>& fields, const VersionRange& outer) {
  for (const Field& field : fields) {
    out.comment(field.comment);
    if (const std::string note = availability(api, field, outer); !note.empty()) {
      out.line("// " + note);
    }
    out.line(fmt::format("{} {}{};", cpp_type(field, message.is_request), field.name,
                         initializer(field, message.is_request)));
  }
}

void emit_struct(Text& out, const Api& api, const Message& message, const Field& field,
                 const std::string& name) {
  out.open(fmt::format("struct {} {{", name));
  emit_fields(out, api, message, field.fields, field.versions);
  out.line();
  out.line(fmt::format("bool operator==(const {}&) const = default;", name));
  out.line("void read(Reader& reader, std::int16_t version);");
  out.line("void write(Writer& writer, std::int16_t version) const;");
  if (field.is_array) out.line("static std::size_t min_size(std::int16_t version);");
  out.close("};");
  out.line();
}

// std::optional<T> asks whether T has a default constructor, which clang cannot tell of a struct
// whose enclosing struct is still open: such a T stands in front of the message.
bool stands_in_front(const Field& field) {
  return field.nullable && !field.is_array;
}

void emit_message(Text& out, const Api& api, const Message& message) {
  const std::string name = message_name(api, message);
  const auto structs = structs_of(message.fields);
  for (const Field* field : structs) {
    if (stands_in_front(*field)) emit_struct(out, api, message, *field, name + field->struct_name);
  }
  out.comment(message.comment);
  out.open(fmt::format("struct {} {{", name));
  out.line(fmt::format("static constexpr ApiKey kApiKey = ApiKey::k{};", api.name));
  out.line(fmt::format("static constexpr std::string_view kName = \"{}\";", name));
  out.line(fmt::format("static constexpr std::int16_t kMinVersion = {};", api.versions.first));
  out.line(fmt::format("static constexpr std::int16_t kMaxVersion = {};", api.versions.last));
  out.line(fmt::format(
      "static constexpr std::int16_t kFirstFlexibleVersion = {};",
      api.flexible_from ? std::to_string(*api.flexible_from) : std::string("INT16_MAX")));
  out.line();
  for (const Field* field : structs) {
    if (stands_in_front(*field)) {
      out.line(fmt::format("using {0} = {1}{0};", field->struct_name, name));
      out.line();
    } else {
      emit_struct(out, api, message, *field, field->struct_name);
    }
  }
  emit_fields(out, api, message, message.fields, api.versions);
  out.line();
  out.line("// Views point into `body`, which must outlive the result.");
  out.line(fmt::format("static Result<{}> decode(BytesView body, std::int16_t version);", name));
  out.line("Result<Encoded> encode(std::int16_t version) const;");
  out.line();
  out.line(fmt::format("bool operator==(const {}&) const = default;", name));
  out.line("void read(Reader& reader, std::int16_t version);");
  out.line("void write(Writer& writer, std::int16_t version) const;");
  out.close("};");
  out.line();
}

}  // namespace

std::string cpp_type(const Field& field, bool is_request) {
  std::string type = item_type(field, is_request);
  if (field.is_array) type = fmt::format("std::vector<{}>", type);
  if (is_optional(field, is_request)) type = fmt::format("std::optional<{}>", type);
  return type;
}

std::string emit_header(const Api& api) {
  Text out;
  out.line(fmt::format("// Generated from protocol/definitions/{}; edit that instead.", api.file));
  out.comment(api.comment);
  out.line("#pragma once");
  out.line();
  for (const char* name :
       {"cstddef", "cstdint", "limits", "optional", "string", "string_view", "vector"}) {
    out.line(fmt::format("#include <{}>", name));
  }
  out.line();
  for (const char* name : {"api_key", "error", "error_code", "types"}) {
    out.line(fmt::format("#include \"protocol/{}.h\"", name));
  }
  out.line();
  out.line("namespace orloj::protocol {");
  out.line();
  out.line("class Reader;");
  out.line("class Writer;");
  out.line("struct Encoded;");
  out.line();
  emit_message(out, api, api.request);
  emit_message(out, api, api.response);
  out.line("}  // namespace orloj::protocol");
  return out.str();
}

}  // namespace orloj::protocol::generator
