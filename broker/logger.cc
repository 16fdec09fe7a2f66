#include "broker/logger.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace orloj::broker {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("orloj",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *instance;
}

}  // namespace

void set_log_level(const std::string& name) {
  logger().set_level(spdlog::level::from_str(name));
}

void log_info(const std::string& line) {
  logger().info(line);
}

void log_warning(const std::string& line) {
  logger().warn(line);
}

void log_error(const std::string& line) {
  logger().error(line);
}

}  // namespace orloj::broker
