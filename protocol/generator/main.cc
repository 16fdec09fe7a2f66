// orloj_protocol_generator: definitions in, C++ out. Run by the build.
//
//   orloj_protocol_generator api DEFINITION OUTPUT_DIR     the files of one API
//   orloj_protocol_generator tables OUTPUT_DIR DEFINITION… the files that list all APIs
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

void write_api(const fs::path& definition, const fs::path& output) {
  const Api api = load(definition);
  save(output / "messages" / (api.stem + ".h"), emit_header(api));
  save(output / "messages" / (api.stem + ".cc"), emit_source(api));
  save(output / "samples" / (api.stem + ".cc"), emit_samples(api));
  save(output / "fuzz" / (api.stem + "_fuzz.cc"), emit_fuzz(api));
}

void write_tables(const fs::path& output, const std::vector<fs::path>& definitions) {
  std::vector<Api> apis;
  for (const fs::path& definition : definitions) apis.push_back(load(definition));
  std::ranges::sort(apis, {}, &Api::key);
  const auto twice = std::ranges::adjacent_find(apis, {}, &Api::key);
  if (twice != apis.end()) throw std::runtime_error(twice->file + ": its API key is used twice");
  save(output / "api_table.cc", emit_table(apis));
  save(output / "samples" / "table.cc", emit_sample_table(apis));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() == 3 && arguments[0] == "api") {
      write_api(arguments[1], arguments[2]);
    } else if (arguments.size() >= 3 && arguments[0] == "tables") {
      write_tables(arguments[1], {arguments.begin() + 2, arguments.end()});
    } else {
      std::cerr << "usage: orloj_protocol_generator api DEFINITION OUTPUT_DIR\n"
                   "       orloj_protocol_generator tables OUTPUT_DIR DEFINITION...\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
