// Everything that is measured, in Prometheus' text format. Rooms count for themselves; this reads
// them at scrape time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "broker/stats.h"
#include "coordinator/catalog.h"
#include "coordinator/group_coordinator.h"
#include "log/log_store.h"
#include "scheduler/scheduler.h"

namespace orloj::broker {

// What a scrape reads; all outlive the Metrics that holds it.
struct MetricsSources {
  const BrokerStats* broker = nullptr;
  const log::LogStore* logs = nullptr;
  const coordinator::Catalog* catalog = nullptr;
  const coordinator::GroupCoordinator* groups = nullptr;
  const scheduler::Scheduler* scheduler = nullptr;
  // The name of an API key that is served; empty for others.
  std::function<std::string(std::int16_t api_key)> api_name;
  std::string version;
  double start_time_seconds = 0;
};

// Topics beyond this many are summed under the label value "(other)": label sets stay bounded.
inline constexpr std::size_t kTopicLabelsMax = 1'000;

class Metrics {
 public:
  explicit Metrics(MetricsSources sources);

  // The page of /metrics, text format 0.0.4. Any thread.
  std::string render() const;

 private:
  MetricsSources sources_;
};

}  // namespace orloj::broker
