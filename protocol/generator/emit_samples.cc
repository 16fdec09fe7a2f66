#include <fmt/format.h>

#include "protocol/generator/emit.h"

namespace orloj::protocol::generator {

namespace {

std::string nullability(const Field& field) {
  const std::string only = condition(*field.nullable, field.versions);
  return only.empty() ? "true" : only;
}

std::string fill_call(const Field& field) {
  const std::string name = "value." + field.name;
  const std::string null = field.nullable ? ", " + nullability(field) : "";
  if (field.type == Type::kStruct) {
    if (field.is_array) {
      return fmt::format("for (auto& item : source.grow({}{})) fill(item, version, source);", name,
                         null);
    }
    if (field.nullable) {
      return fmt::format("if (source.engage({}{})) fill(*{}, version, source);", name, null, name);
    }
    return fmt::format("fill({}, version, source);", name);
  }
  return fmt::format("source.fill{}({}{});", field.is_array ? "_values" : "", name, null);
}

void emit_fill(Text& out, const std::string& name, const std::vector<Field>& fields,
               const VersionRange& versions) {
  out.open(fmt::format("void fill({}& value, [[maybe_unused]] std::int16_t version,", name));
  out.line("     SampleSource& source) {");
  for (const Field& field : fields) {
    const std::string when = condition(field.versions, versions);
    const std::string tagged = field.tag ? "source.coin()" : "";
    const std::string both =
        when.empty() || tagged.empty() ? when + tagged : fmt::format("({}) && {}", when, tagged);
    out.guarded(both, fill_call(field));
  }
  out.close("}");
  out.line();
}

void emit_message(Text& out, const Api& api, const Message& message) {
  const std::string name = message_name(api, message);
  out.line("namespace {");
  out.line();
  for (const Field* field : structs_of(message.fields)) {
    emit_fill(out, name + "::" + field->struct_name, field->fields, field->versions);
  }
  emit_fill(out, name, message.fields, api.versions);
  out.line("}  // namespace");
  out.line();
  const std::string side = message.is_request ? "request" : "response";
  out.open(fmt::format("SampleCase {}_{}_case() {{", api.stem, side));
  out.line(fmt::format("return sample_case<{}>({}, &fill);", name,
                       message.is_request ? "Side::kRequest" : "Side::kResponse"));
  out.close("}");
  out.line();
}

}  // namespace

std::string emit_samples(const Api& api) {
  Text out;
  out.line(fmt::format("// Generated from protocol/definitions/{}; edit that instead.", api.file));
  out.line(fmt::format("#include \"protocol/messages/{}.h\"", api.stem));
  out.line("#include \"tests/protocol/sample_case.h\"");
  out.line();
  out.line("namespace orloj::protocol {");
  out.line();
  emit_message(out, api, api.request);
  emit_message(out, api, api.response);
  out.line("}  // namespace orloj::protocol");
  return out.str();
}

std::string emit_sample_table(const std::vector<Api>& apis) {
  Text out;
  out.line("// Generated from protocol/definitions; edit those instead.");
  out.line("#include \"tests/protocol/sample_case.h\"");
  out.line();
  out.line("namespace orloj::protocol {");
  out.line();
  for (const Api& api : apis) {
    out.line(fmt::format("SampleCase {}_request_case();", api.stem));
    out.line(fmt::format("SampleCase {}_response_case();", api.stem));
  }
  out.line();
  out.open("std::vector<SampleCase> all_sample_cases() {");
  out.open("return {");
  for (const Api& api : apis) {
    out.line(fmt::format("{}_request_case(),", api.stem));
    out.line(fmt::format("{}_response_case(),", api.stem));
  }
  out.close("};");
  out.close("}");
  out.line();
  out.line("}  // namespace orloj::protocol");
  return out.str();
}

std::string emit_fuzz(const Api& api) {
  Text out;
  out.line(fmt::format("// Generated from protocol/definitions/{}; edit that instead.", api.file));
  out.line(fmt::format("#include \"protocol/messages/{}.h\"", api.stem));
  out.line("#include \"tests/protocol/fuzz_message.h\"");
  out.line();
  out.open("extern \"C\" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {");
  out.line(fmt::format(
      "return orloj::protocol::fuzz_message<orloj::protocol::{}Request>(data, size);", api.name));
  out.close("}");
  return out.str();
}

}  // namespace orloj::protocol::generator
