// Kafka's own message classes read our bytes, and we read theirs: every API, version and side, with
// headers. Needs a JDK and Kafka's jars (tests/support/fetch_kafka_jars.sh).
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <sstream>

#include "protocol/api_table.h"
#include "protocol/header.h"
#include "tests/protocol/sample_case.h"

namespace orloj::protocol {
namespace {

namespace fs = std::filesystem;

constexpr int kRounds = 20;

struct Frame {
  std::int16_t key = 0;
  std::int8_t side = 0;
  std::int16_t version = 0;
  Bytes bytes;  // header and body
  bool operator==(const Frame&) const = default;
};

const SampleCase& case_of(const Frame& frame) {
  static const std::vector<SampleCase> cases = all_sample_cases();
  return *std::ranges::find_if(cases, [&](const SampleCase& each) {
    return static_cast<std::int16_t>(each.key) == frame.key &&
           static_cast<std::int8_t>(each.side) == frame.side;
  });
}

std::string describe(const Frame& frame) {
  return std::string(case_of(frame).name) + " version " + std::to_string(frame.version);
}

void append(Bytes& to, BytesView from) {
  to.insert(to.end(), from.begin(), from.end());
}

Bytes header_bytes(const Frame& frame, SampleSource& source) {
  Writer writer(Encoding::kClassic);
  std::int32_t correlation_id = 0;
  source.fill(correlation_id);
  if (case_of(frame).side == Side::kRequest) {
    RequestHeader header{frame.key, frame.version, correlation_id, {}};
    source.fill(header.client_id, true);
    write_request_header(writer, header);
  } else {
    write_response_header(writer, case_of(frame).key, frame.version, correlation_id);
  }
  return writer.finish().value().bytes;
}

// Decodes header and body and encodes both again.
Result<Bytes> recode(const Frame& frame) {
  Writer writer(Encoding::kClassic);
  BytesView body;
  if (case_of(frame).side == Side::kRequest) {
    const auto request = split_request(frame.bytes);
    if (!request) return request.error();
    write_request_header(writer, request->header);
    body = request->body;
  } else {
    const auto response = split_response(frame.bytes, case_of(frame).key, frame.version);
    if (!response) return response.error();
    write_response_header(writer, case_of(frame).key, frame.version, response->correlation_id);
    body = response->body;
  }
  Bytes whole = writer.finish().value().bytes;
  const Result<Bytes> again = case_of(frame).recode(body, frame.version);
  if (!again) return again.error();
  append(whole, *again);
  return whole;
}

std::vector<Frame> random_frames(std::uint64_t seed) {
  SampleSource source(seed);
  std::vector<Frame> frames;
  for (const SampleCase& each : all_sample_cases()) {
    for (std::int16_t version = each.min_version; version <= each.max_version; ++version) {
      for (int round = 0; round < kRounds; ++round) {
        Frame frame{
            static_cast<std::int16_t>(each.key), static_cast<std::int8_t>(each.side), version, {}};
        frame.bytes = header_bytes(frame, source);
        append(frame.bytes, each.sample(version, source));
        frames.push_back(std::move(frame));
      }
    }
  }
  return frames;
}

void save(const fs::path& path, const std::vector<Frame>& frames) {
  Writer writer(Encoding::kClassic);
  for (const Frame& frame : frames) {
    writer.write(frame.key);
    writer.write(frame.side);
    writer.write(frame.version);
    writer.write(frame.bytes);
  }
  const Bytes bytes = writer.finish().value().bytes;
  std::ofstream out(path, std::ios::binary);
  out << BytesView(bytes).text();
}

std::vector<Frame> load(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  const std::string content = text.str();
  Reader reader(BytesView(std::string_view(content)), Encoding::kClassic);
  std::vector<Frame> frames;
  while (reader.remaining() > 0) {
    Frame& frame = frames.emplace_back();
    BytesView bytes;
    reader.read(frame.key);
    reader.read(frame.side);
    reader.read(frame.version);
    reader.read(bytes);
    frame.bytes.assign(bytes.begin(), bytes.end());
  }
  return frames;
}

class OracleTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    libs_ = fs::path(ORLOJ_SOURCE_DIR) / ".cache/kafka/libs";
    ASSERT_TRUE(fs::exists(libs_)) << "tests/support/fetch_kafka_jars.sh brings " << libs_;
    folder_ =
        fs::temp_directory_path() / ("orloj-oracle-" + std::to_string(std::random_device{}()));
    fs::create_directories(folder_);
    seed_ = std::random_device{}();
    ours_ = random_frames(seed_);
    save(folder_ / "ours", ours_);
    const std::string in = folder_.string() + "/";
    const std::string command = "java -cp '" + libs_.string() +
                                "/*' '" ORLOJ_SOURCE_DIR "/tests/protocol/oracle/Oracle.java' " +
                                std::to_string(seed_) + " " + in + "ours " + in + "echo " + in +
                                "theirs " + in + "versions";
    ASSERT_EQ(std::system(command.c_str()), 0) << "seed " << seed_;
  }
  static void TearDownTestSuite() {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  static inline fs::path libs_;
  static inline fs::path folder_;
  static inline std::uint64_t seed_ = 0;
  static inline std::vector<Frame> ours_;
};

TEST_F(OracleTest, OurFrames_KafkaEncodesToTheSameBytes) {
  const std::vector<Frame> echo = load(folder_ / "echo");
  ASSERT_EQ(echo.size(), ours_.size());
  for (std::size_t i = 0; i < echo.size(); ++i) {
    EXPECT_TRUE(echo[i] == ours_[i]) << describe(ours_[i]) << ", seed " << seed_;
  }
}

TEST_F(OracleTest, KafkasFrames_WeEncodeToTheSameBytes) {
  const std::vector<Frame> theirs = load(folder_ / "theirs");
  ASSERT_EQ(theirs.size(), ours_.size());
  for (const Frame& frame : theirs) {
    const Result<Bytes> again = recode(frame);
    ASSERT_TRUE(again) << describe(frame) << ": " << again.error().message << ", seed " << seed_;
    EXPECT_TRUE(*again == frame.bytes) << describe(frame) << ", seed " << seed_;
  }
}

TEST_F(OracleTest, VersionsOfEveryApi_AreKafkas) {
  struct Versions {
    std::int16_t oldest = -1;
    std::int16_t newest = -1;
  };
  std::stringstream text;
  text << std::ifstream(folder_ / "versions", std::ios::binary).rdbuf();
  const std::string content = text.str();
  Reader reader(BytesView(std::string_view(content)), Encoding::kClassic);
  std::map<std::int16_t, Versions> kafka;
  while (reader.remaining() > 0) {
    std::int16_t key = 0;
    reader.read(key);
    reader.read(kafka[key].oldest);
    reader.read(kafka[key].newest);
  }
  for (const ApiRow& api : api_table()) {
    const Versions& theirs = kafka[static_cast<std::int16_t>(api.key)];
    EXPECT_EQ(api.min_version, theirs.oldest) << api.name;
    EXPECT_EQ(api.max_version, theirs.newest) << api.name;
  }
}

}  // namespace
}  // namespace orloj::protocol
