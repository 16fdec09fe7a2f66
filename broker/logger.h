// The operator's log: one line an event, on standard error. Rooms below the broker have no logger;
// they report.
#pragma once

#include <string>

namespace orloj::broker {

// "debug", "info", "warning" or "error", as config has judged. Lines below it are dropped.
void set_log_level(const std::string& name);

// Any thread.
void log_info(const std::string& line);
void log_warning(const std::string& line);
void log_error(const std::string& line);

}  // namespace orloj::broker
