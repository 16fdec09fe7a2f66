// From the command line and the environment to one judged configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/broker_setting.h"
#include "broker/command_line.h"
#include "config/load.h"

namespace orloj::broker {

// "name[:n]" of a place in log/crash_point.h: the process kills itself when it gets there for the
// nth time. For tests of recovery only; it is no setting.
inline constexpr std::string_view kCrashPointVariable = "ORLOJ_CRASH_POINT";

// Reads file, environment and flags, fills in what follows from others (directories below
// log.dirs), and asks each room whether it can work with its part. `environment` is main's third
// argument.
config::Loaded read_settings(const CommandLine& line, char** environment);

// Every setting with its value, for DescribeConfigs.
std::vector<BrokerSetting> shown_settings(config::Loaded& loaded);

}  // namespace orloj::broker
