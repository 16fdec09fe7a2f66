// docs/compatibility.md says what is spoken and which topic configs act: it must say what the
// tables say.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "coordinator/topic_config.h"
#include "protocol/api_table.h"

namespace orloj::broker {
namespace {

std::string document() {
  std::ifstream file(ORLOJ_SOURCE_DIR "/docs/compatibility.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string row_of(const protocol::ApiRow& api) {
  return "| " + std::to_string(static_cast<int>(api.key)) + " | " + std::string(api.name) + " | " +
         std::to_string(api.min_version) + "–" + std::to_string(api.max_version) + " |";
}

std::string row_of(const coordinator::TopicConfigKey& key) {
  const bool acts = key.effect == coordinator::ConfigEffect::kActs;
  return "| `" + std::string(key.name) + "` | `" + std::string(key.default_value) + "` | " +
         (acts ? "acts" : "stored only") + " | " + std::string(key.documentation) + " |";
}

TEST(CompatibilityDocument, ListsEveryTopicConfigWithItsEffect) {
  const std::string text = document();
  for (const auto& key : coordinator::topic_config_keys()) {
    EXPECT_NE(text.find(row_of(key)), std::string::npos) << "missing or stale:\n" << row_of(key);
  }
}

TEST(CompatibilityDocument, ListsTheVersionsOfEveryApi) {
  const std::string text = document();
  for (const auto& api : protocol::api_table()) {
    EXPECT_NE(text.find("\n" + row_of(api)), std::string::npos)
        << "missing or stale: " << row_of(api);
  }
}

}  // namespace
}  // namespace orloj::broker
