#include "broker/serve.h"

#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "broker/admin/admin_server.h"
#include "broker/broker.h"
#include "broker/logger.h"
#include "broker/settings.h"
#include "broker/version.h"
#include "log/env/posix_env.h"

namespace orloj::broker {
namespace {

constexpr int kExitStartFailed = 1;
constexpr int kExitFatal = 3;

enum class Phase { kStarting, kReady, kStopping };

// Before any thread is made, so that all of them inherit it: the signals are taken by sigwait
// below.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

// Every segment and connection is a file: take what the system allows.
void raise_open_files_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

log::ArmedCrash armed_crash() {
  const char* variable = std::getenv(std::string(kCrashPointVariable).c_str());
  log::ArmedCrash armed;
  if (variable == nullptr) return armed;
  armed.crash_point = variable;
  const std::size_t colon = armed.crash_point.find(':');
  if (colon == std::string::npos) return armed;
  const std::string nth = armed.crash_point.substr(colon + 1);
  std::from_chars(nth.data(), nth.data() + nth.size(), armed.nth);
  armed.crash_point.resize(colon);
  return armed;
}

[[noreturn]] void end_at_once(const std::string& message) {
  log_error("stopped at once, nothing more was acknowledged: " + message +
            "; check the disk, then start again: the journal holds what was acknowledged");
  std::_Exit(kExitFatal);
}

// What the admin server shows while the broker comes and goes.
class Door {
 public:
  std::optional<std::string> open(const std::string& address) {
    if (address.empty()) return std::nullopt;
    server_.add_route("/livez", [] { return AdminResponse{200, kText, "ok\n"}; });
    server_.add_route("/readyz", [this] { return readiness(); });
    server_.add_route("/healthz", [this] { return health(); });
    server_.add_route("/metrics", [this] { return metrics(); });
    server_.add_action("/v1/schedules/resume-after-clock-step", [this] { return resume(); });
    auto fault = server_.start(address);
    if (!fault) log_info("health and metrics at http://" + server_.address());
    return fault;
  }

  void ready(const Broker& broker) {
    broker_ = &broker;
    phase_ = Phase::kReady;
  }
  // The broker is about to go: from here on it is not asked any more.
  void stopping() {
    const std::lock_guard lock(asking_);
    phase_ = Phase::kStopping;
  }

 private:
  static constexpr const char* kText = "text/plain; charset=utf-8";

  AdminResponse health() const {
    switch (phase_.load()) {
      case Phase::kStarting:
        return {503, kText, "starting: recovering the data directory\n"};
      case Phase::kReady:
        return {200, kText, "ok\n"};
      case Phase::kStopping:
        return {503, kText, "stopping: finishing what is in flight\n"};
    }
    return {500, kText, "unknown phase\n"};
  }

  AdminResponse readiness() const {
    const std::lock_guard lock(asking_);
    if (phase_.load() != Phase::kReady) return health();
    const std::string reason = broker_.load()->unready_reason();
    return reason.empty() ? health() : AdminResponse{503, kText, reason + "\n"};
  }

  AdminResponse metrics() const {
    const std::lock_guard lock(asking_);
    if (phase_.load() != Phase::kReady) return health();
    return {200, "text/plain; version=0.0.4; charset=utf-8", broker_.load()->metrics()};
  }

  AdminResponse resume() const {
    if (phase_.load() != Phase::kReady) return health();
    if (!broker_.load()->resume_after_clock_step()) {
      return {200, kText, "firing was not paused\n"};
    }
    log_info("an operator let firing go on after a clock step");
    return {200, kText, "firing goes on\n"};
  }

  std::atomic<Phase> phase_{Phase::kStarting};
  std::atomic<const Broker*> broker_{nullptr};
  mutable std::mutex asking_;  // held while the broker is asked
  AdminServer server_;
};

int stop_broker(Broker& broker) {
  const Status stopped = broker.stop();
  if (!stopped) end_at_once(stopped.error().message);
  log_info("stopped");
  return 0;
}

}  // namespace

int serve(config::Loaded& loaded) {
  const config::Config& config = loaded.config;
  const sigset_t signals = block_stop_signals();
  raise_open_files_limit();
  set_log_level(config.broker.log_level);
  log_info("orloj " + std::string(kVersion) + " starts in " + config.log.data_dir);
  const log::PosixEnv machine(armed_crash());
  Door door;
  if (const auto fault = door.open(config.broker.admin_address)) {
    log_error(*fault);
    return kExitStartFailed;
  }
  auto broker = Broker::start(machine.env(),
                              BrokerConfig{config.broker, config.log, config.scheduler,
                                           config.coordinator, shown_settings(loaded)},
                              end_at_once);
  if (!broker) {
    log_error("the start failed: " + broker.error().message);
    return kExitStartFailed;
  }
  door.ready(**broker);
  for (const std::string& address : (*broker)->advertised())
    log_info("ready: clients connect to " + address);
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  log_info("stopping after " + std::string(signal_number == SIGTERM ? "SIGTERM" : "SIGINT"));
  door.stopping();
  return stop_broker(**broker);
}

}  // namespace orloj::broker
