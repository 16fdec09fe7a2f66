// What the user typed. Parsing only; nothing is opened or started here.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace orloj::broker {

enum class Command { kServe, kVersion, kConfigCheck, kConfigPrint, kConfigMarkdown };

struct CommandLine {
  Command command = Command::kServe;
  std::string config_file;        // --config; empty: none
  std::string data_dir;           // --data-dir; empty: log.dirs must say
  std::vector<std::string> sets;  // --set name=value
};

// Help was asked for or the arguments are wrong; it is printed already.
struct CommandLineEnd {
  int exit_code = 0;
};

std::variant<CommandLine, CommandLineEnd> parse_command_line(int argc, char** argv);

}  // namespace orloj::broker
