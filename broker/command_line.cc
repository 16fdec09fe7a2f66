#include "broker/command_line.h"

#include <CLI/CLI.hpp>

namespace orloj::broker {
namespace {

void add_config_options(CLI::App& command, CommandLine& line) {
  command.add_option("--config", line.config_file, "YAML file of settings");
  command.add_option("--data-dir", line.data_dir, "where everything is stored (log.dirs)");
  command.add_option("--set", line.sets, "one setting, name=value; may be repeated")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
}

}  // namespace

std::variant<CommandLine, CommandLineEnd> parse_command_line(int argc, char** argv) {
  CommandLine line;
  CLI::App app("Orloj: a Kafka-wire-compatible broker that keeps time", "orloj");
  app.require_subcommand(1);
  CLI::App* serve = app.add_subcommand("serve", "run the broker until SIGTERM");
  add_config_options(*serve, line);
  app.add_subcommand("version", "print the version")->callback([&] {
    line.command = Command::kVersion;
  });
  CLI::App* config = app.add_subcommand("config", "judge or show settings");
  config->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, Command command) {
    CLI::App* sub = config->add_subcommand(name, help);
    add_config_options(*sub, line);
    sub->callback([&line, command] { line.command = command; });
  };
  add("check", "report every fault and exit 1, or exit 0", Command::kConfigCheck);
  add("print", "print every value and where it came from", Command::kConfigPrint);
  add("markdown", "print the table of settings as docs/settings.md shows it",
      Command::kConfigMarkdown);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& end) {
    return CommandLineEnd{app.exit(end)};
  }
  return line;
}

}  // namespace orloj::broker
