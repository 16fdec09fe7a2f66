// orloj_protocol_generator KIND OUTPUT_DIR DEFINITION...: definitions in, C++ out. Run by the
// build. KIND is messages, samples or fuzz (one definition each), table or sample_table (all of
// them).
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "protocol/generator/emit.h"
#include "protocol/generator/parse.h"

namespace {

namespace fs = std::filesystem;
using namespace orloj::protocol::generator;

Api load(const fs::path& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return parse(in, path.filename().string());
}

void save(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

void write(const std::string& kind, const fs::path& output, const std::vector<Api>& apis) {
  const Api& api = apis.front();
  if (kind == "messages") {
    save(output / (api.stem + ".h"), emit_header(api));
    save(output / (api.stem + ".cc"), emit_source(api));
  } else if (kind == "samples") {
    save(output / (api.stem + "_samples.cc"), emit_samples(api));
  } else if (kind == "fuzz") {
    save(output / (api.stem + "_fuzz.cc"), emit_fuzz(api));
  } else if (kind == "table") {
    save(output / "api_table.cc", emit_table(apis));
  } else if (kind == "sample_table") {
    save(output / "sample_table.cc", emit_sample_table(apis));
  } else {
    throw std::runtime_error("unknown kind " + kind);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3) {
    std::cerr << "usage: orloj_protocol_generator KIND OUTPUT_DIR DEFINITION...\n";
    return 2;
  }
  try {
    std::vector<Api> apis;
    for (std::size_t i = 2; i < arguments.size(); ++i) apis.push_back(load(arguments[i]));
    std::ranges::sort(apis, {}, &Api::key);
    const auto twice = std::ranges::adjacent_find(apis, {}, &Api::key);
    if (twice != apis.end()) throw std::runtime_error(twice->file + ": its API key is used twice");
    write(arguments[0], arguments[1], apis);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
