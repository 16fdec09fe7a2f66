#include <fmt/format.h>

#include <algorithm>

#include "protocol/generator/emit.h"

namespace orloj::protocol::generator {

namespace {

// Many structs are the same in all versions.
constexpr const char* kVersionType = "[[maybe_unused]] std::int16_t";

std::string nullability(const Field& field) {
  const std::string only = condition(*field.nullable, field.versions);
  return only.empty() ? "Nullability::kNullable" : fmt::format("nullable_if({})", only);
}

// One call that reads or writes a field; `verb` is "read" or "write", `codec` is "reader" or
// "writer".
std::string call(const Field& field, const std::string& verb, const std::string& codec) {
  const std::string null = field.nullable ? ", " + nullability(field) : "";
  if (field.type == Type::kStruct) {
    if (field.is_array) {
      return fmt::format("{}.{}_structs({}, version{});", codec, verb, field.name, null);
    }
    if (field.nullable)
      return fmt::format("{}.{}_struct({}, version{});", codec, verb, field.name, null);
    return fmt::format("{}.{}({}, version);", field.name, verb, codec);
  }
  return fmt::format("{}.{}{}({}{});", codec, verb, field.is_array ? "_values" : "", field.name,
                     null);
}

std::string differs_from_default(const Field& field) {
  if (field.nullable) return field.name + ".has_value()";
  if (field.is_array) return fmt::format("!{}.empty()", field.name);
  switch (field.type) {
    case Type::kString:
    case Type::kBytes:
      return fmt::format("!{}.empty()", field.name);
    case Type::kUuid:
      return fmt::format("!{}.is_zero()", field.name);
    case Type::kStruct:
      return fmt::format("!({} == {}{{}})", field.name, field.struct_name);
    case Type::kError:
      return field.name + " != ErrorCode::kNone";
    case Type::kBool:
      return field.default_text.value_or("false") == "true" ? "!" + field.name : field.name;
    default:
      break;
  }
  const std::string text = field.default_text.value_or("0");
  if (text == "min" || text == "max") {
    return fmt::format("{0} != std::numeric_limits<decltype({0})>::{1}()", field.name, text);
  }
  return fmt::format("{} != {}", field.name, text);
}

// One struct or message: what its functions need to know.
struct Scope {
  const Api& api;
  std::string name;  // qualified
  const std::vector<Field>& fields;
  VersionRange versions;
};

std::vector<const Field*> tagged(const Scope& scope) {
  std::vector<const Field*> fields;
  for (const Field& field : scope.fields) {
    if (field.tag) fields.push_back(&field);
  }
  std::ranges::sort(fields, {}, [](const Field* field) { return *field->tag; });
  return fields;
}

// The versions of the scope that have a section of tagged fields.
VersionRange flexible_part(const Scope& scope) {
  if (!scope.api.flexible_from) return {1, 0};
  return intersect(scope.versions, {*scope.api.flexible_from, INT_MAX});
}

void emit_read_tags(Text& out, const Scope& scope, const VersionRange& flexible) {
  out.line("TaggedFields tags(reader);");
  out.open("while (tags.next()) {");
  out.open("switch (tags.tag()) {");
  for (const Field* field : tagged(scope)) {
    const std::string known = condition(field->versions, flexible);
    const std::string read = call(*field, "read", "reader");
    out.open(fmt::format("case {}:", *field->tag));
    out.line(known.empty() ? read
                           : fmt::format("if ({}) {{ {} }} else {{ tags.skip(); }}", known, read));
    out.close("  break;");
  }
  out.line("default:");
  out.line("  tags.skip();");
  out.close("}");
  out.close("}");
}

void emit_read(Text& out, const Scope& scope) {
  out.open(fmt::format("void {}::read(Reader& reader, {} version) {{", scope.name, kVersionType));
  const VersionRange flexible = flexible_part(scope);
  for (const Field& field : scope.fields) {
    if (field.tag) continue;
    out.guarded(condition(field.versions, scope.versions), call(field, "read", "reader"));
  }
  if (!flexible.empty()) {
    const std::string when = condition(flexible, scope.versions);
    if (tagged(scope).empty()) {
      out.guarded(when, "reader.skip_tagged_fields();");
    } else {
      if (!when.empty()) out.line(fmt::format("if (!({})) return;", when));
      emit_read_tags(out, scope, flexible);
    }
  }
  out.close("}");
  out.line();
}

void emit_write_tags(Text& out, const Scope& scope, const VersionRange& flexible) {
  const auto fields = tagged(scope);
  out.line("std::uint32_t tags = 0;");
  for (const Field* field : fields) {
    const std::string known = condition(field->versions, flexible);
    out.line(fmt::format("const bool has_{} = {}{};", field->name,
                         known.empty() ? "" : fmt::format("({}) && ", known),
                         differs_from_default(*field)));
    out.line(fmt::format("if (has_{}) ++tags;", field->name));
  }
  out.line("writer.write_uvarint(tags);");
  for (const Field* field : fields) {
    out.open(fmt::format("if (has_{}) {{", field->name));
    out.line(fmt::format("const std::size_t begin = writer.begin_tag({});", *field->tag));
    out.line(call(*field, "write", "writer"));
    out.line("writer.end_tag(begin);");
    out.close("}");
  }
}

void emit_write(Text& out, const Scope& scope) {
  out.open(
      fmt::format("void {}::write(Writer& writer, {} version) const {{", scope.name, kVersionType));
  const VersionRange flexible = flexible_part(scope);
  for (const Field& field : scope.fields) {
    if (field.tag) continue;
    out.guarded(condition(field.versions, scope.versions), call(field, "write", "writer"));
  }
  if (!flexible.empty()) {
    const std::string when = condition(flexible, scope.versions);
    if (tagged(scope).empty()) {
      out.guarded(when, "writer.write_uvarint(0);");
    } else {
      if (!when.empty()) out.line(fmt::format("if (!({})) return;", when));
      emit_write_tags(out, scope, flexible);
    }
  }
  out.close("}");
  out.line();
}

void emit_min_size(Text& out, const Scope& scope) {
  std::string sizes;
  for (int version = scope.versions.first; version <= scope.versions.last; ++version) {
    if (!sizes.empty()) sizes += ", ";
    sizes += std::to_string(min_size(scope.api, scope.fields, version));
  }
  out.open(fmt::format("std::size_t {}::min_size(std::int16_t version) {{", scope.name));
  out.line(fmt::format("static constexpr std::uint16_t kSizes[] = {{{}}};", sizes));
  out.line(fmt::format("return kSizes[version - {}];", scope.versions.first));
  out.close("}");
  out.line();
}

void emit_message(Text& out, const Api& api, const Message& message) {
  const std::string name = message_name(api, message);
  for (const Field* field : structs_of(message.fields)) {
    const Scope scope{api, name + "::" + field->struct_name, field->fields, field->versions};
    emit_read(out, scope);
    emit_write(out, scope);
    if (field->is_array) emit_min_size(out, scope);
  }
  const Scope scope{api, name, message.fields, api.versions};
  emit_read(out, scope);
  emit_write(out, scope);
  out.open(fmt::format("Result<{0}> {0}::decode(BytesView body, std::int16_t version) {{", name));
  out.line(fmt::format("return decode_message<{}>(body, version);", name));
  out.close("}");
  out.line();
  out.open(fmt::format("Result<Encoded> {}::encode(std::int16_t version) const {{", name));
  out.line("return encode_message(*this, version);");
  out.close("}");
  out.line();
}

}  // namespace

std::string emit_source(const Api& api) {
  Text out;
  out.line(fmt::format("// Generated from protocol/definitions/{}; edit that instead.", api.file));
  out.line(fmt::format("#include \"protocol/messages/{}.h\"", api.stem));
  out.line();
  out.line("#include \"protocol/message.h\"");
  out.line();
  out.line("namespace orloj::protocol {");
  out.line();
  out.line(fmt::format("static_assert(static_cast<int>(ApiKey::k{}) == {});", api.name, api.key));
  out.line();
  emit_message(out, api, api.request);
  emit_message(out, api, api.response);
  out.line("}  // namespace orloj::protocol");
  return out.str();
}

std::string emit_table(const std::vector<Api>& apis) {
  Text out;
  out.line("// Generated from protocol/definitions; edit those instead.");
  out.line("#include \"protocol/api_table.h\"");
  out.line();
  out.line("#include <algorithm>");
  out.line("#include <array>");
  out.line();
  out.line("namespace orloj::protocol {");
  out.line();
  out.line(fmt::format("static constexpr std::array<ApiRow, {}> kRows = {{{{", apis.size()));
  for (const Api& api : apis) {
    out.line(fmt::format(
        "    {{ApiKey::k{}, \"{}\", {}, {}, {}, {}}},", api.name, api.name, api.versions.first,
        api.versions.last, api.advertised_from,
        api.flexible_from ? std::to_string(*api.flexible_from) : std::string("kNeverFlexible")));
  }
  out.line("}};");
  out.line();
  out.line("std::span<const ApiRow> api_table() { return kRows; }");
  out.line();
  out.open("const ApiRow* find_api(std::int16_t key) {");
  out.line("const auto row = std::ranges::find(kRows, static_cast<ApiKey>(key), &ApiRow::key);");
  out.line("return row == kRows.end() ? nullptr : &*row;");
  out.close("}");
  out.line();
  out.line("}  // namespace orloj::protocol");
  return out.str();
}

}  // namespace orloj::protocol::generator
