// What the verbs of the load generator measure with: clocks, processor time of the broker,
// quantiles. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace orloj::bench {

// What a verb found out: names with their unit last, in the order of printing.
using Figures = std::vector<std::pair<std::string, double>>;

std::int64_t steady_ns();
std::int64_t wall_us();

// utime and stime of a process so far, all its threads, ended ones included. Steps of one tick of
// the kernel (10 ms). Throws std::runtime_error when there is no such process.
double cpu_seconds_of(pid_t process);

// Times of single requests or records. Exact: every one is kept.
class Latencies {
 public:
  void add(std::int64_t nanoseconds) { nanoseconds_.push_back(nanoseconds); }
  std::size_t count() const { return nanoseconds_.size(); }
  // Appends <prefix>_p50_us, _p99_us, _p999_us and _max_us; nothing when empty.
  void report(const std::string& prefix, Figures& figures);

 private:
  double quantile_us(double share) const;  // sorted before

  std::vector<std::int64_t> nanoseconds_;
};

// The measured part of a run. A broker process of 0 is nobody: then there are no figures about it.
class Window {
 public:
  explicit Window(pid_t broker) : broker_(broker) {}

  void open();
  void close();
  bool is_open() const { return opened_ns_ != 0 && closed_ns_ == 0; }
  bool is_closed() const { return closed_ns_ != 0; }
  // Since it was opened; 0 before.
  double seconds() const;

  struct Work {
    double requests = 0;
    double bytes = 0;
  };
  // Appends the rates, and the broker's processor time in all, per GB (10^9 bytes) and per request.
  void report(const Work& work, Figures& figures) const;

 private:
  pid_t broker_;
  std::int64_t opened_ns_ = 0;
  std::int64_t closed_ns_ = 0;
  double broker_cpu_ = 0;
  double own_cpu_ = 0;
};

}  // namespace orloj::bench
