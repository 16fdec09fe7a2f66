#include "bench/load/measuring.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace orloj::bench {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr double kBytesPerGb = 1e9;
constexpr double kBytesPerMb = 1e6;
constexpr double kUsPerSecond = 1e6;

std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / kUsPerSecond;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

std::int64_t steady_ns() {
  return clock_ns(CLOCK_MONOTONIC);
}

std::int64_t wall_us() {
  return clock_ns(CLOCK_REALTIME) / 1000;
}

double cpu_seconds_of(pid_t process) {
  // proc(5): the name in parentheses may hold anything; utime and stime are fields 14 and 15.
  constexpr int kFieldsBeforeUtime = 11;
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(file, text);
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    throw std::runtime_error("no process " + std::to_string(process) + " to measure");
  }
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < kFieldsBeforeUtime + 1; ++i) fields >> skipped;
  double utime = 0;
  double stime = 0;
  fields >> utime >> stime;
  return (utime + stime) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double Latencies::quantile_us(double share) const {
  const auto rank =
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(nanoseconds_.size())));
  return static_cast<double>(nanoseconds_[std::max<std::size_t>(rank, 1) - 1]) / 1000;
}

void Latencies::report(const std::string& prefix, Figures& figures) {
  if (nanoseconds_.empty()) return;
  std::sort(nanoseconds_.begin(), nanoseconds_.end());
  figures.emplace_back(prefix + "_p50_us", quantile_us(0.5));
  figures.emplace_back(prefix + "_p99_us", quantile_us(0.99));
  figures.emplace_back(prefix + "_p999_us", quantile_us(0.999));
  figures.emplace_back(prefix + "_max_us", quantile_us(1));
}

void Window::open() {
  if (broker_ != 0) broker_cpu_ = cpu_seconds_of(broker_);
  own_cpu_ = own_cpu_seconds();
  opened_ns_ = steady_ns();
}

void Window::close() {
  closed_ns_ = steady_ns();
  own_cpu_ = own_cpu_seconds() - own_cpu_;
  if (broker_ != 0) broker_cpu_ = cpu_seconds_of(broker_) - broker_cpu_;
}

double Window::seconds() const {
  if (opened_ns_ == 0) return 0;
  const std::int64_t end = closed_ns_ != 0 ? closed_ns_ : steady_ns();
  return static_cast<double>(end - opened_ns_) / static_cast<double>(kNsPerSecond);
}

void Window::report(const Work& work, Figures& figures) const {
  figures.emplace_back("seconds", seconds());
  figures.emplace_back("requests", work.requests);
  figures.emplace_back("bytes", work.bytes);
  figures.emplace_back("requests_per_second", work.requests / seconds());
  figures.emplace_back("mb_per_second", work.bytes / kBytesPerMb / seconds());
  figures.emplace_back("generator_cpu_seconds", own_cpu_);
  if (broker_ == 0) return;
  figures.emplace_back("broker_cpu_seconds", broker_cpu_);
  if (work.bytes > 0) {
    figures.emplace_back("broker_cpu_seconds_per_gb", broker_cpu_ * kBytesPerGb / work.bytes);
  }
  if (work.requests > 0) {
    figures.emplace_back("broker_cpu_us_per_request", broker_cpu_ * kUsPerSecond / work.requests);
  }
}

}  // namespace orloj::bench
