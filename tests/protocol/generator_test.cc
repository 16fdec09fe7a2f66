// What the generator reads, and what it refuses.
#include <gtest/gtest.h>

#include <sstream>

#include "protocol/generator/emit.h"
#include "protocol/generator/parse.h"

namespace orloj::protocol::generator {
namespace {

constexpr const char* kHead =
    "# About the API.\n"
    "\n"
    "api 3 Sample\n"
    "versions 1-4\n"
    "flexible from 3\n"
    "\n";

Api parse_text(const std::string& text) {
  std::istringstream in(text);
  return parse(in, "03_sample.api");
}

Api parse_request(const std::string& fields) {
  return parse_text(kHead + ("request\n" + fields));
}

std::string refusal(const std::string& fields) {
  try {
    parse_request(fields);
  } catch (const DefinitionError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Definition, Head_IsUnderstood) {
  const Api api = parse_text(kHead);
  EXPECT_EQ(api.key, 3);
  EXPECT_EQ(api.name, "Sample");
  EXPECT_EQ(api.stem, "sample");
  EXPECT_EQ(api.versions.first, 1);
  EXPECT_EQ(api.versions.last, 4);
  EXPECT_EQ(api.advertised_from, 1);
  EXPECT_FALSE(api.is_flexible(2));
  EXPECT_TRUE(api.is_flexible(3));
  EXPECT_EQ(api.comment, std::vector<std::string>{"About the API."});
}

TEST(Definition, Field_HasVersionsNullabilityAndTag) {
  const Api api = parse_request(
      "  # One.\n"
      "  first: []string, versions 2+, nullable 3+\n"
      "  # Two.\n"
      "  second: int32, versions 3+, tag 0, default -1\n");
  const Field& first = api.request.fields.at(0);
  EXPECT_TRUE(first.is_array);
  EXPECT_EQ(first.versions.first, 2);
  EXPECT_EQ(first.versions.last, 4);
  EXPECT_EQ(first.nullable->first, 3);
  const Field& second = api.request.fields.at(1);
  EXPECT_EQ(second.tag, 0);
  EXPECT_EQ(second.default_text, "-1");
}

TEST(Definition, NestedFields_LiveWithinTheirStruct) {
  const Api api = parse_request(
      "  # Outer.\n"
      "  items: []Item, versions 2-3\n"
      "    # Inner.\n"
      "    number: int64\n"
      "  # After.\n"
      "  flag: bool\n");
  ASSERT_EQ(api.request.fields.size(), 2U);
  const Field& item = api.request.fields[0];
  ASSERT_EQ(item.fields.size(), 1U);
  EXPECT_EQ(item.fields[0].versions.first, 2);
  EXPECT_EQ(item.fields[0].versions.last, 3);
}

TEST(Definition, MinSize_FollowsTheVersion) {
  const Api api = parse_request(
      "  # A.\n  a: string\n"
      "  # B.\n  b: int64, versions 2+\n"
      "  # C.\n  c: int32, versions 3+, tag 0\n");
  EXPECT_EQ(min_size(api, api.request.fields, 1), 2);
  EXPECT_EQ(min_size(api, api.request.fields, 2), 2 + 8);
  EXPECT_EQ(min_size(api, api.request.fields, 3), 1 + 8 + 1);
}

TEST(Definition, Faults_NameFileAndLine) {
  EXPECT_EQ(refusal("  a: int8\n"), "03_sample.api:8: a has no comment");
  EXPECT_EQ(refusal("  # A.\n  a: int9\n"), "03_sample.api:9: unknown type int9");
  EXPECT_EQ(refusal("  # A.\n   a: int8\n"), "03_sample.api:9: indent by two spaces a level");
  EXPECT_EQ(refusal("  # A.\n  a: int8, nullable\n"),
            "03_sample.api:9: this type is never nullable");
  EXPECT_EQ(refusal("  # A.\n  a: int8, versions 9+\n"), "03_sample.api:9: a is in no version");
  EXPECT_EQ(refusal("  # A.\n  a: int8, tag 0\n"),
            "03_sample.api:9: a tagged field needs flexible versions");
  EXPECT_EQ(refusal("  # A.\n  a: int8\n  # A.\n  a: int8\n"),
            "03_sample.api:11: two fields named a");
  EXPECT_EQ(refusal("  # A.\n  a: []Item\n"), "03_sample.api:9: Item has no fields");
  EXPECT_EQ(refusal("  # A.\n  a: int8\n    # B.\n    b: int8\n"),
            "03_sample.api:11: only a struct has fields of its own");
  EXPECT_EQ(refusal("  # A.\n  a: int8, sometimes\n"),
            "03_sample.api:9: not understood: sometimes");
}

TEST(Definition, WithoutVersions_IsRefused) {
  EXPECT_THROW(parse_text("api 3 Sample\nrequest\n"), DefinitionError);
}

TEST(Emission, Conditions_LeaveOutWhatIsAlwaysTrue) {
  EXPECT_EQ(condition({0, INT_MAX}, {1, 4}), "");
  EXPECT_EQ(condition({2, INT_MAX}, {1, 4}), "version >= 2");
  EXPECT_EQ(condition({0, 2}, {1, 4}), "version <= 2");
  EXPECT_EQ(condition({2, 3}, {1, 4}), "version >= 2 && version <= 3");
  EXPECT_EQ(condition({2, 2}, {1, 4}), "version == 2");
}

TEST(Emission, RequestsHoldViews_ResponsesOwnTheirValues) {
  const std::string fields = "  # A.\n  a: string\n  # B.\n  b: bytes\n  # C.\n  c: records\n";
  const Api api = parse_text(kHead + ("request\n" + fields + "\nresponse\n" + fields));
  const std::string header = emit_header(api);
  const std::size_t response = header.find("struct SampleResponse");
  ASSERT_NE(response, std::string::npos);
  EXPECT_LT(header.find("std::string_view a{};"), response);
  EXPECT_LT(header.find("std::optional<BytesView> c{};"), response);
  EXPECT_GT(header.find("std::string a{};"), response);
  EXPECT_GT(header.find("Bytes b{};"), response);
  EXPECT_GT(header.find("RecordsField c{};"), response);
}

}  // namespace
}  // namespace orloj::protocol::generator
