#include "protocol/generator/model.h"

#include <algorithm>
#include <set>

namespace orloj::protocol::generator {

namespace {

class Checker {
 public:
  explicit Checker(Api& api) : api_(api) {}

  void run() {
    if (api_.key < 0 || api_.name.empty()) fail(api_.file, "no line 'api KEY NAME'");
    if (api_.versions.empty() || api_.versions.last == INT_MAX) {
      fail(api_.file, "no line 'versions MIN-MAX'");
    }
    if (api_.advertised_from < 0) api_.advertised_from = api_.versions.first;
    run(api_.request);
    run(api_.response);
  }

 private:
  [[noreturn]] static void fail(const std::string& where, const std::string& what) {
    throw DefinitionError(where + ": " + what);
  }

  void run(Message& message) {
    struct_names_.clear();
    run(message.fields, api_.versions);
  }

  void run(std::vector<Field>& fields, const VersionRange& enclosing) {
    std::set<std::string> names;
    std::set<int> tags;
    for (Field& field : fields) {
      if (!names.insert(field.name).second) fail(field.where, "two fields named " + field.name);
      if (field.comment.empty()) fail(field.where, field.name + " has no comment");
      if (field.tag && !tags.insert(*field.tag).second) fail(field.where, "tag used twice");
      run(field, enclosing);
    }
  }

  void run(Field& field, const VersionRange& enclosing) {
    field.versions = intersect(field.versions, enclosing);
    if (field.versions.empty()) fail(field.where, field.name + " is in no version");
    if (field.nullable) {
      field.nullable = intersect(*field.nullable, field.versions);
      if (field.nullable->empty()) fail(field.where, field.name + " is never nullable");
    }
    if (field.tag && !api_.is_flexible(field.versions.first)) {
      fail(field.where, "a tagged field needs flexible versions");
    }
    check_type(field);
    if (field.type != Type::kStruct) return;
    if (!struct_names_.insert(field.struct_name).second) {
      fail(field.where, "two structs named " + field.struct_name);
    }
    if (field.fields.empty()) fail(field.where, field.struct_name + " has no fields");
    run(field.fields, field.versions);
  }

  static void check_type(const Field& field) {
    const bool has_length = field.is_array || field.type == Type::kString ||
                            field.type == Type::kBytes || field.type == Type::kRecords ||
                            field.type == Type::kStruct;
    if (field.nullable && !has_length) fail(field.where, "this type is never nullable");
    if (field.nullable && field.tag && field.type == Type::kStruct && !field.is_array) {
      fail(field.where, "a tagged struct is left out rather than null");
    }
    if (field.nullable && field.type == Type::kStruct && !field.is_array &&
        !structs_of(field.fields).empty()) {
      fail(field.where, "a nullable struct holds no structs of its own");
    }
    if (field.is_array && (field.type == Type::kBool || field.type == Type::kRecords)) {
      fail(field.where, "arrays of this type are not supported");
    }
    if (field.type == Type::kRecords && !field.nullable) {
      fail(field.where, "records are nullable in every version");
    }
    if (field.default_text && has_length) fail(field.where, "this type has no default");
  }

  Api& api_;
  std::set<std::string> struct_names_;
};

int min_size(const Api& api, const Field& field, int version) {
  const bool flexible = api.is_flexible(version);
  if (field.is_array) return flexible ? 1 : 4;
  switch (field.type) {
    case Type::kBool:
    case Type::kInt8:
      return 1;
    case Type::kInt16:
    case Type::kUint16:
    case Type::kError:
      return 2;
    case Type::kInt32:
    case Type::kUint32:
      return 4;
    case Type::kInt64:
    case Type::kFloat64:
      return 8;
    case Type::kUuid:
      return 16;
    case Type::kString:
      return flexible ? 1 : 2;
    case Type::kBytes:
    case Type::kRecords:
      return flexible ? 1 : 4;
    case Type::kStruct:
      return field.nullable ? 1 : min_size(api, field.fields, version);
  }
  return 0;
}

}  // namespace

VersionRange intersect(const VersionRange& a, const VersionRange& b) {
  return {std::max(a.first, b.first), std::min(a.last, b.last)};
}

void check(Api& api) {
  Checker(api).run();
}

int min_size(const Api& api, const std::vector<Field>& fields, int version) {
  int total = api.is_flexible(version) ? 1 : 0;
  for (const Field& field : fields) {
    if (!field.tag && field.versions.contains(version)) total += min_size(api, field, version);
  }
  return total;
}

std::vector<const Field*> structs_of(const std::vector<Field>& fields) {
  std::vector<const Field*> structs;
  for (const Field& field : fields) {
    if (field.type != Type::kStruct) continue;
    const auto inner = structs_of(field.fields);
    structs.insert(structs.end(), inner.begin(), inner.end());
    structs.push_back(&field);
  }
  return structs;
}

}  // namespace orloj::protocol::generator
