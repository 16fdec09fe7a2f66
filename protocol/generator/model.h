// What a definition file says, checked.
#pragma once

#include <climits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace orloj::protocol::generator {

// A fault of a definition file; the message starts with "file:line: ".
class DefinitionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct VersionRange {
  int first = 0;
  int last = INT_MAX;  // INT_MAX: open
  bool contains(int version) const { return version >= first && version <= last; }
  bool covers(const VersionRange& other) const {
    return first <= other.first && last >= other.last;
  }
  bool empty() const { return first > last; }
};

VersionRange intersect(const VersionRange& a, const VersionRange& b);

enum class Type {
  kBool,
  kInt8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kInt64,
  kFloat64,
  kUuid,
  kError,
  kString,
  kBytes,
  kRecords,
  kStruct,
};

struct Field {
  std::vector<std::string> comment;
  std::string name;
  Type type = Type::kStruct;
  bool is_array = false;
  std::string struct_name;  // kStruct only
  VersionRange versions;    // as written, later cut to the range of what encloses it
  std::optional<VersionRange> nullable;
  std::optional<std::string> default_text;
  std::optional<int> tag;
  std::vector<Field> fields;  // kStruct only
  std::string where;          // "file:line"
};

struct Message {
  bool is_request = true;
  std::vector<std::string> comment;
  std::vector<Field> fields;
};

struct Api {
  std::vector<std::string> comment;
  std::string file;  // name of the definition without folder
  std::string stem;  // "list_offsets" for 02_list_offsets.api
  int key = -1;
  std::string name;  // "ListOffsets"
  VersionRange versions;
  int advertised_from = -1;
  std::optional<int> flexible_from;
  Message request;
  Message response;

  bool is_flexible(int version) const { return flexible_from && version >= *flexible_from; }
};

// Cuts every range to its enclosing one, fills in what was left out, and refuses what cannot be
// encoded.
void check(Api& api);

// The least number of bytes that the fields take in one version.
int min_size(const Api& api, const std::vector<Field>& fields, int version);

// The definitions of structs below `fields`, inner ones first.
std::vector<const Field*> structs_of(const std::vector<Field>& fields);

}  // namespace orloj::protocol::generator
