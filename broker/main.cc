// The orloj program: reads what the user typed, and runs a broker or answers a question about
// settings.
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "broker/command_line.h"
#include "broker/serve.h"
#include "broker/settings.h"
#include "broker/version.h"

namespace {

using orloj::broker::Command;
using orloj::broker::CommandLine;

int report_faults(const orloj::config::Loaded& loaded) {
  std::cerr << "the configuration cannot be used:\n" << to_text(loaded.faults);
  return 1;
}

int run(const CommandLine& line, char** environment) {
  if (line.command == Command::kVersion) {
    std::cout << "orloj " << orloj::broker::kVersion << "\n";
    return 0;
  }
  if (line.command == Command::kConfigMarkdown) {
    std::cout << orloj::config::settings_markdown();
    return 0;
  }
  orloj::config::Loaded loaded = orloj::broker::read_settings(line, environment);
  if (!loaded.faults.empty()) return report_faults(loaded);
  if (line.command == Command::kConfigPrint) std::cout << print(loaded);
  if (line.command == Command::kServe) return orloj::broker::serve(loaded);
  return 0;
}

}  // namespace

int main(int argc, char** argv, char** environment) {
  const auto parsed = orloj::broker::parse_command_line(argc, argv);
  if (const auto* end = std::get_if<orloj::broker::CommandLineEnd>(&parsed)) return end->exit_code;
  return run(std::get<CommandLine>(parsed), environment);
}
